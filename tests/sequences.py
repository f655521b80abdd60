"""What people and time may do to tasks, at random, for Hypothesis: units, officers, adapters; ticks; feeds whose
flags end and come back. `live` runs a sequence through the line and says what should never be so."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import count, product
from typing import Any, NamedTuple

import orjson
from hypothesis import strategies as st

from contracts.control import OfficerDecision, Tick
from contracts.flags import LEVELS
from contracts.instants import plus
from contracts.lifecycle import ACTIONS, ACTORS, Actor, Move, possible, step
from contracts.tasks import (
    BUSINESS_STATUSES,
    OUTCOMES,
    REASONS,
    REFERRED_FOR,
    STATUSES,
    TERMINAL,
    UNIT_ACTIONS,
    UNIT_KINDS,
    Task,
    TaskUpdate,
    UnitAction,
)
from services.directory import is_queue
from services.line import Line
from services.policy import load_directory
from services.referral.matters import MATTERS
from services.referral.waves import decision_record
from services.runtime.fold import TICKS, Record
from tests.histories import BEGIN
from tests.scenario import expand
from tests.scenarios.memory import POLICY, misnumbered, processors
from tests.scenarios.model import Ends
from tests.unit.test_promises import left_lying

__all__ = ["Said", "live", "sequences"]

Raw = dict[str, Any]

DIRECTORY = load_directory(POLICY)

BASIS = (
    {"type": "housing.tenancy_started", "tenancy": "T1", "members": {"anna": 1948, "ben": 1946}},
    {"type": "register.care_relationship_asserted", "subject": "anna", "cared_for": "ben", "group": "elderly"},
    {"type": "register.cohort_asserted", "subject": "anna", "cohort": "allowance_carers_of_elderly"},
    {"type": "hospital.admitted", "subject": "anna", "visit": "V1", "at": "2026-06-28T10:00"},
)
_VISIT = {"subject": "anna", "visit": "V1"}
FEED: tuple[Mapping[str, Any], ...] = (
    {"type": "hospital.discharged", **_VISIT},
    {"type": "hospital.discharge_cancelled", **_VISIT},
    {"type": "hospital.admission_cancelled", **_VISIT},
    {"type": "hospital.admitted", "subject": "anna", "visit": "V2"},
    {"type": "hospital.admitted", "subject": "ben", "visit": "V3"},
    {"type": "hospital.discharged", "subject": "ben", "visit": "V3"},
    {"type": "register.care_relationship_asserted", "subject": "carol", "cared_for": "ben", "group": "elderly"},
    {"type": "register.cohort_asserted", "subject": "carol", "cohort": "allowance_carers_of_elderly"},
    {"type": "hospital.admitted", "subject": "carol", "visit": "V4"},
    {"type": "register.consent_withdrawn", "subject": "ben", "scope": "outreach"},
    {"type": "register.consent_granted", "subject": "ben", "scope": "outreach"},
    {
        "type": "housing.transferred",
        "tenancy": "T1",
        "to": {"unit": "unit-9", "block": "block-9", "estate": "estate-9", "district": "KTS"},
    },
    {"type": "hotline.contact", "subject": "anna", "topics": ["violence"], "gravity": "grave"},
    {"type": "hotline.contact", "subject": "anna", "topics": ["care"], "immediate_danger": True},
    {"type": "identity.merged", "subject": "benny", "retired": "ben"},
    {"type": "identity.unmerged", "subject": "benny", "retired": "ben"},
)

ANSWER, FEEDS, TIME, OFFICER, AGAIN = range(5)
_WHAT = (ANSWER,) * 12 + (FEEDS,) * 3 + (TIME,) * 2 + (OFFICER, AGAIN)


class Said(NamedTuple):
    """One thing that happens: what, and numbers that choose among what is there."""

    what: int
    which: int
    how: int
    seen: int


def sequences(most: int = 25) -> st.SearchStrategy[list[Said]]:
    """Up to `most` things that happen."""
    some = st.integers(0, 2**16)
    return st.lists(st.builds(Said, st.sampled_from(_WHAT), some, some, st.integers(0, 7)), max_size=most)


class Life:
    """One household's life in the line, and what was wrong with it."""

    def __init__(self) -> None:
        self.line = Line(processors(), BEGIN)
        self.ends = Ends()
        self.faults: list[str] = []
        self.as_of = plus(BEGIN, hours=1)
        self.sent: list[tuple[TaskUpdate, Record]] = []
        self.applied: dict[str, int] = {}
        self._number = count(1)

    def take(self, record: Record) -> tuple[list[Any], list[Raw]]:
        """One record through the line: (dead letters, tasks published)."""
        dead, tasks = [], []
        for _, turn in self.line.take(record):
            dead += turn.dead
            for output in turn.outputs:
                if output.topic == "risk.flags":
                    flag = orjson.loads(output.value)
                    self.ends.flags[flag["flag_id"]] = flag
                elif output.topic.startswith("referral.tasks."):
                    tasks.append(orjson.loads(output.value))
        for task in tasks:
            self._published(task)
        self.ends.dead += [one.reason for one in dead]
        return dead, tasks

    def _published(self, task: Raw) -> None:
        before = self.ends.tasks.get(task["task_id"])
        self.ends.tasks[task["task_id"]] = task
        self.ends.published.append(("task", task))
        self.faults += wrong_revision(task, before)
        if task["update_id"] is not None:
            self.applied[task["update_id"]] = self.applied.get(task["update_id"], 0) + 1

    def happens(self, said: Said) -> None:
        """Does one thing, and looks at what came of it."""
        match said.what:
            case 0:
                self._answer(said)
            case 1:
                self._feed(FEED[said.which % len(FEED)], said)
            case 2:
                self.tick(hours=(1, 6, 48, 24 * 15)[said.how % 4])
            case 3:
                self._decide(said)
            case _ if self.sent:
                self._again(*self.sent[said.which % len(self.sent)])
            case _:
                pass

    def tick(self, hours: int) -> None:
        """Time moves on."""
        self.as_of = plus(self.as_of, hours=hours)
        self.take(Record(TICKS, b"0", Tick(as_of=self.as_of).model_dump_json().encode()))

    def feed(self, *lines: Mapping[str, Any]) -> None:
        """The feeds say something."""
        for record in expand([dict(line) for line in lines]):
            self.take(record)

    def _feed(self, line: Mapping[str, Any], said: Said) -> None:
        number = next(self._number)
        self.feed({"at": self.as_of, "recorded": self.as_of, **line, "id": f"s-{number}", "sequence": 100 + number})

    def _decide(self, said: Said) -> None:
        flags = sorted(self.ends.flags)
        if not flags:
            return
        flag = self.ends.flags[flags[said.which % len(flags)]]
        decision = ("release", "acknowledge", "snooze", "unsnooze", "close")[said.how % 5]
        more = {"release": {"wave": "wave-1"}, "close": {"outcome": "no_need"}}.get(decision, {})
        if decision == "snooze":
            more = {"until": plus(self.as_of, days=3)}
        self.take(
            decision_record(
                OfficerDecision.model_validate(
                    {
                        "decision_id": f"d-{next(self._number)}",
                        "household_id": flag["household_id"],
                        "flag_id": flag["flag_id"],
                        "decision": decision,
                        "seen_revision": flag["revision"],
                        "officer": "ssp-duty-officer",
                        "at": self.as_of,
                        "reason": "talked_to_the_family",
                        **more,
                    }
                )
            )
        )

    def _answer(self, said: Said) -> None:
        tasks = sorted(self.ends.tasks.values(), key=lambda raw: (raw["status"] in TERMINAL, raw["task_id"]))
        if not tasks:
            return
        # mostly an open one
        few = [raw for raw in tasks if raw["status"] not in TERMINAL] if said.seen < 6 else tasks
        task = Task.model_validate((few or tasks)[said.which % len(few or tasks)])
        update = some_update(task, said, self.as_of, f"u-{next(self._number)}")
        record = Record("referral.updates", task.household_id.encode(), update.model_dump_json().encode())
        dead, published = self.take(record)
        self.sent.append((update, record))
        applied = [raw for raw in published if raw["update_id"] == update.update_id]
        if len(applied) + len(dead) != 1:
            self.faults.append(f"{update.action}: applied {len(applied)} times, dead {len(dead)}")
        if applied and not task.since <= update.expected_revision <= task.revision:
            self.faults.append(f"{update.action}: of a revision that was not current")
        if applied and update.actor == "unit" and update.unit != task.unit:
            self.faults.append(f"{update.action}: by a unit that had not the task")

    def _again(self, update: TaskUpdate, record: Record) -> None:
        known = self.applied.get(update.update_id, 0)
        _, published = self.take(record)
        if known and published:
            self.faults.append(f"{update.action}, sent twice, counted twice")


