"""What a door did with each message or row: produced, ignored, or refused. Read is always the sum of the
three."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from services.runtime.fold import Record

__all__ = ["Books", "Ignored", "Outcome", "Produced", "Refused"]


@dataclass(frozen=True, slots=True)
class Produced:
    """One message or row that gave one event or more (a merge may name several retired ids)."""

    records: tuple[Record, ...]


@dataclass(frozen=True, slots=True)
class Ignored:
    """Understood, and no business of Kithline's: `reason` is the trigger's name, or says why."""

    reason: str


@dataclass(frozen=True, slots=True)
class Refused:
    """Cannot be taken. `reason` names the segment and field, or the column; it never quotes a value."""

    reason: str


Outcome = Produced | Ignored | Refused


@dataclass(slots=True)
class Books:
    """The counts of one run, in messages and rows. `remarks`: what is odd about a file as a whole."""

    produced: int = 0
    ignored: Counter[str] = field(default_factory=Counter)
    refused: list[dict[str, Any]] = field(default_factory=list)
    remarks: list[dict[str, Any]] = field(default_factory=list)
    events: int = 0

    @property
    def read(self) -> int:
        return self.produced + self.ignored.total() + len(self.refused)

    def enter(self, path: Path, number: int, outcome: Outcome) -> tuple[Record, ...]:
        """Counts the outcome of the message or row `number` of a file, and returns what it produced."""
        match outcome:
            case Produced(records):
                self.produced += 1
                self.events += len(records)
                return records
            case Ignored(reason):
                self.ignored[reason] += 1
            case Refused(reason):
                self.refused.append({"path": str(path), "record": number, "reason": reason})
        return ()

    def remark(self, path: Path, text: str) -> None:
        """Notes something about a file that no single message can tell, such as a count that does not
        agree."""
        self.remarks.append({"path": str(path), "reason": text})

    def as_json(self) -> dict[str, Any]:
        """`produced` counts messages; `events` the records that they gave."""
        return {
            "read": self.read,
            "produced": self.produced,
            "ignored": dict(sorted(self.ignored.items())),
            "refused": self.refused,
            "events": self.events,
            "remarks": self.remarks,
        }
