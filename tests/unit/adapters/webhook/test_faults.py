"""Adapter faults on a simulated clock: no task is lost, none delivered twice as new, and breaches escalate on time."""

from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import select, update
from starlette.responses import Response

from contracts.instants import plus
from services.adapters.tables import deliveries
from services.adapters.webhook.queue import retry, stuck
from services.runtime.fold import Record
from tests.scenario import expand
from tests.scenarios.feeds import ADMITTED, PAIR
from tests.unit.adapters.bench import HOTLINE, World, world

NOW = "2026-07-11T01:00:00.000Z"
"""The morning after the admission: a Saturday, nine o'clock in Hong Kong."""


def households(count: int) -> list[Record]:
    """As many households of two, in each of which a carer was admitted."""
    lines = []
    for number in range(count):
        names = {"anna": f"anna{number}", "ben": f"ben{number}"}
        for line in (*PAIR, ADMITTED):
            one = {name: names.get(value, value) if isinstance(value, str) else value for name, value in line.items()}
            if "tenancy" in one:
                members = {names[name]: born for name, born in line["members"].items()}  # type: ignore[attr-defined]
                one |= {"tenancy": f"T{number}", "members": members}
            if "visit" in one:
                one["visit"] = f"V{number}"
            lines.append(one)
    return list(expand(lines))


def asked(one: World, purpose: str = "check_arrangements") -> list[dict[str, object]]:
    return [task for task in one.tasks.values() if task["purpose"] == purpose]


async def nothing_lost_nothing_twice(one: World) -> None:
    """The unit's system has the newest revision of each of its tasks, and each revision once."""
    held = await one.book.all_held(HOTLINE, ended=True)
    for task in held:
        view = task.view
        known = one.unit.tasks.get(task.ref)
        if known is None:
            assert not task.open, f"{task.ref} was lost"
            continue
        assert known["revision"] == view["revision"], task.ref
        assert known["status"] == view["status"]
    assert {task["task_id"] for task in one.unit.tasks.values()} <= {task.ref for task in held}
    for revisions in one.unit.revisions.values():
        assert revisions == sorted(set(revisions)), "a revision came twice as new, or out of order"
    assert (await one.schedule.standing([HOTLINE])).waiting == 0


async def arrived(one: World) -> None:
    """Goes on until nothing waits: with a short time-out a busy machine may make any attempt fail."""
    for _ in range(20):
        await one.settle(real_seconds=60)
        if (await one.schedule.standing([HOTLINE])).waiting == 0:
            return


async def test_a_task_arrives_is_confirmed_by_the_receipt_and_answered(tmp_path: Path) -> None:
    async with world(tmp_path, NOW) as one:
        await one.tick(NOW)
        await one.feed(*households(1))
        await one.settle()
        (task,) = asked(one)
        assert (task["status"], task["business_status"]) == ("received", "delivered")
        (known,) = one.unit.open()
        assert known["status"] == "received"
        assert "accept" in known["allowed"]
        taken = await one.answer({"id": "a-1", "task": known["task_id"], "action": "accept"})
        assert taken.status_code == 202
        await one.settle()
        done = {"id": "a-2", "task": known["task_id"], "action": "complete", "outcome": "already_supported"}
        assert (await one.answer({**done, "findings": ["cover_confirmed"]})).status_code == 202
        await one.settle()
        assert (asked(one)[0]["status"], asked(one)[0]["outcome"]) == ("completed", "already_supported")
        state = (await one.get(f"/v1/units/{HOTLINE}/answers/a-2")).json()
        assert state["state"] == "taken"
        assert one.dead == Counter()
        await nothing_lost_nothing_twice(one)


async def test_a_unit_may_answer_before_its_receipt_is_taken(tmp_path: Path) -> None:
    async with world(tmp_path, NOW) as one:
        await one.tick(NOW)
        await one.feed(*households(1))
        await one.sending.round()
        await one.sending.settle()
        (known,) = one.unit.tasks.values()
        assert known["revision"] == 1
        said = {"id": "a-1", "task": known["task_id"], "action": "accept", "expected_revision": 1}
        assert (await one.answer(said)).status_code == 202
        await one.settle()
        assert asked(one)[0]["status"] == "accepted"
        assert one.dead == Counter()


