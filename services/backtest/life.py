"""What comes of a feed under one policy: flags raised, tasks asked, and the households that there are. Pure."""

from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

from services.backtest.groups import Group

__all__ = ["Asked", "Life", "Raised"]


class Raised(NamedTuple):
    """A flag that was raised, and still stood when time moved on. `level` is the highest that it had; `ended` and
    `ended_at` say why and when it ceased to stand (None: it stands); `persons` are those of whose events it speaks;
    `listed`: it waits for an officer."""

    flag_id: str
    rule: str
    shadow: bool
    subject: str
    episode: str
    household: str
    level: str
    at: str
    ended: str | None
    ended_at: str | None
    listed: bool
    persons: frozenset[str]
    group: Group


class Asked(NamedTuple):
    """A task that was asked of a unit and still stood when time moved on; the day is Hong Kong's. From the second
    `attempt` on it was asked because nobody answers here."""

    rule: str
    unit_kind: str
    unit: str
    day: str
    attempt: int


@dataclass
class Life:
    """What came of a shard under one policy. `groups`: of the persons and households that were asked for."""

    raised: list[Raised] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    fleeting: int = 0
    """Flags that were taken back in the moment in which they were raised: the same batch told more."""
    records: int = 0
    duplicates: int = 0
    dead_letters: int = 0
    population: Counter[Group] = field(default_factory=Counter)
    groups: dict[str, Group] = field(default_factory=dict)
    callers: dict[str, Group] = field(default_factory=dict)
    announcers: dict[str, Group] = field(default_factory=dict)

    def add(self, other: "Life") -> None:
        """Takes in what came of another shard."""
        self.raised += other.raised
        self.asked += other.asked
        self.fleeting += other.fleeting
        self.records += other.records
        self.duplicates += other.duplicates
        self.dead_letters += other.dead_letters
        self.population += other.population
        self.groups |= other.groups
        self.callers |= other.callers
        self.announcers |= other.announcers