def some_update(task: Task, said: Said, at: str, update_id: str) -> TaskUpdate:
    """An answer in form, by somebody, mostly what the state allows to whom it is allowed."""
    actor: Actor = ("owner", "owner", "owner", "officer", "officer", "delivery", "other_unit")[said.how % 7]
    can = [one for one in possible(task, actor) if one in UNIT_ACTIONS] if said.seen < 7 else []
    actions: list[UnitAction] = can or list(UNIT_ACTIONS)
    action = actions[(said.which // 7) % len(actions)]
    choose = said.how // 7
    kind = UNIT_KINDS[choose % len(UNIT_KINDS)]
    others = [unit for unit in DIRECTORY.units.values() if unit.kind == (task.unit_kind if choose % 3 else kind)]
    to = others[choose % len(others)].id if others else "nobody-known"
    payloads: dict[str, dict[str, Any]] = {
        "complete": {"outcome": OUTCOMES[choose % len(OUTCOMES)], "findings": _findings(choose)},
        "fail": {"outcome": "not_located"},
        "schedule": {"visit_at": plus(at, days=1)},
        "hold": {"until": plus(at, days=2)} if choose % 2 else {},
        "refer_on": {"refer_to": kind, "refer_for": REFERRED_FOR[kind][-1]},
        "reassign": {"to_unit": to},
        "hand_over": {"to_unit": to} if choose % 2 else {},
    }
    payload = payloads.get(action, {})
    if "disclosure_justified" in payload.get("findings", ()):
        payload["lawful_basis"] = "vital_interests"
    revision = {4: task.since, 5: task.since - 1}.get(said.seen, task.revision)
    return TaskUpdate.model_validate(
        {
            "update_id": update_id,
            "task_id": task.task_id,
            "household_id": task.household_id,
            "expected_revision": max(1, revision),
            "actor": actor if actor in ("officer", "delivery") else "unit",
            "action": action,
            "at": at,
            "unit": {"officer": "ssp-district-office", "other_unit": "hotline-outreach-1"}.get(actor, task.unit),
            "reason": REASONS[action][choose % len(REASONS[action])] if action in REASONS else None,
            **payload,
        }
    )


def _findings(choose: int) -> list[str]:
    return [
        finding
        for place, finding in enumerate(
            ("no_arrangement", "unreachable", "cover_confirmed", "needs_respite", "disclosure_justified")
        )
        if choose >> place & 1
    ]


State = tuple[str, str]


def _transitions() -> Iterator[tuple[State, State]]:
    for status, business, action, actor in product(STATUSES, BUSINESS_STATUSES, ACTIONS, ACTORS):
        move = step(status, business, action, actor)
        if not isinstance(move, Move):
            continue
        became = {(move.status, move.business_status)}
        if move.resumes:
            became |= {(before, move.business_status) for before in STATUSES if before not in TERMINAL}
        if action == "complete":  # how it ended says more
            became |= {(move.status, said) for said in ("contact_attempted", "service_started")}
        if action == "confirm_cancel":
            became.add((move.status, "handed_over"))
        yield from (((status, business), after) for after in became)


TRANSITIONS = frozenset(_transitions())


def wrong_revision(task: Raw, before: Raw | None) -> list[str]:
    """What is wrong with one revision after the one before."""
    name = f"{task['purpose']} {task['attempt']}, revision {task['revision']}"
    faults = []
    unit = DIRECTORY.unit(task["unit"])
    if (unit.kind if unit is not None else None) != task["unit_kind"] and not is_queue(task["unit"]):
        faults.append(f"{name}: owned by {task['unit']}, which is no {task['unit_kind']}")
    if before is None:
        begins = (task["revision"], task["since"], task["business_status"], task["status"])
        if begins not in ((1, 1, "queued", "requested"), (1, 1, "queued", "on-hold")):
            faults.append(f"{name}: begins as {begins}")
        return faults
    was, became = ((raw["status"], raw["business_status"]) for raw in (before, task))
    if task["revision"] != before["revision"] + 1:
        faults.append(f"{name}: after revision {before['revision']}")
    if not before["since"] <= task["since"] <= task["revision"]:
        faults.append(f"{name}: since {task['since']}, and {before['since']} before")
    if (was, became) not in TRANSITIONS:
        faults.append(f"{name}: from {was} to {became}")
    ended = was[0] in TERMINAL and not (was == ("cancelled", "queued") and before["officer"] is None)
    if ended and became[0] != "entered-in-error":
        overruled = before["officer"] is not None and LEVELS.index(task["level"]) > LEVELS.index(before["level"])
        if not overruled:
            faults.append(f"{name}: was {was} and became {became}")
    return faults


def bounced(ends: Ends) -> list[str]:
    """Tasks that went back by themselves to a unit that had declined them, handed them over, or lost them by an
    officer's word."""
    faults = []
    first: dict[str, tuple[int, str]] = {}
    gave_up: dict[str, int] = {}
    for place, (_, raw) in enumerate(ends.published):
        first.setdefault(raw["task_id"], (place, raw["flag_id"]))
        if raw["task_id"] not in gave_up and gave_up_its_task(raw):
            gave_up[raw["task_id"]] = place
    tasks = [raw for raw in ends.tasks.values() if raw["placed_by"] is None and not is_queue(raw["unit"])]
    left = [raw for raw in ends.tasks.values() if raw["status"] != "entered-in-error"]  # a void decline is none
    for raw, other in product(tasks, left):
        matter = ("part_of",) if raw["purpose"] in MATTERS else ()
        same = all(raw[name] == other[name] for name in ("flag_id", "purpose", "asked_of", "unit", *matter))
        asked, flag = first[raw["task_id"]]
        same = same and flag == first[other["task_id"]][1]  # a new episode asks anew, whoever declined the last
        if same and raw is not other and gave_up.get(other["task_id"], len(ends.published)) < asked:
            faults.append(f"{raw['purpose']} went back to {raw['unit']}")
    return faults


def gave_up_its_task(raw: Raw) -> bool:
    """Whether a unit is not asked this again by itself."""
    given = raw["officer"] is not None and raw["officer"]["action"] == "reassign"
    handed = raw["business_status"] == "handed_over" and raw["status_reason"] in REASONS["hand_over"]
    return given or handed or raw["status"] == "rejected"


def live(steps: Iterable[Said]) -> Life:
    """A household's life with these steps in it, and what was never to be."""
    life = Life()
    life.feed(*BASIS)
    for said in steps:
        life.happens(said)
        if life.faults:
            return life
    life.tick(hours=1)
    life.faults += [*misnumbered(life.ends), *bounced(life.ends), *left_lying(life.ends, released=False)]
    life.faults += [f"{name} was counted {times} times" for name, times in life.applied.items() if times != 1]
    life.faults += [f"dead letter: {reason}" for reason in life.ends.dead if reason in ("fold_failed", "unreadable")]
    return life
