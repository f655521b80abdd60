"""The desk of one household when the rules change under it."""

from typing import Any

import orjson
import pytest

from services.policy import load_clocks, load_directory
from services.referral.desk import Desk
from services.runtime.fold import Record
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
