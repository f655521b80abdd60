"""One household's case at the referral desk in the course of one turn: its flags and tasks, read and written. Pure.

State per household: the flags as last seen, every task, releases by officers, what has been answered, what people
have found; what officers have `decided` that holds, their `decisions` by id, those `waiting` for a revision that has
not come yet, and since when flags have `resumed` that were snoozed.

The desk tells the correlator through `household.facts` what people have found and decided, so that a flag closes only
by a person, and has one writer.
"""

from typing import Protocol

from contracts.facts import Fact
from contracts.flags import Ask
from contracts.ids import task_id
from contracts.tasks import Task
from services.directory import Directory, is_queue
from services.referral.clocks import next_due
from services.referral.closing import BY_A_PERSON
from services.referral.forgetting import forget
from services.referral.matters import MATTERS
from services.referral.policy import Clocks
from services.referral.units import days_to_wait
from services.runtime.fold import Turn, Value

__all__ = ["Case", "Policy", "unseen"]

EMPTY: Value = {
    "flags": {},
    "tasks": {},
    "released": {},
    "answered": {},
    "found": {},
    "told": 0,
    "due": None,
    "decided": {},
    "decisions": {},
    "waiting": {},
    "resumed": {},
}


def unseen(raw: Value) -> bool:
    """Whether no unit has had a task yet, and no officer has decided about it."""
    return bool(raw["business_status"] == "queued" and raw.get("officer") is None)


class Policy(Protocol):
    """What the department decides about referrals."""

    directory: Directory
    clocks: Clocks


class Case:
    """Flags and tasks of one household. What changes is published at once, and written by `settle`."""

    def __init__(self, policy: Policy, household: str, turn: Turn) -> None:
        state = {**EMPTY, **(turn.get(household) or {})}
        self.policy, self.household, self.turn = policy, household, turn
        self.state: Value = {name: dict(part) if isinstance(part, dict) else part for name, part in state.items()}
        self._tell = False
        self._read: dict[str, Task] = {}

    def tasks_of(self, flag_id: str) -> list[Value]:
        """Every task of a flag, as it stands, with those that it inherited. What nobody had seen is not inherited: it
        is asked under the new name, whichever came first, the need or its name. What an officer is asked about a task
        goes where that goes."""
        return [
            raw
            for raw in self.state["tasks"].values()
            if raw["flag_id"] == flag_id or (self.inherits(raw) and self.heir(raw["flag_id"]) == flag_id)
        ]

    def inherits(self, raw: Value) -> bool:
        """Whether the heir of a task's flag has it: somebody has answered it, or has seen it, or what it is about."""
        if raw["status"] in BY_A_PERSON:
            return True
        while raw["purpose"] in MATTERS and raw["part_of"] in self.state["tasks"]:
            raw = self.state["tasks"][raw["part_of"]]
        return not unseen(raw)

    def answered(self, flag_id: str) -> bool:
        """Whether people have given all answers to a flag: it is about to be closed."""
        found = self.state["found"].get(flag_id)
        return found is not None and (found["value"] or {}).get("closed") is not None

    def heir(self, flag_id: str) -> str:
        """The flag under which the need is told now: itself, unless it was superseded by one that has come in."""
        flags, seen = self.state["flags"], {flag_id}
        while (flag := flags[flag_id])["status"] == "superseded":
            further = flag["superseded_by"]
            if further not in flags or further in seen:
                break
            seen.add(flag_id := further)
        return flag_id

    def told_at(self, raw: Value) -> str:
        """Up to when the correlator had looked when it last told of a task's flag."""
        as_of: str = self.state["flags"][self.heir(raw["flag_id"])]["as_of"]
        return as_of

    def released(self, flag_id: str) -> Value | None:
        """An officer's release of a flag, or of one that it supersedes; the first."""
        names = [name for name in self.state["released"] if name in self.state["flags"] and self.heir(name) == flag_id]
        return min((self.state["released"][name] for name in names), key=lambda one: one["at"], default=None)

    def task(self, raw: Value) -> Task:
        """A task of the state, read once."""
        name = raw["task_id"]
        if name not in self._read:
            self._read[name] = Task.model_validate(raw)
        return self._read[name]

    def chain(self, flag_id: str, ask: Ask) -> list[Task]:
        """The attempts at one thing asked, the first first (a duty officer's among them)."""
        mine = [
            self.task(raw)
            for raw in self.tasks_of(flag_id)
            if (raw["purpose"], raw["asked_of"]) == (ask.purpose, ask.unit)
        ]
        return sorted(mine, key=lambda task: (task.attempt, task.requested_at, task.task_id))

    def next_attempt(self, flag_id: str, ask: Ask) -> int:
        """The number of a further attempt. (One that this flag has given to another keeps its id.)"""
        attempt = 1 + len(self.chain(flag_id, ask))
        while task_id(flag_id, ask.purpose, ask.unit, attempt) in self.state["tasks"]:
            attempt += 1
        return attempt

    def waits(self, unit: str) -> int | None:
        """After how many days a unit takes on somebody new, by what it last declared; None: not at all."""
        return days_to_wait(self.turn, unit)

    def publish(self, task: Task | None) -> None:
        """A task's next revision, to whoever reads its kind; nothing for None."""
        if task is None:
            return
        raw = task.model_dump(mode="json", by_alias=True)
        known = self.state["tasks"].get(task.task_id)
        if is_queue(task.unit) and (known is None or known["unit"] != task.unit):
            self.turn.uncover(task.unit.removeprefix("queue-"))
        self.state["tasks"][task.task_id] = raw
        self._read[task.task_id] = task
        headers = (
            ("ce_specversion", b"1.0"),
            ("ce_id", f"{task.task_id}:{task.revision}".encode()),
            ("ce_source", b"kithline/referral"),
            ("ce_type", b"referral.task"),
            ("ce_subject", task.for_.encode()),
        )
        self.turn.emit(f"referral.tasks.{task.unit_kind}", self.household, raw, headers)

    def found(self, flag_id: str, fact: Fact) -> None:
        """Keeps what people have found about a flag; the correlator is told."""
        self.state["found"][flag_id] = fact
        self._tell = True

    def decide(self, slot: str, fact: Fact | None) -> None:
        """Keeps what an officer has decided, or no longer keeps it; the correlator is told."""
        if fact is None:
            self.state["decided"].pop(slot, None)
        else:
            self.state["decided"][slot] = fact
        self._tell = True

    def settle(self) -> None:
        """Writes the state, and when its first clock runs out; tells the correlator what people have found if that is
        news."""
        if forget(self.state) or self._tell:
            self.state["told"] += 1
            facts = [part[name] for part in (self.state["found"], self.state["decided"]) for name in sorted(part)]
            projection = {
                "household_id": self.household,
                "origin": "referral",
                "revision": self.state["told"],
                "facts": facts,
            }
            self.turn.emit("household.facts", self.household, projection)
        if not self.turn.duplicate:
            self.state["due"] = next_due(self.state["tasks"].values(), self.policy.clocks, self.told_at)
            self.turn.put(self.household, self.state)