async def test_a_unit_that_is_down_for_an_hour_loses_nothing_and_breaches_escalate_on_time(tmp_path: Path) -> None:
    async with world(tmp_path, NOW) as one:
        await one.unit.stop()
        await one.tick(NOW)
        await one.feed(*households(8))
        for minutes in range(0, 60, 5):
            await one.tick(plus(NOW, hours=minutes / 60))
            await one.settle(real_seconds=300)
        assert all(task["status"] == "requested" for task in asked(one))
        assert (await one.schedule.standing([HOTLINE])).waiting == 8
        # the line's clocks know nothing of the outage: what falls due while the unit is down is a breach at its instant
        (due,) = {str(task["due_ack"]) for task in asked(one)}
        assert due == plus(NOW, hours=1)
        await one.tick(plus(due, seconds=-1))
        assert not any(task["breaches"] for task in asked(one))
        await one.tick(due)
        await one.settle(real_seconds=1)
        assert all(task["breaches"] == ["acknowledge"] for task in asked(one))
        officers = [task for task in one.tasks.values() if task["unit_kind"] == "district_office"]
        assert {task["purpose"] for task in officers} == {"review_unacknowledged"}
        assert len(officers) == 8
        await one.unit.start()
        await one.settle(real_seconds=16 * 60)
        assert all(task["status"] == "received" for task in asked(one))
        assert len(one.unit.tasks) == 8
        await nothing_lost_nothing_twice(one)
        assert one.dead == Counter()


async def test_while_a_unit_is_down_one_task_at_a_time_tries(tmp_path: Path) -> None:
    async with world(tmp_path, NOW) as one:
        one.unit.behave = lambda task: Response(status_code=503)
        await one.tick(NOW)
        await one.feed(*households(20))
        await one.settle()
        tried = len(one.unit.requests)
        assert tried <= 8, "three failures and what was under way beside them"
        for _ in range(10):
            await one.settle(real_seconds=1000)
        assert len(one.unit.requests) == tried + 10
        one.unit.behave = lambda task: None
        async with one.book.store.write() as transaction:
            refs = (await transaction.execute(select(deliveries.c.ref))).scalars().all()
            later = update(deliveries).where(deliveries.c.ref != refs[0])
            await transaction.execute(later.values(next_ms=one.real_ms + 10**9))
        # the one that tries brings all the others with it, however late each of them would have been tried again
        await one.settle(real_seconds=1100)
        assert len(one.unit.tasks) == 20
        await nothing_lost_nothing_twice(one)


async def test_retries_outlive_a_restart(tmp_path: Path) -> None:
    async with world(tmp_path, NOW) as one:
        one.unit.behave = lambda task: Response(status_code=500)
        await one.tick(NOW)
        await one.feed(*households(1))
        await one.settle()
        assert len(one.unit.requests) == 1
        await one.stop()
        await one.start()
        await one.settle()
        assert len(one.unit.requests) == 1, "not before its time, also after a restart"
        one.unit.behave = lambda task: None
        await one.settle(real_seconds=3)
        await nothing_lost_nothing_twice(one)
        assert asked(one)[0]["status"] == "received"


async def test_a_slow_unit_gets_its_task_again_under_the_same_id_and_keeps_nobody_else_waiting(tmp_path: Path) -> None:
    async with world(tmp_path, NOW, timeout_seconds=0.5) as one:
        one.unit.behave = lambda task: 1.0
        await one.tick(NOW)
        await one.feed(*households(1))
        await one.settle()
        one.unit.behave = lambda task: None
        await arrived(one)
        first = one.unit.requests[0]
        assert one.unit.requests[:2] == [first, first]
        await nothing_lost_nothing_twice(one)


async def test_a_task_on_which_a_unit_fails_does_not_stop_the_others(tmp_path: Path) -> None:
    async with world(tmp_path, NOW, at_once=1) as one:
        poison: list[str] = []

        def behave(task: dict[str, object]) -> Response | None:
            if not poison:
                poison.append(str(task["task_id"]))
            return Response(status_code=500) if task["task_id"] == poison[0] else None

        one.unit.behave = behave
        await one.tick(NOW)
        await one.feed(*households(6))
        await one.settle()
        assert len(one.unit.tasks) == 5
        one.unit.behave = lambda task: None
        await one.settle(real_seconds=60)
        await nothing_lost_nothing_twice(one)
        assert len(one.unit.tasks) == 6


async def test_several_revisions_waiting_are_one_delivery_of_the_newest(tmp_path: Path) -> None:
    async with world(tmp_path, NOW) as one:
        await one.unit.stop()
        await one.tick(NOW)
        await one.feed(*households(1))
        await one.settle()
        await one.tick(plus(str(asked(one)[0]["due_ack"]), seconds=1))
        assert int(str(asked(one)[0]["revision"])) > 1
        await one.unit.start()
        await one.settle(real_seconds=60)
        (revisions,) = one.unit.revisions.values()
        assert revisions[0] > 1
        await nothing_lost_nothing_twice(one)


async def test_what_was_taken_back_before_a_unit_heard_of_it_is_not_sent(tmp_path: Path) -> None:
    async with world(tmp_path, NOW) as one:
        await one.tick(NOW)
        await one.feed(*households(1))
        cancelled = {
            "type": "hospital.admission_cancelled",
            "subject": "anna0",
            "visit": "V0",
            "at": "2026-07-10T12:00",
        }
        await one.feed(*expand([cancelled]))
        assert asked(one)[0]["status"] == "cancelled"
        await one.settle()
        assert one.unit.requests == []
        assert (await one.schedule.standing([HOTLINE])).waiting == 0


