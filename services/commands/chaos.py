"""`kithline chaos`: the whole line while its processes and brokers are killed, and a judge of what came of it."""

from pathlib import Path
from typing import Annotated

import typer

from services.runtime.errors import Problem

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("chaos")(chaos)


def chaos(
    seconds: Annotated[float, typer.Option(min=5, help="How long to feed and to kill.")] = 60,
    kill_every: Annotated[float, typer.Option(min=1, help="Seconds between two kills of a worker.")] = 5,
    workers: Annotated[int, typer.Option(min=1, max=12, help="Processes; each runs the whole line.")] = 3,
    nodes: Annotated[int, typer.Option(help="Brokers: 1, or 3 of which one at a time is killed too.")] = 1,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the figures here.")] = None,
    rate: Annotated[float, typer.Option(min=1, help="Feed records a second.")] = 25,
    seed: Annotated[int, typer.Option(help="Another seed is another story, and hits others.")] = 1,
    logs: Annotated[Path | None, typer.Option(help="Keep the workers' logs here. Not given: only on failure.")] = None,
) -> None:
    """Kill workers and brokers under load; then prove that nothing is missing, repeated or wrong.

    Exit status 0 only if so, and if half was applied before the faults ended. Ctrl-C stops all that it started.
    """
    import asyncio
    import shutil
    import signal
    import sys
    import tempfile

    import orjson
    from rich.console import Console

    from services.chaos.plan import Plan
    from services.chaos.report import tell
    from services.chaos.run import run_chaos
    from services.line import line_processors
    from services.runtime.kafka_dev import broker
    from services.runtime.settings import Settings
    from services.runtime.topic_admin import ensure_topics

    settings = Settings()
    processors = line_processors(settings.policy_dir, units=True)  # a wrong policy is said before anything is started
    plan = Plan(seconds, kill_every, workers, nodes, rate, seed, settings.session_timeout_ms / 1000)
    folder = logs or Path(tempfile.mkdtemp(prefix="kithline-chaos-"))
    console = Console(soft_wrap=True, highlight=False)
    folder.mkdir(parents=True, exist_ok=True)
    _own_log(folder / "chaos.log")
    keep = True
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    try:
        with broker(nodes=nodes) as started:
            console.print(f"Kafka {started.version or '(yours)'}, {started.nodes} broker(s), at {started.bootstrap}")
            ensure_topics(started.bootstrap)
            outcome = asyncio.run(run_chaos(plan, processors, started, folder, console.print))
        keep = not outcome.good
    except KeyboardInterrupt:
        keep = False
        console.print("stopped, and with it everything that it had started")
        raise SystemExit(130) from None
    finally:
        if keep:
            print(f"the workers' logs are in {folder}", file=sys.stderr)  # noqa: T201
        elif logs is None:
            shutil.rmtree(folder, ignore_errors=True)
    tell(outcome, console)
    if json_file is not None:
        try:
            json_file.write_bytes(orjson.dumps(outcome.figures, option=orjson.OPT_INDENT_2) + b"\n")
        except OSError as fault:
            raise Problem(f"cannot write {json_file}: {fault.strerror}") from None
    if not outcome.good:
        print(f"kithline: chaos failed: {outcome.why}", file=sys.stderr)  # noqa: T201
        raise SystemExit(1)


def _own_log(file: Path) -> None:
    """What our own Kafka clients complain of (a broker that was killed, say) goes to a file, not between the lines."""
    import logging

    handler = logging.FileHandler(file)
    handler.setFormatter(logging.Formatter("%(asctime)s %(name)s %(message)s"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
