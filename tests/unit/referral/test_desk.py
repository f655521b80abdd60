"""The desk of one household when the rules change under it."""

from typing import Any

import orjson
import pytest

from contracts.control import OfficerDecision
from services.directory import Directory, is_queue
from services.policy import load_clocks, load_directory
from services.referral.desk import Desk
from services.referral.waves import decision_record
from services.runtime.fold import TICKS, Record
from services.runtime.folding import MemoryStore, Task
from tests.scenarios.answers import ACCEPT, START
from tests.scenarios.memory import POLICY, run_in_memory
from tests.scenarios.model import Ends


def flag_of(ends: Ends) -> dict[str, Any]:
    return next(flag for flag in ends.flags.values() if flag["rule"] == "carer-admitted")


def published(desk: Task, topic: str, said: dict[str, Any]) -> list[dict[str, Any]]:
    (turn,) = desk.take(Record(topic, said["household_id"].encode(), orjson.dumps(said)))
    assert turn.dead == []
    return [orjson.loads(output.value) for output in turn.outputs]


@pytest.mark.parametrize("accepted", [False, True])
def test_what_changed_rules_no_longer_ask_for_is_taken_back_while_the_flag_is_open(accepted: bool) -> None:
    ends = run_in_memory(START)
    flag = flag_of(ends)
    desk = Task(Desk(load_directory(POLICY), load_clocks(POLICY)).processor(), MemoryStore())
    (asked,) = published(desk, "risk.flags", flag)
    if accepted:
        (asked,) = published(desk, "referral.updates", orjson.loads(ACCEPT.record(ends).value))
    instead = {**flag["asks"][0], "unit": "outreach"}
    gone, new = published(desk, "risk.flags", {**flag, "revision": flag["revision"] + 1, "asks": [instead]})
    assert (gone["task_id"], gone["status_reason"]) == (asked["task_id"], "no_longer_asked")
    assert (gone["status"], gone["business_status"]) == (
        ("accepted", "cancellation_requested") if accepted else ("cancelled", "queued")
    )
    assert (new["asked_of"], new["status"]) == ("outreach", "requested")

    back, other = published(desk, "risk.flags", {**flag, "revision": flag["revision"] + 2})
    assert {one["task_id"]: one["status_reason"] for one in (back, other)} == {
        asked["task_id"]: None,
        new["task_id"]: "no_longer_asked",
    }


def lived(*records: Record) -> list[dict[str, Any]]:
    """All tasks that a desk publishes, revision by revision."""
    desk = Task(Desk(load_directory(POLICY), load_clocks(POLICY)).processor(), MemoryStore())
    turns = [turn for record in records for turn in desk.take(record)]
    return [orjson.loads(output.value) for turn in turns for output in turn.outputs if "tasks" in output.topic]


def a_flag(flag: dict[str, Any], **news: object) -> Record:
    return Record("risk.flags", flag["household_id"].encode(), orjson.dumps({**flag, **news}))


def a_tick(as_of: str) -> Record:
    return Record(TICKS, b"0", orjson.dumps({"as_of": as_of}))


NOON, LATER = "2026-08-20T04:00:00.000Z", "2026-08-20T04:00:01.000Z"


@pytest.mark.parametrize("status", ["active", "retracted"])
@pytest.mark.parametrize("known", [False, True])
def test_a_tick_and_a_flag_of_its_instant_may_come_in_either_order(known: bool, status: str) -> None:
    """The clock of a `stat` task has run out long before: it lapses, and goes to the duty officer in the end. That is
    written in the same revisions whichever comes first, so an answer is refused in a replay only if it was before."""
    flag = flag_of(run_in_memory(START))
    flag = {**flag, "asks": [{**flag["asks"][0], "priority": "stat"}]}
    before = [a_flag(flag)] if known else []
    told = a_flag(flag, revision=2 if known else 1, status=status, level="high", as_of=NOON)
    assert lived(*before, a_tick(NOON), told) == lived(*before, told, a_tick(NOON))
    tick_first = lived(*before, a_tick(NOON), told, a_tick(LATER))
    assert tick_first == lived(*before, told, a_tick(NOON), a_tick(LATER))
    if known or status == "active":
        assert any(task["breaches"] for task in tick_first)


