"""What was measured, for machines (JSON) and for people (a table)."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import orjson
from rich.table import Table

__all__ = ["OURS", "WANTED", "Ratio", "Report", "Row", "Skipped", "Wanted", "median", "ratio_table", "ratios", "table"]

OURS = "kithline"
"""The name that every ratio is of."""


@dataclass(frozen=True, slots=True)
class Row:
    """One contender at one job. CPU seconds are of its whole process (every thread), broker and bystanders excluded."""

    name: str
    job: str
    guarantee: str
    events_per_s: int
    cpu_s_per_million: float
    records: int
    """Of the race: the clock stopped when so many were committed. Fewer for one that is too slow for all."""
    warm_up: int
    """…and began when so many were."""
    counted: int
    """Records between the two commits at which the clock began and stopped."""
    seconds: float
    outputs: int
    changelog_records: int | None
    """How often a state was written; None where nobody looked."""
    correct: bool
    """Whether outputs (each once) and state are those of the fold run in memory."""
    memory_mb: int
    """Resident, at the end."""
    load: float
    """The machine's load average of the last minute, just before."""
    others_cores: float
    """Cores that other programs kept busy during the measured part: near 0 on a quiet machine."""
    runs: tuple[int, ...] = ()
    """Events a second of every repeat; the row is of the median one."""


@dataclass(frozen=True, slots=True)
class Skipped:
    """Who was not measured, and why. `failed`: it began, and did not come to an end."""

    name: str
    job: str
    reason: str
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Wanted:
    """A ratio of events per second that this project promises itself: ours at one job to a peer's at one."""

    job: str
    peer: str
    at_least: float
    peers_job: str | None = None
    """None: the same job."""


WANTED = (
    Wanted("count", "floor", 0.9),
    Wanted("count", "kafka-streams-exactly-once-memory", 1.6),
    Wanted("count", "quix-exactly-once", 5),
    Wanted("count", "faust", 35),
    Wanted("correlator", "quix-exactly-once", 1, peers_job="count"),
    Wanted("correlator", "quix-at-least-once", 1, peers_job="count"),
)


@dataclass(frozen=True, slots=True)
class Ratio:
    """How many times as much we do; `holds` None where nothing was wanted."""

    value: float
    wanted: float | None = None
    holds: bool | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """Everything of one run. Rows are in the order of measurement; `latency` and `state` are of the packages of that
    name."""

    machine: str
    kafka: dict[str, Any]
    python: str
    versions: dict[str, str]
    partitions: int
    jobs: dict[str, str]
    rows: tuple[Row, ...]
    skipped: tuple[Skipped, ...] = ()
    latency: Sequence[Mapping[str, Any]] = field(default_factory=list)
    state: Sequence[Mapping[str, Any]] = field(default_factory=list)

    def json(self) -> bytes:
        """As the file has it."""
        whole = {**asdict(self), "ratios": {name: asdict(ratio) for name, ratio in ratios(self.rows).items()}}
        return orjson.dumps(whole, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def median(repeats: Sequence[Row]) -> Row:
    """The row of the middle repeat by events per second (of an even number the lower one); correct if all were."""
    rows = sorted(repeats, key=lambda row: row.events_per_s)
    looked = [row.changelog_records for row in repeats if row.changelog_records is not None]
    return replace(
        rows[(len(rows) - 1) // 2],
        correct=all(row.correct for row in rows),
        changelog_records=looked[-1] if looked else None,
        runs=tuple(row.events_per_s for row in repeats),
    )


def ratios(rows: Sequence[Row]) -> dict[str, Ratio]:
    """Those wanted first, then how many times as much we do as each peer at each job: in a second, and for a second of
    CPU."""
    found = {(row.job, row.name): row for row in rows}
    told: dict[str, Ratio] = {}
    for want in WANTED:
        ours, peer = found.get((want.job, OURS)), found.get((want.peers_job or want.job, want.peer))
        if ours is not None and peer is not None:
            value = _times(ours.events_per_s, peer.events_per_s)
            other = f"{peer.name} at {peer.job}" if peer.job != ours.job else peer.name
            told[f"{ours.job}: {OURS} / {other}, events_per_s"] = Ratio(value, want.at_least, value >= want.at_least)
    for (job, name), peer in found.items():
        ours = found.get((job, OURS))
        if ours is not None and name != OURS:
            pair = f"{job}: {OURS} / {name}"
            told.setdefault(f"{pair}, events_per_s", Ratio(_times(ours.events_per_s, peer.events_per_s)))
            told[f"{pair}, per CPU second"] = Ratio(_times(peer.cpu_s_per_million, ours.cpu_s_per_million))
    return told


def _times(much: float, little: float) -> float:
    return round(much / little, 2) if little else 0.0


def table(rows: Sequence[Row]) -> Table:
    """The rows for a terminal."""
    shown = Table(title="Events a second, one worker process")
    shown.add_column("job")
    shown.add_column("name")
    shown.add_column("guarantee")
    for heading in ("events/s", "CPU s per million", "records", "repeats", "MB", "others' cores"):
        shown.add_column(heading, justify="right")
    shown.add_column("outputs")
    for row in rows:
        shown.add_row(
            row.job,
            row.name,
            row.guarantee,
            f"{row.events_per_s:,}",
            f"{row.cpu_s_per_million:,.1f}",
            f"{row.records:,}",
            str(len(row.runs) or 1),
            f"{row.memory_mb:,}",
            f"{row.others_cores:.2f}",
            "equal" if row.correct else "WRONG",
        )
    return shown


def ratio_table(rows: Sequence[Row]) -> Table:
    """The ratios for a terminal."""
    shown = Table(title="How many times as much Kithline does")
    shown.add_column("ratio")
    for heading in ("value", "wanted", ""):
        shown.add_column(heading, justify="right")
    for name, ratio in ratios(rows).items():
        holds = {True: "holds", False: "DOES NOT HOLD", None: ""}[ratio.holds]
        wanted = f"≥ {ratio.wanted:g}" if ratio.wanted is not None else ""
        shown.add_row(name, f"{ratio.value:g}", wanted, holds)
    return shown
