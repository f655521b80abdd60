"""One contender's start in one race."""

from dataclasses import dataclass
from pathlib import Path

__all__ = ["Entry"]


@dataclass(frozen=True, slots=True)
class Entry:
    """Which job, from which topic to which, under which name (of group, changelog, transactions); `folder` is for what
    it keeps on disk, and goes after the race."""

    job: str
    source: str
    sink: str
    name: str
    partitions: int
    folder: Path
