"""What a scenario is: steps in the order of the log, and the flags and tasks that they must end in.

Feed records are plain `Record`s. An answer, a release by an officer and a tick are written by what they are about,
since the ids and revisions that they name are known only when the steps before have been through the line: a runner
lets the line come to rest, looks at the flags and tasks, and asks the step for its record. So the same table runs in
memory and on Kafka.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from contracts.control import OfficerDecision
from contracts.control import Tick as TickMade
from contracts.flags import OPEN, Flag
from contracts.ids import contact_id, household_of_person, household_of_tenancy
from contracts.instants import canonical
from contracts.tasks import TERMINAL, TaskUpdate
from services.referral.waves import decision_record
from services.runtime.fold import TICKS, Record
from tests.scenario import AS_OF, SOURCES, Short, expand, person

__all__ = ["Answer", "Decide", "Ends", "Later", "Release", "Scenario", "Step", "Tick", "feed", "subject", "unmet"]

Item = Mapping[str, Any]


@dataclass
class Ends:
    """Where a run ends: every flag and task in its last revision by id, every revision in the order in which it was
    published, the reasons of dead letters, and how many follow records went round between people."""

    flags: dict[str, dict[str, Any]] = field(default_factory=dict)
    tasks: dict[str, dict[str, Any]] = field(default_factory=dict)
    published: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    dead: list[str] = field(default_factory=list)
    follows: int = 0

    def task(self, who: str, purpose: str, attempt: int | None = None) -> dict[str, Any]:
        """The latest attempt at what was asked for somebody: an open one if there is one, else one that was not taken
        back (before a tenancy is known a person is a household of one)."""
        mine = [
            t
            for t in self.tasks.values()
            if t["for"] == subject(who) and t["purpose"] == purpose and attempt in (None, t["attempt"])
        ]
        assert mine, f"nobody was asked to {purpose} for {who}"
        seen = [t for t in mine if t["business_status"] != "queued"]
        return max(
            seen if all(t["status"] == "cancelled" for t in mine) and seen else mine,
            key=lambda t: (t["status"] not in TERMINAL, t["status"] != "cancelled", t["attempt"]),
        )


@dataclass(frozen=True)
class Answer:
    """A unit's answer to the task with `purpose` for `who`; of the revision it sees, unless `stale`."""

    who: str
    purpose: str
    action: str
    at: str = "2026-07-12T02:00:00.000Z"
    outcome: str | None = None
    findings: tuple[str, ...] = ()
    reason: str | None = None
    unit: str | None = None
    stale: int = 0
    again: str | None = None
    lawful_basis: str | None = None
    attempt: int | None = None
    actor: str = "unit"
    more: Mapping[str, Any] = field(default_factory=dict)

    def record(self, ends: Ends) -> Record:
        """The record on `referral.updates`. `again`: an update id, to be used for two answers; `more`: what few
        actions need."""
        task = ends.task(self.who, self.purpose, self.attempt)
        revision = task["revision"] - self.stale
        update = TaskUpdate(
            update_id=self.again or f"{task['task_id']}:{task['revision']}:{self.action}",
            task_id=task["task_id"],
            household_id=task["household_id"],
            expected_revision=revision,
            action=self.action,  # type: ignore[arg-type]
            at=self.at,
            unit=self.unit or task["unit"],
            reason=self.reason,  # type: ignore[arg-type]
            findings=list(self.findings),  # type: ignore[arg-type]
            outcome=self.outcome,  # type: ignore[arg-type]
            lawful_basis=self.lawful_basis,
            actor=self.actor,  # type: ignore[arg-type]
            **self.more,
        )
        return Record("referral.updates", task["household_id"].encode(), update.model_dump_json().encode())


@dataclass(frozen=True)
class Release:
    """An officer releases the open flag of a rule about `who`."""

    who: str
    rule: str
    at: str = "2026-07-12T02:00:00.000Z"

    def record(self, ends: Ends) -> Record:
        """The record on `officer.decisions`."""
        flag = next(
            f for f in ends.flags.values() if f["rule"] == self.rule and _about(f, self.who) and f["status"] in OPEN
        )
        return decision_record(
            OfficerDecision(
                decision_id=f"{flag['flag_id']}:release",
                household_id=flag["household_id"],
                flag_id=flag["flag_id"],
                decision="release",
                seen_revision=flag["revision"],
                wave="wave-1",
                officer="officer-1",
                at=self.at,
            )
        )


