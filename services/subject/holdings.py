"""All that the topics hold of one person, under every id that is the same person. Pure.

State is read from the changelogs, which is what the services go on from: for each processor, the last value of each key
that names the person. Other topics are logs: what is on them is a copy, until it expires.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from contracts.deadletters import DeadLetter
from services.runtime.erasure import mark
from services.runtime.fold import Record, Value
from services.runtime.letter_box import Kept, keep
from services.runtime.letters import record_of_letter

__all__ = ["Holdings", "State", "ids_of"]

State = dict[str, Value]
"""What one processor holds, by key."""


def ids_of(person: str, people: Mapping[str, Value]) -> list[str]:
    """Every id that is the same person, the one that was asked for first; over any number of links."""
    found, waiting = [person], [person]
    while waiting:
        state = people.get(waiting.pop())
        for name, versions in sorted((state or {"facts": {}})["facts"].items()):
            if name.startswith("identity.link~") and versions[-1]["value"] is not None:
                other = versions[-1]["key"]
                if other not in found:
                    found.append(other)
                    waiting.append(other)
    return found


@dataclass
class Holdings:
    """What was found. `states`: whole values that name the person, by processor. `flags`: every revision, oldest first;
    `tasks`: last revisions; `copies`: when (ms) each record that names the person came to its topic."""

    ids: list[str]
    states: dict[str, State]
    erased_at: str | None
    flags: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    tasks: dict[str, dict[str, Any]] = field(default_factory=dict)
    decisions: list[dict[str, Any]] = field(default_factory=list)
    letters: list[Kept] = field(default_factory=list)
    sealed_letters: int = 0
    copies: dict[str, list[int]] = field(default_factory=dict)
    events: frozenset[tuple[str, str]] = frozenset()
    """(source, event) of every fact that is held of the person."""

    @classmethod
    def of(cls, person: str, states: Mapping[str, State]) -> "Holdings":
        """Those in the services' state."""
        ids = ids_of(person, states.get("people", {}))
        named = [one.encode() for one in ids]
        mine = {
            processor: {
                key: value
                for key, value in state.items()
                if any(one in key.encode() or one in orjson.dumps(value) for one in named)
            }
            for processor, state in states.items()
        }
        people = states.get("people", {})
        slots = [versions for one in ids for versions in people.get(one, {"facts": {}})["facts"].values()]
        known = people.get(mark(person))
        return cls(
            ids,
            {name: state for name, state in mine.items() if state},
            known["at"] if known else None,
            events=frozenset((fact["source"], fact["version"][2]) for versions in slots for fact in versions),
        )

    def add(self, record: Record) -> None:
        """Takes in a record of a topic that is no changelog."""
        if record.topic == "dead.letters":
            self._letter(record)
            return
        if not self._named(record):
            if record.topic == "risk.flags" and self._used_for(flag := orjson.loads(record.value)):
                self.flags.setdefault(flag["flag_id"], []).append(flag)
            return
        self.copies.setdefault(record.topic, []).append(record.timestamp)
        if record.topic == "risk.flags":
            flag = orjson.loads(record.value)
            self.flags.setdefault(flag["flag_id"], []).append(flag)
        elif record.topic.startswith("referral.tasks."):
            task = orjson.loads(record.value)
            known = self.tasks.get(task["task_id"])
            if known is None or known["revision"] < task["revision"]:
                self.tasks[task["task_id"]] = task

    def add_decision(self, record: Record) -> None:
        """Takes in what an officer or a unit said, after all flags and tasks: it names those, and no person."""
        try:
            said = orjson.loads(record.value)
        except orjson.JSONDecodeError:
            return  # referral has buried it
        if said.get("flag_id") in self.flags or said.get("task_id") in self.tasks:
            self.decisions.append({"topic": record.topic, **said})
            self.copies.setdefault(record.topic, []).append(record.timestamp)

    def _used_for(self, flag: dict[str, Any]) -> bool:
        """Whether a flag about somebody else rests on what is known of this person."""
        return any((one["source"], event) in self.events for one in flag["evidence"] for event in one["event_ids"])

    def _named(self, record: Record) -> bool:
        parts = (record.key, record.value, *(value for _, value in record.headers))
        return any(one.encode() in part for part in parts for one in self.ids)

    def _letter(self, record: Record) -> None:
        letter = DeadLetter.model_validate_json(record.value)
        if letter.sealed:
            self.sealed_letters += 1
        elif self._named(record_of_letter(letter)):
            self.letters += keep([record])
            self.copies.setdefault(record.topic, []).append(record.timestamp)
