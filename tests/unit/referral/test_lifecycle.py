"""The life of a task: every answer from every state, and what may be taken back or asked again."""

from itertools import product

import pytest

from contracts.tasks import TERMINAL, Task, TaskUpdate
from services.referral.lifecycle import ALLOWED, answer, reissue, take_back
from services.runtime.fold import Refused

STATES = Task.model_fields["status"].annotation.__args__  # type: ignore[union-attr]
ACTIONS = TaskUpdate.model_fields["action"].annotation.__args__  # type: ignore[union-attr]
HOME = "h-00000000-0000-0000-0000-000000000000"


def task(status: str = "requested", business_status: str = "queued") -> Task:
    return Task.model_validate(
        {
            "task_id": "t-1",
            "placer_id": "t-1",
            "attempt": 1,
            "revision": 5,
            "status": status,
            "business_status": business_status,
            "for": "p-1",
            "household_id": HOME,
            "flag_id": "f-1",
            "typology": "carer-admitted",
            "level": "high",
            "priority": "urgent",
            "purpose": "check_arrangements",
            "reason": ["carer-admitted"],
            "reason_text": {"en": "A carer", "zh_hant": "照顧者"},
            "asked_of": "hotline",
            "unit_kind": "hotline",
            "unit": "hotline-1",
            "district": None,
            "requested_at": "2026-07-01T00:00:00Z",
            "due_ack": "2026-07-01T00:00:00Z",
            "due_contact": "2026-07-01T00:00:00Z",
            "lawful_basis": "public_task",
        }
    )


def says(action: str, **more: object) -> TaskUpdate:
    return TaskUpdate.model_validate(
        {
            "update_id": "u-1",
            "task_id": "t-1",
            "household_id": HOME,
            "expected_revision": 5,
            "action": action,
            "at": "2026-07-02T00:00:00Z",
            "unit": "hotline-1",
            "reason": "no_capacity" if action == "reject" else None,
            "outcome": "risk_assessed" if action in ("complete", "fail") else None,
            **more,
        }
    )


@pytest.mark.parametrize(("status", "action"), list(product(STATES, ACTIONS)))
def test_only_what_the_table_allows_happens(status: str, action: str) -> None:
    asked_to_stop = action == "confirm_cancel"
    before = task(status, "cancellation_requested" if asked_to_stop else "delivered")
    allowed = ALLOWED.get(status, {}).get(action)
    if allowed is None:
        with pytest.raises(Refused) as refused:
            answer(before, says(action))
        assert refused.value.reason == "illegal_transition"
    else:
        after = answer(before, says(action))
        assert (after.status, after.revision) == (allowed[0], 6)


@pytest.mark.parametrize("status", sorted(TERMINAL))
def test_what_has_ended_takes_no_answer_and_is_not_taken_back(status: str) -> None:
    assert status not in ALLOWED
    assert take_back(task(status, "delivered"), "cause") is None


@pytest.mark.parametrize("seen", [1, 4, 6])
def test_an_answer_to_another_revision_is_stale(seen: int) -> None:
    with pytest.raises(Refused) as refused:
        answer(task(), says("accept", expected_revision=seen))
    assert refused.value.reason == "stale_revision"


def test_only_the_owner_answers() -> None:
    with pytest.raises(Refused, match="with unit hotline-1"):
        answer(task(), says("accept", unit="hotline-2"))


def test_findings_add_up_and_attempts_are_counted() -> None:
    once = answer(task("accepted", "delivered"), says("attempt", findings=["unreachable"]))
    twice = answer(once, says("attempt", expected_revision=6, findings=["needs_respite"]))
    assert twice.findings == ["needs_respite", "unreachable"]
    assert twice.attempts_to_reach == 2


@pytest.mark.parametrize("status", ["requested", "received"])
def test_before_it_is_accepted_a_task_is_cancelled(status: str) -> None:
    after = take_back(task(status), "returned_home")
    assert after is not None
    assert (after.status, after.status_reason, after.revision) == ("cancelled", "returned_home", 6)


@pytest.mark.parametrize("status", ["accepted", "in-progress", "on-hold"])
def test_after_it_is_accepted_the_unit_decides(status: str) -> None:
    after = take_back(task(status, "contact_made"), "returned_home")
    assert after is not None
    assert (after.status, after.business_status) == (status, "cancellation_requested")
    assert take_back(after, "again") is None
    again = reissue(after)
    assert again is not None
    assert (again.status, again.business_status, again.revision) == (status, "delivered", 7)


def test_what_nobody_saw_is_the_same_task_again_and_what_somebody_saw_is_not() -> None:
    unseen = reissue(task("cancelled", "queued"))
    assert unseen is not None
    assert (unseen.status, unseen.status_reason, unseen.revision) == ("requested", None, 6)
    assert reissue(task("cancelled", "delivered")) is None
    assert reissue(task("completed", "service_started")) is None
    assert reissue(task("requested", "queued")) is None


@pytest.mark.parametrize(
    ("action", "outcome", "business_status"),
    [
        ("complete", "service_delivered", "service_started"),
        ("complete", "placement_arranged", "service_started"),
        ("complete", "risk_assessed", "contact_made"),
    ],
)
def test_a_service_that_began_is_more_than_a_contact(action: str, outcome: str, business_status: str) -> None:
    assert answer(task("accepted", "delivered"), says(action, outcome=outcome)).business_status == business_status


def test_a_units_own_number_for_the_task_is_kept() -> None:
    accepted = answer(task(), says("accept", filler_id="case-7"))
    assert accepted.filler_id == "case-7"
    later = says("complete", expected_revision=accepted.revision)
    assert answer(accepted, later).filler_id == "case-7"


def test_a_refused_answer_says_what_would_help() -> None:
    with pytest.raises(Refused, match="the task is at revision 5; read it again"):
        answer(task(), says("accept", expected_revision=4))
    with pytest.raises(Refused, match="nobody asked to cancel this task"):
        answer(task("accepted", "delivered"), says("confirm_cancel"))
