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
    from services.runtime.fold import Value
    from services.runtime.settings import Settings

__all__ = [
    "explanations",
    "read_cases",
    "read_live_cases",
    "read_live_states",
    "read_states",
    "register",
    "rule_explanations",
]


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
        rule: Annotated[
            str | None, typer.Option(help="Why this rule does or does not fire for the household: its id, or all.")
        ] = None,
        feed: Annotated[
            Path | None, typer.Option(help="With --rule: a feed or log as for `replay`. Not given: the cluster.")
        ] = None,
        as_of: Annotated[str | None, typer.Option(help="With --rule: at which instant. Not given: the latest.")] = None,
    ) -> None:
        """Say in plain words why a flag is there, why not the others, and what was asked of whom."""
        import asyncio

        from services.policy import load_rules
        from services.runtime.settings import Settings

        settings = Settings()
        folder = policy or settings.policy_dir
        if rule is not None:
            if source is not None:
                raise Problem("--from holds no facts; with --rule give --feed, what `kithline replay` reads")
            states, instant = read_states(feed, folder) if feed else asyncio.run(read_live_states(settings))
            _write(rule_explanations(wanted, rule, states, folder, _at(as_of) or instant, lang.value), lang.value)
            return
        if feed is not None or as_of is not None:
            raise Problem("--feed and --as-of go with --rule")
        cases = asyncio.run(read_live_cases(settings)) if source is None else read_cases(source)
        found = cases.find(wanted)
        rules = {rule.id: rule for rule in load_rules(folder)}
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


def rule_explanations(
    wanted: str, name: str, states: "Mapping[str, Value]", policy: Path, as_of: str, lang: "Lang"
) -> "list[Explanation]":
    """Why a rule (or each, for `all`) does or does not fire for the households that an id concerns. Raises Problem."""
    from services.explanation.why_not import explain_rule, households_of
    from services.policy import load_rules, load_sources

    rules = {rule.id: rule for rule in load_rules(policy)}
    if name != "all" and name not in rules:
        raise Problem(f"no rule is called {name}; there are {', '.join(rules)}")
    households = households_of(wanted, states)
    if not households:
        raise Problem(f"no household is known that {wanted} concerns; give the id of a household, person or flag")
    sources = load_sources(policy)
    chosen = [rule for rule in rules.values() if name in ("all", rule.id)]
    return [
        explain_rule(rule, household, states[household], sources, as_of, lang)
        for household in households
        for rule in chosen
    ]


def read_states(feed: Path, policy: Path) -> "tuple[dict[str, Value], str]":
    """What the correlator holds after a feed, by household, and the instant as of which it looks. Raises Problem."""
    from contracts.instants import EPOCH
    from services.line import Line, line_processors
    from services.shards import read_shard, split

    cut = split(feed)
    line = Line(line_processors(policy), EPOCH if cut.ticks else cut.last_receipt)
    for lines in cut.shards:
        for record in read_shard(feed, lines, None):
            for _ in line.take(record):
                pass
    (task,) = [task for task in line.tasks if task.processor.name == "correlator"]
    return dict(task.store.items()), max(task.as_of, cut.last_receipt)


async def read_live_states(settings: "Settings") -> "tuple[dict[str, Value], str]":
    """The same of the cluster: the correlator's changelog, and the latest tick."""
    import orjson

    from contracts.instants import EPOCH
    from services.runtime.fold import TICKS
    from services.runtime.reading import read_topics
    from services.runtime.states import last_values

    states = last_values(await read_topics(settings, ["changelog.correlator"])).get("correlator", {})
    ticks = [orjson.loads(record.value)["as_of"] for record in await read_topics(settings, [TICKS])]
    return states, max(ticks, default=EPOCH)


def _at(instant: str | None) -> str | None:
    from contracts.instants import canonical

    try:
        return canonical(instant) if instant else None
    except ValueError as fault:
        raise Problem(f"--as-of: {fault}") from None


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
