"""`python -m benchmarks.evaluation --json FILE`: what it costs to look at one household with all rules.

A simulated month is folded by the correlator in memory; then every household is looked at again, as it stands at the
end. Each is looked at several times in several rounds, and the quickest counts: other programs only ever make one
slower. Rows are over households, since few of them are costly.
"""

import gc
import platform
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from statistics import median, quantiles
from typing import Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.table import Table

from benchmarks.command import run_command
from benchmarks.corpus import AS_OF, household_facts
from benchmarks.machine import busy_now, machine_in_words
from services.correlator.compiled import Ruleset
from services.correlator.evaluate import Sight, at_rest, evaluate
from services.correlator.household import make_correlate
from services.correlator.kinds import EVERYTHING
from services.correlator.view import Household, Precedence
from services.policy import load_rules, load_sources
from services.runtime.errors import Problem
from services.runtime.fold import Record, Turn, Value
from services.runtime.folding import MemoryStore
from services.runtime.settings import Settings

__all__ = ["WANTED_US", "Row", "measure"]

WANTED_US = 50
"""At the median, for one household and all rules."""


@dataclass(frozen=True, slots=True)
class Row:
    """Microseconds of one look, over `count` households (or records)."""

    name: str
    count: int
    median_us: float
    p90_us: float
    p99_us: float


def measure(
    records: Sequence[Record], ruleset: Ruleset, precedence: Precedence, store: MemoryStore, repeats: int
) -> list[Row]:
    """Folds the records into `store`. A row for each way in which a household is looked at:

    - *all rules, as they are asked*: as the correlator does, at rest first, and in full where something fires;
    - *all rules, in full*: every rule that may have an episode there, every clause with what it saw;
    - *all rules, at rest*: only whether any of them fires, of households where none does;
    - *a record*: a projection as it came in the month, with reading, merging, rules, explanation and the new flag;
    - *a record of a known origin*: the same where something of what was known has changed."""
    correlate, _ = make_correlate(ruleset, precedence)
    every, known = [], []
    for record in records:
        said = orjson.loads(record.value)
        state = store.get(said["household_id"])
        # a fold changes nothing until its turn takes effect, so it may be run several times
        spent = _quickest(partial(_fold, correlate, record, store), repeats)
        store.update(_fold(correlate, record, store).writes)
        every.append(spent)
        if state is not None and said["origin"] in state["origins"]:
            known.append(spent)
    households = [(household, _told(state)) for household, state in store.items()]
    resting = [one for one in households if _at_rest(ruleset, precedence, *one)]
    asked, full, rest = _in_turns(
        [partial(look, ruleset, precedence) for look in (_as_asked, _in_full, _at_rest)],
        [households, households, resting],
        repeats,
    )
    return [
        _row("all rules, as they are asked", asked),
        _row("all rules, in full", full),
        _row("all rules, at rest", rest),
        _row("a record", every),
        _row("a record of a known origin", known),
    ]


def _fold(correlate: Callable[[Record, Turn], None], record: Record, store: MemoryStore) -> Turn:
    turn = Turn(AS_OF, store, record)
    correlate(record, turn)
    return turn


def _told(state: Value) -> Value:
    return {origin: facts for origin in sorted(state["origins"]) if (facts := state["origins"][origin]["facts"])}


def _sight(household: str, told: Value, precedence: Precedence) -> Sight:
    return Sight(Household(household, told, frozenset().union(*told.values()), precedence), AS_OF)


def _as_asked(ruleset: Ruleset, precedence: Precedence, household: str, told: Value) -> None:
    sight = _sight(household, told, precedence)
    concerned = ruleset.concerned(EVERYTHING, sight.household.kinds)
    if at_rest(concerned, sight) is None:
        evaluate(concerned, sight)


def _in_full(ruleset: Ruleset, precedence: Precedence, household: str, told: Value) -> None:
    sight = _sight(household, told, precedence)
    evaluate(ruleset.concerned(EVERYTHING, sight.household.kinds), sight)


def _at_rest(ruleset: Ruleset, precedence: Precedence, household: str, told: Value) -> bool:
    sight = _sight(household, told, precedence)
    return at_rest(ruleset.concerned(EVERYTHING, sight.household.kinds), sight) is not None


def _in_turns(
    looks: Sequence[Callable[[str, Value], object]], at: Sequence[Sequence[tuple[str, Value]]], repeats: int
) -> list[list[float]]:
    """µs of the quickest look of each way, the ways in turns: a busy neighbour comes and goes."""
    best = [[float("inf")] * len(households) for households in at]
    for _ in range(repeats):
        for way, (look, households) in enumerate(zip(looks, at, strict=True)):
            for place, one in enumerate(households):
                best[way][place] = min(best[way][place], _quickest(partial(look, *one), repeats))
    return best


def _quickest(look: Callable[[], object], repeats: int) -> float:
    """µs of the quickest of several looks."""
    best = float("inf")
    for _ in range(repeats):
        begun = time.perf_counter_ns()
        look()
        best = min(best, time.perf_counter_ns() - begun)
    return best / 1000


def _row(name: str, spent: Sequence[float]) -> Row:
    parts = quantiles(spent, n=100, method="inclusive")
    return Row(name, len(spent), round(median(spent), 1), round(parts[89], 1), round(parts[98], 1))


def _table(rows: Iterable[Row], rules: int) -> Table:
    table = Table(title=f"looking at one household, {rules} rules")
    for heading in ("what", "of", "median µs", "p90 µs", "p99 µs"):
        table.add_column(heading, justify="left" if heading == "what" else "right")
    for row in rows:
        table.add_row(row.name, f"{row.count:,}", f"{row.median_us:.1f}", f"{row.p90_us:.1f}", f"{row.p99_us:.1f}")
    return table


def main(
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the rows here.")] = None,
    households: Annotated[int, typer.Option(min=10, help="Households to simulate.")] = 1_000,
    repeats: Annotated[int, typer.Option(min=1, help="Looks at each; the quickest counts.")] = 5,
) -> None:
    """What one household's evaluation costs, as it is asked, in full and at rest, and one record of household.facts."""
    if json_file is not None and not json_file.absolute().parent.is_dir():
        raise Problem(f"{json_file.parent} is not a folder; make it, or choose another --json")
    policy = Settings().policy_dir
    ruleset = Ruleset(load_rules(policy))
    records = household_facts(households=households)
    gc.collect()
    gc.freeze()
    busy, begun = busy_now(), time.monotonic()
    rows = measure(records, ruleset, load_sources(policy), MemoryStore(), repeats)
    others = busy_now().others_since(busy, time.monotonic() - begun)
    report: dict[str, Any] = {
        "machine": machine_in_words(),
        "python": platform.python_version(),
        "rules": len(ruleset.rules),
        "households": households,
        "repeats": repeats,
        "cores_busy_with_others": round(others, 2),
        "wanted_median_us": WANTED_US,
        "holds": rows[0].median_us <= WANTED_US,
        "rows": [asdict(row) for row in rows],
    }
    if json_file is not None:
        json_file.write_bytes(orjson.dumps(report, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    console = Console(width=120)
    console.print(_table(rows, len(ruleset.rules)))
    console.print(f"{report['machine']}; Python {report['python']}", style="dim", highlight=False)


if __name__ == "__main__":
    run_command(main)
