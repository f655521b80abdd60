"""What was measured, for machines (JSON) and for people (a table)."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import orjson
from rich.table import Table

__all__ = ["OURS", "Report", "Row", "ratios", "table"]

OURS = "kithline"
"""The name that every ratio is of."""


@dataclass(frozen=True, slots=True)
class Row:
    """One contender at one job. CPU seconds are of its process alone, broker and bystanders excluded."""

    name: str
    job: str
    guarantee: str
    events_per_s: int
    cpu_s_per_million: float
    records: int
    counted: int
    """Records of the measured part, after the warm-up."""
    seconds: float
    outputs: int
    correct: bool
    """Whether its outputs are those of the fold run in memory, each once."""
    memory_mb: int
    """Resident, at the end."""
    load: float
    """The machine's load average of the last minute, just before."""
    others_cores: float
    """Cores that other programs kept busy during the measured part: near 0 on a quiet machine."""


@dataclass(frozen=True, slots=True)
class Report:
    """Everything of one run."""

    machine: str
    kafka: dict[str, Any]
    python: str
    versions: dict[str, str]
    partitions: int
    jobs: dict[str, str]
    rows: tuple[Row, ...]
    """In the order of measurement."""

    def json(self) -> bytes:
        """As the file has it."""
        whole = {**asdict(self), "ratios": ratios(self.rows)}
        return orjson.dumps(whole, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def ratios(rows: Sequence[Row]) -> dict[str, float]:
    """How many times as much we do, of each job and peer: in a second, and for a second of CPU."""
    found: dict[str, float] = {}
    for ours in rows:
        for peer in rows:
            if ours.name == OURS and peer.name != OURS and ours.job == peer.job:
                pair = f"{ours.job}: {ours.name} / {peer.name}"
                found[f"{pair}, events_per_s"] = round(ours.events_per_s / max(peer.events_per_s, 1), 2)
                found[f"{pair}, per CPU second"] = round(peer.cpu_s_per_million / max(ours.cpu_s_per_million, 0.1), 2)
    return found


def table(rows: Sequence[Row]) -> Table:
    """The rows for a terminal."""
    shown = Table(title="Events a second, one worker process")
    shown.add_column("job")
    shown.add_column("name")
    shown.add_column("guarantee")
    for heading in ("events/s", "CPU s per million", "records", "MB", "others' cores"):
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
            f"{row.memory_mb:,}",
            f"{row.others_cores:.2f}",
            "equal" if row.correct else "WRONG",
        )
    return shown
