"""The demo's books: what the topics hold, held against a replay of what was recorded. Pure.

Nothing here comes from a service's own counters: inputs, flags, tasks, answers and dead letters are re-read from the
topics with `read_committed`, and duplicates from the replay.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from contracts.events import FEEDS
from contracts.flags import OPEN
from contracts.tasks import TERMINAL
from services.replay import Outcome
from services.runtime.fold import Record

__all__ = ["Books", "Difference", "balance", "summary"]

Final = dict[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing in which the topics and the replay differ."""

    kind: str
    id: str
    what: str


@dataclass
class Books:
    """What the topics hold at the end."""

    inputs: dict[str, int] = field(default_factory=lambda: dict.fromkeys(FEEDS, 0))
    flags: Final = field(default_factory=dict)
    tasks: Final = field(default_factory=dict)
    dead_letters: int = 0
    repeated: list[Difference] = field(default_factory=list)
    _revisions: dict[tuple[str, str], set[int]] = field(default_factory=dict)

    def enter(self, record: Record) -> None:
        """One record of a topic, in its partition's order."""
        if record.topic in FEEDS:
            self.inputs[record.topic] += 1
        elif record.topic == "risk.flags":
            self._revision("flag", self.flags, orjson.loads(record.value), "flag_id")
        elif record.topic.startswith("referral.tasks."):
            self._revision("task", self.tasks, orjson.loads(record.value), "task_id")
        elif record.topic == "dead.letters":
            letter = orjson.loads(record.value)
            if letter["topic"] in FEEDS:
                self.dead_letters += 1

    def _revision(self, kind: str, final: Final, value: dict[str, Any], key: str) -> None:
        name, revision = value[key], value["revision"]
        seen = self._revisions.setdefault((kind, name), set())
        if revision in seen:
            self.repeated.append(Difference(kind, name, f"revision {revision} was published twice"))
        seen.add(revision)
        if name not in final or final[name]["revision"] <= revision:
            final[name] = value

    def holes(self) -> list[Difference]:
        """Revisions that should be there and are not."""
        found = []
        for (kind, name), seen in sorted(self._revisions.items()):
            if missing := sorted(set(range(1, max(seen) + 1)) - seen):
                found.append(Difference(kind, name, f"revisions {missing} are missing"))
        return found


_REVISIONS = {"revision", "since"}


def balance(books: Books, replayed: Outcome) -> tuple[list[Difference], list[Difference]]:
    """(missing, repeated): what the topics lack or hold differently, and what they hold once too often."""
    missing, repeated = books.holes(), list(books.repeated)
    for kind, ours, theirs in (("flag", books.flags, replayed.flags), ("task", books.tasks, replayed.tasks)):
        for name in sorted(theirs.keys() - ours.keys()):
            missing.append(Difference(kind, name, "is in the replay and not on the topics"))
        for name in sorted(ours.keys() - theirs.keys()):
            repeated.append(Difference(kind, name, "is on the topics and not in the replay"))
        for name in sorted(ours.keys() & theirs.keys()):
            # where inputs of two topics interleaved differently, only revision numbers may differ
            fields = sorted(f for f in ours[name].keys() - _REVISIONS if ours[name][f] != theirs[name].get(f))
            if fields:
                missing.append(Difference(kind, name, f"differs from the replay in {', '.join(fields)}"))
    if books.dead_letters != replayed.dead_letters:
        difference = f"{books.dead_letters} on the topic, {replayed.dead_letters} in the replay"
        (missing if books.dead_letters < replayed.dead_letters else repeated).append(
            Difference("dead letter", "feeds", difference)
        )
    return missing, repeated


def summary(books: Books, replayed: Outcome, latencies: Sequence[float]) -> dict[str, Any]:
    """The figures of the demo's JSON that come from the topics (see `kithline demo --json`)."""
    missing, repeated = balance(books, replayed)
    total = sum(books.inputs.values())
    carers = [flag for flag in books.flags.values() if flag["typology"] == "carer-admitted"]
    tasks = list(books.tasks.values())
    visits = {task["task_id"]: task for task in tasks if task["asked_of"] == "care_team"}
    return {
        "inputs": books.inputs,
        "applied": total - replayed.duplicates - books.dead_letters,
        "duplicates": replayed.duplicates,
        "dead_letters": books.dead_letters,
        "flags": {
            "raised": len(books.flags),
            "open": sum(flag["status"] in OPEN for flag in books.flags.values()),
        },
        "tasks": {
            "requested": len(tasks),
            "completed": sum(task["status"] == "completed" for task in tasks),
            "open": sum(task["status"] not in TERMINAL for task in tasks),
        },
        "notices": len({flag["episode"] for flag in carers}),
        "urgent": len({t["flag_id"] for t in tasks if "no_arrangement" in t["findings"]}),
        "visited": len({t["household_id"] for t in visits.values() if t["status"] == "completed"}),
        "referred": len({t["household_id"] for t in tasks if t["part_of"] in visits}),
        "missing": len(missing),
        "repeated": len(repeated),
        "latency_ms": {"p50": _quantile(latencies, 0.5), "p99": _quantile(latencies, 0.99)},
    }


def _quantile(values: Sequence[float], share: float) -> float | None:
    if not values:
        return None
    ordered = sorted(values)
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 1)
