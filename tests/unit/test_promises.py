"""Promise 1(b): ticks, answers and releases apply in log order, and nothing that asks for somebody is left lying."""

from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.control import Tick
from contracts.flags import LEVELS, OPEN, UNLINKED, Flag
from contracts.instants import plus
from contracts.tasks import TERMINAL
from services.adapters.simulated_unit import SimulatedUnits
from services.line import Line
from services.referral.matters import MATTERS, STANDS
from services.referral.waves import candidates, decision_record, decisions_for
from services.runtime.fold import TICKS, UNIT_TICKS, Record
from services.simulator.conduct import Conduct
from tests.histories import BEGIN, histories
from tests.scenarios.memory import misnumbered, processors, take
from tests.scenarios.model import Ends
from tests.unit.test_line import QUICK

BY_A_PERSON = ("completed", "failed")


def tick(as_of: str, topic: str) -> Record:
    return Record(topic, b"0", Tick(as_of=as_of).model_dump_json().encode())


def release_some(line: Line, ends: Ends, as_of: str, dice: Random, share: float) -> None:
    waiting = candidates([Flag.model_validate(flag) for flag in ends.flags.values()], [])
    for decision in decisions_for((f for f in waiting if dice.random() < share), "officer-1", "wave-1", as_of):
        take(line, decision_record(decision), ends)


def heir(ends: Ends, flag_id: str) -> str:
    """The flag under which a need is told now."""
    while (flag := ends.flags[flag_id])["status"] == "superseded" and flag["superseded_by"] in ends.flags:
        flag_id = flag["superseded_by"]
    return flag_id


def _shares(other: dict[str, Any], flag: dict[str, Any], ask: dict[str, Any]) -> bool:
    """Whether another flag asks the same for both."""
    same = any(one["shared"] and (one["for"], one["unit"]) == (ask["for"], ask["unit"]) for one in other["asks"])
    return same and other["status"] in OPEN and other["household_id"] == flag["household_id"]


def left_lying(ends: Ends, released: bool) -> list[str]:
    """Active flags with something asked and neither an open task with an owner, nor a person's outcome, nor a hold;
    and open tasks of flags that are not open which nobody asked to cancel."""
    faults = []
    for flag_id, flag in ends.flags.items():
        if flag["status"] == "superseded" and flag["superseded_by"] in ends.flags:
            continue  # its heir has its tasks
        mine = [task for task in ends.tasks.values() if heir(ends, task["flag_id"]) == flag_id]
        found = {f for task in mine if task["status"] in BY_A_PERSON for f in task["findings"]}
        asked = [*flag["asks"], *(step["ask"] for step in flag["then"] if step["on"] in found), *referred_on(mine)]
        if flag["status"] in OPEN:
            for ask in asked:
                if flag["consent"] == "withdrawn" or any(one["decision"] == "snooze" for one in flag["decisions"]):
                    continue  # a recorded hold: nothing is disclosed, or asked anew, before an officer has decided
                # what is shared is asked once for a person, by one of the open flags
                others = ends.tasks.values() if ask["shared"] else mine
                chain = [
                    t
                    for t in others
                    if (t["purpose"], t["asked_of"], about(t, ends)) == (ask["for"], ask["unit"], flag["subject"])
                    and (t in mine or _shares(ends.flags[heir(ends, t["flag_id"])], flag, ask))
                ]
                going = [t for t in chain if t["status"] not in TERMINAL]
                still = [t for t in going if t["business_status"] != "cancellation_requested"]
                if ask["release"] == "wave" and not chain:
                    if released:
                        faults.append(f"{flag['rule']}: released, and nobody is asked")
                    continue
                same = [t for t in mine if (t["purpose"], t["asked_of"]) == (ask["for"], ask["unit"])]
                if not still and any(called_off(t, flag) for t in [*chain, *same]):
                    continue  # a recorded hold: a duty officer has cancelled it
                if len(still) > 1 or not (still or any(t["status"] in BY_A_PERSON for t in chain)):
                    states = [(t["attempt"], t["status"], t["business_status"]) for t in chain]
                    faults.append(f"{flag['rule']} {flag['status']} asks {ask['for']}: {states}")
                faults += [f"{task['purpose']}: no owner" for task in still if not task["unit"]]
        else:
            faults += [
                f"{flag['rule']} is {flag['status']}, but {task['purpose']} is {task['status']}"
                for task in mine
                if task["status"] not in TERMINAL
                and task["business_status"] != "cancellation_requested"
                and task["resumes_as"] is None  # on hold, and said so
                and not stands(task, ends)
                and not (flag["cause"] == "in_hospital" and goes_on(task, ends))
            ]
            sharing = [t for t in ends.tasks.values() if about(t, ends) == flag["subject"]]
            by_an_officer = flag["cause"] == UNLINKED or any(one["decision"] == "close" for one in flag["decisions"])
            by_a_unit = any(task["status"] in BY_A_PERSON for task in [*mine, *sharing])
            if flag["status"] == "closed" and not by_an_officer and not by_a_unit:
                faults.append(f"{flag['rule']} was closed by nobody")
    return faults


