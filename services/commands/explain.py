"""`kithline explain`: why a flag is there, and why not the others, for a person to read."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services.runtime.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from services.correlator.rules import Rule
    from services.explanation.cases import Case, Cases
    from services.explanation.document import Explanation
    from services.explanation.terms import Lang
    from services.runtime.settings import Settings

__all__ = ["explanations", "read_cases", "read_live_cases", "register"]


class Language(StrEnum):
    en = "en"
    zh_hant = "zh-Hant"


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @app.command()
    def explain(
        wanted: Annotated[
            str, typer.Argument(metavar="ID", help="Of a flag, task, person or household; 6 characters may do.")
        ],
        source: Annotated[
            Path | None, typer.Option("--from", help="What `kithline replay` wrote. Not given: the topics, live.")
        ] = None,
        lang: Annotated[Language, typer.Option(help="English or Traditional Chinese.")] = Language.en,
        policy: Annotated[Path | None, typer.Option(help="Policy folder (default: the repository's).")] = None,
    ) -> None:
        """Say in plain words why a flag is there, why not the others, and what was asked of whom."""
        import asyncio

        from services.policy import load_rules
        from services.runtime.settings import Settings

        settings = Settings()
        cases = asyncio.run(read_live_cases(settings)) if source is None else read_cases(source)
        found = cases.find(wanted)
        rules = {rule.id: rule for rule in load_rules(policy or settings.policy_dir)}
        _write([one for case in found for one in explanations(case, rules, lang.value)], lang.value)


def explanations(case: "Case", rules: "Mapping[str, Rule]", lang: "Lang") -> "list[Explanation]":
    """What there is to say of a case: of the task that was asked about, and of the flag behind it."""
    from contracts.flags import Flag
    from contracts.tasks import Task
    from services.explanation.flag import explain_flag
    from services.explanation.task import explain_task

    said = [] if case.task is None else [explain_task(Task.model_validate(case.task), lang)]
    if case.flag is not None:
        tasks = [Task.model_validate(task) for task in case.tasks]
        history = [Flag.model_validate(flag) for flag in case.history]
        said.append(explain_flag(Flag.model_validate(case.flag), tasks, rules, lang, history))
    return said


def read_cases(path: Path) -> "Cases":
    """The flags and tasks of a file that `kithline replay` wrote. Raises Problem naming file and line."""
    import orjson

    from services.explanation.cases import Cases

    cases = Cases(str(path))
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                try:
                    known = cases.add_line(orjson.loads(line))
                except (ValueError, KeyError, AttributeError, TypeError):
                    known = False
                if not known:
                    raise Problem(
                        f"{path}:{number}: neither a flag nor a task; give --from a file that `kithline replay` wrote"
                    )
    except OSError as fault:
        raise Problem(f"cannot read {path}: {fault.strerror}") from fault
    return cases


async def read_live_cases(settings: "Settings") -> "Cases":
    """All flags and tasks on the cluster. Raises Problem."""
    import orjson

    from contracts.tasks import UNIT_KINDS
    from services.explanation.cases import Cases
    from services.runtime.reading import stream_topics

    cases = Cases(f"the topics on {settings.kafka}")
    topics = ("risk.flags", *(f"referral.tasks.{kind}" for kind in UNIT_KINDS))
    async for record in stream_topics(settings, topics):
        if record.topic == "risk.flags":
            cases.add_flag(orjson.loads(record.value))
        else:
            cases.add_task(orjson.loads(record.value))
    return cases


def _write(said: "list[Explanation]", lang: "Lang") -> None:
    from services.explanation.writing import lines, plain

    if not sys.stdout.isatty():
        typer.echo("\n".join(plain(one, lang) for one in said), nl=False)
        return
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    for one in said:
        for line in lines(one, lang):
            console.print(Text.assemble(*line), soft_wrap=True)
        console.print()