async def test_what_may_have_arrived_and_was_taken_back_is_told(tmp_path: Path) -> None:
    async with world(tmp_path, NOW, timeout_seconds=0.5) as one:
        one.unit.behave = lambda task: 0.7  # it takes it, and its answer does not reach us
        await one.tick(NOW)
        await one.feed(*households(1))
        await one.settle()
        one.unit.behave = lambda task: None
        cancelled = {
            "type": "hospital.admission_cancelled",
            "subject": "anna0",
            "visit": "V0",
            "at": "2026-07-10T12:00",
        }
        await one.feed(*expand([cancelled]))
        await arrived(one)
        (known,) = one.unit.tasks.values()
        assert known["status"] == "cancelled"
        await nothing_lost_nothing_twice(one)


@pytest.mark.parametrize("status", [400, 401, 404, 410, 422, 302])
async def test_a_task_that_a_unit_refuses_waits_for_a_person_and_is_known_as_undelivered(
    tmp_path: Path, status: int
) -> None:
    async with world(tmp_path, NOW) as one:
        one.unit.behave = lambda task: Response(status_code=status)
        await one.tick(NOW)
        await one.feed(*households(1))
        await one.settle()
        for _ in range(5):
            await one.settle(real_seconds=3600)
        assert len(one.unit.requests) == 1, "a person decides whether it is tried again"
        (task,) = asked(one)
        assert (task["business_status"], task["status_reason"]) == ("delivery_failed", "refused_by_system")
        (row,) = await stuck(one.book.store)
        assert (row.unit, row.why, row.attempts) == (HOTLINE, f"answered {status}", 1)
        one.unit.behave = lambda task: None
        assert await retry(one.book.store, task=row.task) == 1
        await one.settle()
        assert await stuck(one.book.store) == []
        assert asked(one)[0]["status"] == "received"
        await nothing_lost_nothing_twice(one)


async def test_a_change_of_a_task_that_is_stuck_is_tried_by_itself(tmp_path: Path) -> None:
    async with world(tmp_path, NOW) as one:
        one.unit.behave = lambda task: Response(status_code=422)
        await one.tick(NOW)
        await one.feed(*households(1))
        await one.settle()
        one.unit.behave = lambda task: None
        await one.tick(plus(str(asked(one)[0]["due_ack"]), seconds=1))
        await one.settle()
        assert await stuck(one.book.store) == []
        await nothing_lost_nothing_twice(one)


async def test_what_fails_for_too_long_on_the_units_clock_is_given_up_to_a_person(tmp_path: Path) -> None:
    async with world(tmp_path, NOW, give_up_hours=2) as one:
        await one.unit.stop()
        await one.tick(NOW)
        await one.feed(*households(12))
        await one.settle()
        await one.tick(plus(NOW, hours=1.9))
        await one.settle(real_seconds=1)
        assert await stuck(one.book.store) == []
        await one.tick(plus(NOW, hours=2))
        await one.settle(real_seconds=1)
        assert len(await stuck(one.book.store)) == 12
        assert {task["business_status"] for task in asked(one)} == {"delivery_failed"}
        assert {task["status_reason"] for task in asked(one)} == {"gave_up"}
        assert one.dead == Counter()
        await one.unit.start()
        await one.settle(real_seconds=3600)
        assert one.unit.tasks == {}
        assert await retry(one.book.store, unit=HOTLINE) == 12
        await one.settle(real_seconds=3600)
        assert len(one.unit.tasks) == 12
        await nothing_lost_nothing_twice(one)


async def test_a_unit_may_ask_for_a_pause(tmp_path: Path) -> None:
    async with world(tmp_path, NOW) as one:
        one.unit.behave = lambda task: Response(status_code=429, headers={"retry-after": "120"})
        await one.tick(NOW)
        await one.feed(*households(1))
        await one.settle()
        await one.settle(real_seconds=100)
        assert len(one.unit.requests) == 1
        one.unit.behave = lambda task: None
        await one.settle(real_seconds=30)
        assert len(one.unit.requests) > 1
        await nothing_lost_nothing_twice(one)


async def test_no_more_at_once_than_a_unit_can_take(tmp_path: Path) -> None:
    async with world(tmp_path, NOW, at_once=2, timeout_seconds=20) as one:
        one.unit.behave = lambda task: 0.02
        await one.tick(NOW)
        await one.feed(*households(12))
        await one.settle()
        assert one.unit.most_at_once == 2
        await nothing_lost_nothing_twice(one)
