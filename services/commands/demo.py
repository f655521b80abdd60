"""`kithline demo`: the whole line on real Kafka, on one machine, with one command."""

from pathlib import Path
from typing import Annotated

import typer

from services.runtime.errors import Problem

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("demo")(demo)


def demo(
    households: Annotated[int, typer.Option(min=10, help="Public rental households to simulate.")] = 2000,
    days: Annotated[int, typer.Option(min=1, help="Days to simulate.")] = 30,
    seed: Annotated[int, typer.Option(help="Another seed is another month.")] = 1,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the figures here.")] = None,
    record: Annotated[Path | None, typer.Option(help="Keep feeds, ticks and answers here, in log order.")] = None,
    plain: Annotated[bool, typer.Option(help="Plain lines instead of a live view.")] = False,
    nodes: Annotated[int, typer.Option(help="Brokers: 1 or 3.")] = 1,
    stay: Annotated[
        bool, typer.Option("--stay", help="Keep everything running after the month, until Ctrl-C: look at the desk.")
    ] = False,
) -> None:
    """Run a district's month through real Kafka: feeds, explained flags, referral tasks, answers, and the books.

    Exit status 0 only if the books balance. Ctrl-C stops everything that it started. Some units answer by webhook, some
    by FHIR, some at the desk; with --stay you can sign in there.
    """
    import asyncio
    import shutil
    import signal

    import orjson
    from rich.console import Console

    from services.demo.run import Result, run_demo
    from services.demo.screen import Screen
    from services.demo.story import tell
    from services.demo.town import Town
    from services.line import line_processors
    from services.runtime.kafka_dev import broker
    from services.runtime.settings import Settings
    from services.runtime.topic_admin import ensure_topics
    from services.simulator import Parameters

    processors = line_processors(Settings().policy_dir, units=True)  # a wrong policy is said before anything is started
    folder = Path("out") / "demo"
    shutil.rmtree(folder, ignore_errors=True)
    try:
        folder.mkdir(parents=True)
    except OSError as fault:
        raise Problem(f"cannot make the folder {folder.absolute()}: {fault.strerror}; run the demo elsewhere") from None
    for file in (json_file, record):
        if file is not None:
            _writable(file)  # said now, not after three minutes
    console = Console()
    parameters = Parameters(households=households, days=days, seed=seed, declarations_per_unit_month=2)
    # said anew: a shell starts what is to run in the background with Ctrl-C switched off, and SIGTERM comes as one
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))

    ended: list[Result] = []

    def end(result: Result, town: Town) -> None:
        ended.append(result)
        if record is not None:
            shutil.copyfile(folder / "record.jsonl", record)
        if json_file is not None:
            json_file.write_bytes(orjson.dumps(result.figures, option=orjson.OPT_INDENT_2) + b"\n")
        screen.stop()
        tell(result, folder, town, console, stay)

    with Screen(console, plain or not console.is_terminal) as screen:
        screen.say("Kithline 守望線: a district's month on real Apache Kafka")
        try:
            with broker(nodes=nodes) as started:
                screen.say(f"Kafka {started.version or '(yours)'} at {started.bootstrap}")
                ensure_topics(started.bootstrap)
                asyncio.run(run_demo(parameters, processors, started, folder, screen, end, stay))
        except KeyboardInterrupt:
            screen.say("stopped, and with it everything that the demo had started")
            if not ended:
                raise SystemExit(130) from None
    if not ended[0].balances:
        raise SystemExit(1)


def _writable(file: Path) -> None:
    """Raises Problem where the file cannot be written. One that is there keeps what it holds until the end."""
    try:
        new = not file.exists()
        file.open("ab").close()
        if new:
            file.unlink()
    except OSError as fault:
        raise Problem(f"cannot write {file}: {fault.strerror}") from None
