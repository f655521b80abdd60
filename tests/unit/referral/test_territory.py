"""10,000 random tasks over the territory, through the desk itself: each has an owner or waits in a district's queue
with an alert; whoever declined is not asked again; a unit that is closed gets nothing while another covers."""

from collections import Counter, defaultdict
from random import Random
from typing import Any

import orjson
import pytest

from contracts.tasks import DECLINE_CODES, TERMINAL, UNIT_KINDS
from services.directory import Directory, is_queue
from services.directory.routing import MAX_DECLINES
from services.policy import load_clocks, load_directory
from services.referral.desk import Desk
from services.runtime.fold import Record, Turn, Value
from services.runtime.folding import MemoryStore, Task
from tests.scenarios.answers import START
from tests.scenarios.memory import POLICY, run_in_memory

TASKS = 10_000
NOW = "2026-07-14T02:00:00.000Z"
HOLES = {("district_office", "all"), ("day_care", "YL"), ("family_protection", "all"), ("family_protection", "ISL")}
"""Taken out of the default directory (kind, district), so that not everything is covered."""


def with_holes(directory: Directory) -> Directory:
    """And no office of two districts, so that nobody at all is left there."""

    def kept(kind: str, districts: Any) -> bool:
        mine = ["all"] if districts == "all" else districts
        return not any((kind, one) in HOLES for one in mine) and not (
            kind == "district_office" and set(mine) & {"YL", "ISL"}
        )

    units = [unit for unit in directory.units.values() if kept(unit.kind, unit.districts)]
    return Directory(units, directory.places)


class Territory:
    """The desk over a directory with holes, and what it has published."""

    def __init__(self, seed: int) -> None:
        self.dice = Random(seed)
        self.directory = with_holes(load_directory(POLICY))
        self.closed: set[str] = set()
        self.waiting: dict[str, int] = {}
        self.revisions: Counter[str] = Counter()
        self.tasks: dict[str, Value] = {}
        self.attempts: defaultdict[str, list[Value]] = defaultdict(list)
        self.uncovered: Counter[str] = Counter()
        self.desk = Task(Desk(self.directory, load_clocks(POLICY)).processor(), MemoryStore(), NOW)

    def take(self, topic: str, key: str, said: Value) -> Turn:
        turn = self.desk.take_one(Record(topic, key.encode(), orjson.dumps(said)))
        assert turn.dead == [], turn.dead
        self.uncovered.update(turn.uncovered or ())
        for output in turn.outputs:
            if output.topic.startswith("referral.tasks."):
                task = orjson.loads(output.value)
                assert output.topic == f"referral.tasks.{task['unit_kind']}"
                if task["task_id"] not in self.tasks:
                    self.attempts[task["flag_id"]].append(task)
                self.tasks[task["task_id"]] = task
        return turn

    def declare(self) -> None:
        """Some unit says how it stands from now on."""
        unit = self.dice.choice(sorted(self.directory.units))
        self.closed.discard(unit)
        self.waiting.pop(unit, None)
        intake: Value = {"intake": self.dice.choice(["accepting", "waiting_list", "closed"])}
        intake |= {"waiting_days": None, "valid_until": None, "as_of": NOW, "capacity": None}
        if intake["intake"] == "closed":
            self.closed.add(unit)
        if intake["intake"] == "waiting_list":
            intake["waiting_days"] = self.waiting[unit] = self.dice.randint(1, 60)
        self.revisions[unit] += 1
        self.take("units.status", unit, {"unit": unit, "revision": self.revisions[unit], "intake": intake})

    def decline(self, task: Value) -> None:
        said = {
            "update_id": f"{task['task_id']}:no",
            "task_id": task["task_id"],
            "household_id": task["household_id"],
            "expected_revision": task["revision"],
            "action": "reject",
            "reason": self.dice.choice(DECLINE_CODES),
            "at": NOW,
            "unit": task["unit"],
        }
        self.take("referral.updates", task["household_id"], said)

    def rightly_asked(self, task: Value, estate: str | None, declined: list[str]) -> None:
        """Whether whoever has it should have been asked, of all who could be."""
        district, kind = task["district"], task["unit_kind"]
        able = {unit.id for unit in self.directory.eligible(task["asked_of"], district, estate)}
        free = able - self.closed - {*declined}
        if len(declined) < MAX_DECLINES and free:
            assert task["unit"] in free, "a unit that covers the place and takes somebody on is asked first"
            best = min(self.waiting.get(unit, 0) for unit in free)
            assert self.waiting.get(task["unit"], 0) == best, "the shortest wait"
            return
        offices = {unit.id for unit in self.directory.eligible("district_office", district, estate)}
        left = offices - self.closed - {*declined}
        assert kind == "district_office"
        if left:
            assert task["unit"] in left
        else:
            assert task["unit"] == f"queue-{district or 'territory'}"


@pytest.fixture(scope="module")
def template() -> Value:
    flags = run_in_memory(START).flags.values()
    return next(flag for flag in flags if flag["rule"] == "carer-admitted")


def test_every_task_has_an_owner_or_waits_in_a_queue_with_an_alert(template: Value) -> None:
    territory = Territory(seed=6)
    dice, places = territory.dice, territory.directory.places.districts
    estates = {code: [e for part in one.sub_districts.values() for e in part] for code, one in places.items()}
    queued: Counter[str] = Counter()
    for number in range(TASKS):
        if dice.random() < 0.2:
            territory.declare()
        district = dice.choice([*places, None]) if dice.random() < 0.05 else dice.choice([*places])
        estate = dice.choice([*estates.get(district or "", ()), "an-estate-nobody-knows", None])
        household, flag_id = f"h-00000000-0000-0000-0000-{number:012d}", f"flag-{number}"
        ask = {"unit": dice.choice(UNIT_KINDS), "for": "visit", "priority": dice.choice(["stat", "urgent", "routine"])}
        flag = {**template, "flag_id": flag_id, "household_id": household, "district": district, "estate": estate}
        territory.take("risk.flags", household, {**flag, "asks": [ask], "then": [], "revision": 1})
        while True:
            chain = [territory.tasks[one["task_id"]] for one in territory.attempts[flag_id]]
            (standing,) = (task for task in chain if task["status"] not in TERMINAL)
            declined = [task["unit"] for task in chain if task["status"] == "rejected"]
            assert standing["unit"] not in declined
            assert len({*declined}) == len(declined), "a decline never bounces back"
            territory.rightly_asked(standing, estate, declined)
            if is_queue(standing["unit"]):
                queued[standing["unit"].removeprefix("queue-")] += 1
                break
            if dice.random() >= 0.4:
                break
            territory.decline(standing)
    assert len(territory.attempts) == TASKS
    assert queued == territory.uncovered, "each one that waits in a queue has rung the bell once"
    assert {"YL", "ISL", "territory"} <= queued.keys()
    assert sum(len(chain) > MAX_DECLINES for chain in territory.attempts.values()) > 100