@dataclass(frozen=True)
class Decide:
    """An officer decides about the flag of a rule about `who`, of the revision that is to be seen, unless `stale` (so
    many revisions before it; negative: one that is not there yet)."""

    who: str
    rule: str
    decision: str
    at: str = "2026-07-12T02:00:00.000Z"
    until: str | None = None
    outcome: str | None = None
    scope: str = "flag"
    reason: str = "talked_to_the_family"
    episode: str | None = None
    stale: int = 0
    again: str | None = None

    def record(self, ends: Ends) -> Record:
        """The record on `officer.decisions`. `again`: a decision id, to be used for two decisions."""
        mine = [flag for flag in ends.flags.values() if flag["rule"] == self.rule and _about(flag, self.who)]
        mine = [flag for flag in mine if self.episode in (None, flag["episode"])]
        flag = max(mine, key=lambda flag: flag["status"] in OPEN)
        return decision_record(
            OfficerDecision(
                decision_id=self.again or f"{flag['flag_id']}:{self.decision}:{self.scope}:{self.at}",
                household_id=flag["household_id"],
                flag_id=flag["flag_id"],
                decision=self.decision,  # type: ignore[arg-type]
                seen_revision=flag["revision"] - self.stale,
                scope=self.scope,  # type: ignore[arg-type]
                until=self.until,
                outcome=self.outcome,  # type: ignore[arg-type]
                officer="ssp-duty-officer",
                at=self.at,
                reason=self.reason,
            )
        )


@dataclass(frozen=True)
class Tick:
    """Time moves on."""

    as_of: str

    def record(self, ends: Ends) -> Record:
        """The record on `clock.ticks` (a real clock writes one for each partition)."""
        return Record(TICKS, b"0", TickMade(as_of=self.as_of).model_dump_json().encode())


@dataclass(frozen=True, slots=True)
class Later(Record):
    """A feed record that comes after all that was told before its `phase`: other orders keep to that."""

    phase: int = 0


Step = Record | Answer | Release | Decide | Tick


@dataclass(frozen=True)
class Scenario:
    """Steps, and what must have come of them. Every open flag and task is listed; of those that are not open only
    the ones that matter (a flag that was raised between two records and is gone again is nobody's business).

    `cases`: the numbers in `edge-cases.md`. `check`: what a table cannot say; `any_order`: it holds whichever feed
    record came first."""

    name: str
    steps: Sequence[Step]
    flags: Sequence[Item] = ()
    tasks: Sequence[Item] = ()
    dead: Sequence[str] = ()
    cases: Sequence[int] = ()
    as_of: str = AS_OF
    check: Callable[[Ends], None] | None = None
    any_order: bool = False


def feed(*lines: Short) -> list[Record]:
    """Feed records of short forms."""
    return expand(lines)


def subject(who: str) -> str:
    """The id of whom a flag or task is about: `anna`; `anna+ann` for two ids of one person (the smallest);
    `household T1`; `caller e-001` for somebody who gave no name."""
    if who.startswith("household "):
        return household_of_tenancy(who.removeprefix("household "))
    if who.startswith("caller "):
        return contact_id(SOURCES["hotline.contacts"], who.removeprefix("caller "))
    return min(person(name) for name in who.split("+"))


def _about(item: Item, who: str) -> bool:
    return subject(who) == item.get("subject", item.get("for"))


def unmet(scenario: Scenario, ends: Ends) -> list[str]:
    """What is not as the scenario says; empty if all is well."""
    return [
        *_compare("flag", scenario.flags, list(ends.flags.values()), lambda flag: flag["status"] in OPEN),
        *_compare("task", scenario.tasks, list(ends.tasks.values()), lambda task: task["status"] not in TERMINAL),
        *(
            [f"dead letters {sorted(ends.dead)}, expected {sorted(scenario.dead)}"]
            if set(ends.dead) != set(scenario.dead)
            else []
        ),
    ]


def _compare(
    kind: str, wanted: Sequence[Item], found: list[dict[str, Any]], is_open: Callable[[Item], bool]
) -> list[str]:
    left, faults = list(found), []
    for want in wanted:
        match = next((item for item in left if _fits(want, item)), None)
        if match is None:
            faults.append(f"no {kind} like {dict(want)}")
        else:
            left.remove(match)
    faults += [f"unexpected open {kind}: {_brief(item)}" for item in left if is_open(item)]
    if faults:
        faults += [f"there is: {_brief(item)}" for item in found]
    return faults


def _fits(want: Item, item: Item) -> bool:
    for name, value in want.items():
        if name == "who":
            if not _about(item, value):
                return False
        elif name == "home":
            if item["household_id"] != home(value):
                return False
        elif name in ("due_contact", "due_ack", "episode_at", "requested_at"):
            if item[name] != canonical(value):
                return False
        elif item[name] != value:
            return False
    return True


def home(of: str) -> str:
    """`household T1`, or the household of one of a person without a tenancy."""
    return subject(of) if of.startswith("household ") else household_of_person(subject(of))


def _brief(item: Item) -> str:
    names = (
        "subject",
        "for",
        "rule",
        "purpose",
        "status",
        "business_status",
        "cause",
        "level",
        "unit",
        "attempt",
        "outcome",
    )
    return orjson.dumps({name: item[name] for name in names if name in item}).decode()


def flag_of(ends: Ends, who: str, rule: str) -> Flag:
    """The one flag of a rule about somebody."""
    (found,) = [f for f in ends.flags.values() if f["rule"] == rule and _about(f, who)]
    return Flag.model_validate(found)