def test_the_same_answer_twice_is_known_and_changes_nothing() -> None:
    ends = run_in_memory(START)
    desk = Task(Desk(load_directory(POLICY), load_clocks(POLICY)).processor(), MemoryStore())
    published(desk, "risk.flags", flag_of(ends))
    answer = ACCEPT.record(ends)
    first, second = (turn for _ in range(2) for turn in desk.take(answer))
    assert (first.duplicate, second.duplicate) == (False, True)
    assert second.outputs == [] and second.writes == {}


def test_the_same_flag_twice_and_an_older_one_are_known_and_change_nothing() -> None:
    flag = flag_of(run_in_memory(START))
    desk = Task(Desk(load_directory(POLICY), load_clocks(POLICY)).processor(), MemoryStore())
    told = [a_flag(flag, revision=2), a_flag(flag, revision=2), a_flag(flag, revision=1, status="retracted")]
    first, *others = (turn for record in told for turn in desk.take(record))
    assert (first.duplicate, len(first.outputs)) == (False, 1)
    for turn in others:
        assert (turn.duplicate, turn.outputs, turn.writes) == (True, [], {})


def test_a_task_says_in_its_headers_what_it_is() -> None:
    ends = run_in_memory(START)
    desk = Task(Desk(load_directory(POLICY), load_clocks(POLICY)).processor(), MemoryStore())
    published(desk, "risk.flags", flag_of(ends))
    (turn,) = desk.take(ACCEPT.record(ends))
    (output,) = turn.outputs
    task = orjson.loads(output.value)
    assert (output.topic, output.key) == ("referral.tasks.hotline", task["household_id"].encode())
    assert dict(output.headers) == {
        "ce_specversion": b"1.0",
        "ce_id": f"{task['task_id']}:2".encode(),
        "ce_source": b"kithline/referral",
        "ce_type": b"referral.task",
        "ce_subject": task["for"].encode(),
    }


def test_where_nobody_serves_it_waits_in_a_queue_that_is_counted() -> None:
    directory = load_directory(POLICY)
    units = [unit for unit in directory.units.values() if unit.kind not in ("hotline", "district_office")]
    desk = Task(Desk(Directory(units, directory.places), load_clocks(POLICY)).processor(), MemoryStore())
    (turn,) = desk.take(a_flag(flag_of(run_in_memory(START))))
    (task,) = (orjson.loads(output.value) for output in turn.outputs)
    assert is_queue(task["unit"])
    assert turn.uncovered == ["SSP"]


def test_what_was_decided_about_a_revision_that_had_not_come_counts_in_the_order_of_its_instants() -> None:
    """Put aside at noon and taken up again a second later; a slow way round has turned the two about."""
    flag = flag_of(run_in_memory(START))
    desk = Task(Desk(load_directory(POLICY), load_clocks(POLICY)).processor(), MemoryStore())

    def decided(decision: str, at: str, **more: str) -> Record:
        about = {"household_id": flag["household_id"], "flag_id": flag["flag_id"], "seen_revision": 2}
        said = {"decision_id": f"d-{decision}", "decision": decision, "at": at, "officer": "officer-1", **about, **more}
        return decision_record(OfficerDecision.model_validate({"reason": "talked_to_the_family", **said}))

    told = [decided("unsnooze", LATER), decided("snooze", NOON, until="2026-09-01T00:00:00.000Z")]
    turns = [turn for record in (a_flag(flag), *told, a_flag(flag, revision=2)) for turn in desk.take(record)]
    assert [dead.detail for turn in turns for dead in turn.dead] == []
    state = desk.store.get(flag["household_id"])
    assert state is not None
    assert (state["waiting"], state["decided"], state["resumed"]) == ({}, {}, {flag["flag_id"]: LATER})