def about(task: dict[str, Any], ends: Ends) -> str:
    """Whom a task is for, by the id under which they are known now."""
    return str(ends.flags[heir(ends, task["flag_id"])]["subject"])


def stands(task: dict[str, Any], ends: Ends) -> bool:
    """Whether somebody has to see it, whatever has become of the flag: what a person said, that nobody has looked at
    it, or that a unit which is to stop could not be told."""
    if task["purpose"] in STANDS:
        return True
    on = ends.tasks.get(task["part_of"])
    if on is None or task["purpose"] not in MATTERS:
        return False
    return stands(on, ends) if on["purpose"] in MATTERS else on["status"] not in TERMINAL


def goes_on(task: dict[str, Any], ends: Ends) -> bool:
    """Whether a unit works on by itself although we hold the task; and what is put to an officer about that."""
    on = ends.tasks.get(task["part_of"])
    about_that = task["purpose"] in MATTERS and on is not None and on["status"] not in TERMINAL and goes_on(on, ends)
    return task["business_status"] != "queued" or stands(task, ends) or about_that


def referred_on(tasks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What units have asked other kinds of unit for."""
    return [
        {"unit": one["unit_kind"], "for": one["purpose"], "shared": False, "release": "at_once"}
        for task in tasks
        if task["status"] != "entered-in-error"
        for one in task["referred_on"]
    ]


def called_off(task: dict[str, Any], flag: dict[str, Any]) -> bool:
    """Whether a duty officer has cancelled a task, at the level at which the flag still is."""
    officer = task["officer"]
    cancelled = officer is not None and officer["action"] == "cancel"
    return cancelled and LEVELS.index(flag["level"]) <= LEVELS.index(task["level"])


def resurrected(ends: Ends) -> list[str]:
    """Flags and tasks that were at their end and went on. (A task that nobody had seen may be asked again; a flag that
    a person has closed may get another name, under which it is closed too.)"""
    ended: dict[str, str] = {}
    faults = []
    for kind, item in ends.published:
        name = item[f"{kind}_id"]
        renamed = kind == "flag" and item["superseded_by"] and ends.flags[heir(ends, name)]["outcome"]
        if name in ended and not renamed:
            faults.append(f"{kind} {name} was {ended[name]} and became {item['status']}")
        final = item["status"] == "closed" if kind == "flag" else item["status"] in TERMINAL
        if final and item.get("business_status") != "queued":
            ended[name] = item["status"]
    return faults


@settings(QUICK, max_examples=120)
@given(histories(most=12), st.integers(0, 2**32))
@pytest.mark.parametrize("share", [0.0, 1.0])
def test_whatever_comes_in_between_nothing_is_left_lying(share: float, records: list[Record], seed: int) -> None:
    nothing_is_left_lying(share, records, seed)


def nothing_is_left_lying(share: float, records: list[Record], seed: int) -> None:
    """Feeds, ticks, the simulated units' answers and releases, in an order of chance; then time until all is quiet."""
    dice = Random(seed)
    # emergencies are rare among what units find; here every second check finds one
    line = Line((*processors(), SimulatedUnits(Conduct(no_arrangement_share=0.5)).processor()))
    ends = Ends()
    as_of = plus(BEGIN, hours=1)
    take(line, tick(as_of, TICKS), ends)
    take(line, tick(as_of, UNIT_TICKS), ends)
    dice.shuffle(records)
    for record in records:
        take(line, record, ends)
        if dice.random() < 0.5:
            as_of = plus(as_of, hours=dice.choice([1, 6, 48]))
            for topic in dice.sample([TICKS, UNIT_TICKS], 2)[: dice.choice([1, 2])]:
                take(line, tick(as_of, topic), ends)
        if dice.random() < 0.3:
            release_some(line, ends, as_of, dice, share)
        assert left_lying(ends, released=False) == []
    take(line, tick(as_of, TICKS), ends)
    release_some(line, ends, as_of, dice, share)
    for _ in range(60):
        as_of = plus(as_of, days=4)
        for topic in (TICKS, UNIT_TICKS):
            take(line, tick(as_of, topic), ends)
        release_some(line, ends, as_of, dice, share)
    assert left_lying(ends, released=share == 1.0) == []
    assert resurrected(ends) == []
    assert misnumbered(ends) == []
    assert not {"fold_failed", "unknown_task", "unreadable"} & set(ends.dead)
