"""The life of a task: every answer from every state, and what may be taken back or asked again."""

from itertools import product

import pytest

from contracts.lifecycle import Move, step
from contracts.tasks import BUSINESS_STATUSES, REASONS, STATUSES, TERMINAL, UNIT_ACTIONS, Task, TaskUpdate
from services.calendar.running import is_held
from services.referral.lifecycle import (
    answer,
    called_off,
    entered_in_error,
    gave_up,
    hold,
    move_on,
    next_revision,
    park,
    reissue,
    take_back,
    unpark,
)
from services.runtime.fold import Refused

HOME = "h-00000000-0000-0000-0000-000000000000"


def task(status: str = "requested", business_status: str = "queued") -> Task:
    return Task.model_validate(
        {
            "task_id": "t-1",
            "placer_id": "t-1",
            "attempt": 1,
            "revision": 5,
            "since": 3,
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


NEEDED = {
    "complete": {"outcome": "risk_assessed"},
    "fail": {"outcome": "not_located"},
    "schedule": {"visit_at": "2026-07-03T02:00:00Z"},
    "refer_on": {"refer_to": "outreach"},
    "reassign": {"to_unit": "hotline-2"},
}
OFFICERS = {"cancel", "reassign", "enter_in_error"}


def says(action: str, **more: object) -> TaskUpdate:
    actor = "officer" if action in OFFICERS else "delivery" if action == "delivery_failed" else "unit"
    said = {
        "update_id": "u-1",
        "task_id": "t-1",
        "household_id": HOME,
        "expected_revision": 5,
        "actor": actor,
        "action": action,
        "at": "2026-07-02T00:00:00Z",
        "unit": "ssp-district-office" if actor == "officer" else "hotline-1",
        "reason": REASONS[action][0] if action in REASONS else None,
        **NEEDED.get(action, {}),
    }
    return TaskUpdate.model_validate({**said, **more})


@pytest.mark.parametrize("action", UNIT_ACTIONS)
def test_only_what_the_table_allows_happens(action: str) -> None:
    update = says(action)
    actor = {"unit": "owner"}.get(update.actor, update.actor)
    for status, business in product(STATUSES, BUSINESS_STATUSES):
        before = task(status, business)
        move = step(status, business, update.action, actor)  # type: ignore[arg-type]
        if isinstance(move, Move):
            after = answer(before, update)
            assert (after.status, after.revision, after.update_id) == (move.status, 6, "u-1")
        else:
            with pytest.raises(Refused) as refused:
                answer(before, update)
            assert (refused.value.reason, refused.value.detail) == (move.reason, move.detail)


@pytest.mark.parametrize("status", sorted(TERMINAL))
def test_what_has_ended_is_not_taken_back_held_or_moved_on(status: str) -> None:
    ended = task(status, "delivered")
    assert [change(ended) for change in (move_on, reissue)] == [None, None]
    assert take_back(ended, "cause") is None
    assert hold(ended, "in_hospital") is None


@pytest.mark.parametrize("seen", [1, 2, 6])
def test_an_answer_to_another_revision_is_stale(seen: int) -> None:
    with pytest.raises(Refused) as refused:
        answer(task(), says("accept", expected_revision=seen))
    assert refused.value.reason == "stale_revision"


@pytest.mark.parametrize("seen", [3, 4, 5])
def test_what_an_answer_does_not_rest_on_makes_none_stale(seen: int) -> None:
    """A clock that has run out, a level that has risen: whoever answers what was seen before answers the same task."""
    assert answer(task(), says("accept", expected_revision=seen)).status == "accepted"


def test_since_moves_with_what_an_answer_rests_on_and_with_nothing_else() -> None:
    before = task("accepted", "delivered")
    for news in ({"breaches": ["contact"]}, {"level": "very_high"}, {"due_contact": "2026-07-01T00:00:00Z"}, {}):
        assert next_revision(before, news).since == before.since
    for news in ({"for_": "p-2"}, {"unit": "hotline-2"}, {"status": "on-hold"}, {"business_status": "contact_made"}):
        assert next_revision(before, news).since == 6
    assert next_revision(before, {"update_id": "u-1"}).since == 6
    assert next_revision(next_revision(before, {"update_id": "u-1"}), {}).update_id is None


def test_a_unit_answers_while_its_receipt_is_on_the_way() -> None:
    received = answer(task(), says("receive", actor="delivery"))
    assert answer(received, says("accept", update_id="u-2")).status == "accepted"
    accepted = answer(task(), says("accept", update_id="u-2"))
    with pytest.raises(Refused, match="read it again"):
        answer(accepted, says("reject", update_id="u-3"))


def test_two_attempts_seen_at_one_revision_are_one() -> None:
    """Two people of a unit who did not know of each other: the second looks again, and counts what is there."""
    once = answer(task("accepted", "delivered"), says("attempt"))
    with pytest.raises(Refused, match="read it again"):
        answer(once, says("attempt", update_id="u-2"))


def test_only_the_owner_answers() -> None:
    with pytest.raises(Refused, match="only the unit that has the task answers"):
        answer(task(), says("accept", unit="hotline-2"))
    with pytest.raises(Refused, match="only the unit that has the task answers"):
        answer(task(), says("delivery_failed", unit="hotline-2"))


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
    with pytest.raises(Refused, match="is at revision 5; read it again"):
        answer(task(), says("accept", expected_revision=2))
    with pytest.raises(Refused, match="possible now: start, attempt, contact"):
        answer(task("accepted", "delivered"), says("accept"))
    with pytest.raises(Refused, match="nobody asked to cancel this task"):
        answer(task("accepted", "delivered"), says("confirm_cancel"))


def test_what_is_on_hold_is_due_again() -> None:
    before = task("in-progress", "contact_made")
    by_policy = answer(before, says("hold"), until="2026-07-16T00:00:00Z")
    assert (by_policy.status, by_policy.parked_until, by_policy.status_reason) == (
        "on-hold",
        "2026-07-16T00:00:00Z",
        "person_away",
    )
    said = answer(before, says("hold", until="2026-07-05T00:00:00Z"), until="2026-07-16T00:00:00Z")
    assert said.parked_until == "2026-07-05T00:00:00.000Z"
    assert not is_held(said.parked_until, said.resumes_as, said.status_reason)  # its unit's hold stops no clock
    awake = unpark(said)
    assert (awake.status, awake.parked_until, awake.status_reason) == ("in-progress", None, None)


def test_what_rests_until_a_day_goes_on_when_our_hold_is_over() -> None:
    """Whoever is to be helped goes to hospital while the task rests: nothing would wake it afterwards."""
    resting = task("on-hold", "escalated").model_copy(update={"parked_until": "2026-07-16T00:00:00Z"})
    held = hold(resting, "in_hospital")
    assert held is not None
    assert (held.resumes_as, held.parked_until) == ("in-progress", None)
    again = reissue(held)
    assert again is not None
    assert (again.status, again.resumes_as) == ("in-progress", None)


def test_what_was_tried_in_vain_rests_until_a_day_for_no_other_reason() -> None:
    tried = task("in-progress", "contact_attempted").model_copy(update={"status_reason": "asked_for_time"})
    resting = park(tried, "2026-07-16T00:00:00.000Z")
    assert (resting.status, resting.business_status) == ("on-hold", "escalated")
    assert (resting.status_reason, resting.parked_until) == (None, "2026-07-16T00:00:00.000Z")
    assert is_held(resting.parked_until, resting.resumes_as, resting.status_reason)  # its clocks rest, too


def test_what_is_said_on_the_side_ends_no_hold() -> None:
    held = hold(task("accepted", "delivered"), "in_hospital")
    assert held is not None
    for action in ("escalate", "delivery_failed", "refer_on"):
        after = answer(held, says(action, expected_revision=6))
        assert (after.status, after.resumes_as) == ("on-hold", "accepted")
    after = answer(held, says("contact", expected_revision=6))
    assert (after.status, after.resumes_as, after.status_reason) == ("in-progress", None, None)


def test_a_visit_is_arranged_for_a_time_and_gone_when_nobody_was_there() -> None:
    arranged = answer(task("accepted", "delivered"), says("schedule"))
    assert (arranged.business_status, arranged.visit_at) == ("visit_scheduled", "2026-07-03T02:00:00.000Z")
    on_hold = answer(arranged, says("hold", expected_revision=6))
    assert on_hold.visit_at == arranged.visit_at
    nobody = answer(arranged, says("no_show", expected_revision=6))
    assert (nobody.business_status, nobody.visit_at, nobody.attempts_to_reach) == ("no_show", None, 1)


def test_asking_the_duty_officer_does_not_undo_that_somebody_was_reached() -> None:
    assert answer(task("accepted", "delivered"), says("escalate")).business_status == "escalated"
    assert answer(task("in-progress", "contact_made"), says("escalate")).business_status == "contact_made"


def test_what_is_referred_on_stands_in_the_task_as_urgent_as_it_is_itself() -> None:
    after = answer(task("accepted", "delivered"), says("refer_on", refer_to="emergency_alarm"))
    (one,) = after.referred_on
    assert (one.unit_kind, one.purpose, one.priority) == ("emergency_alarm", "fit_emergency_alarm", "urgent")
    assert after.status == "accepted"


def test_nobody_refers_on_what_is_asked_of_themselves() -> None:
    with pytest.raises(Refused, match="that is what this task asks of you"):
        answer(task("accepted", "delivered"), says("refer_on", refer_to="hotline"))


def test_what_is_reported_of_violence_goes_on_to_professionals_only() -> None:
    protect = task("accepted", "delivered").model_copy(update={"asked_of": "family_protection", "purpose": "protect"})
    for kind in ("hotline", "care_team", "volunteer_team", "emergency_alarm"):
        with pytest.raises(Refused, match="goes on only to district_office, family_protection"):
            answer(protect, says("refer_on", refer_to=kind))
    assert answer(protect, says("refer_on", refer_to="family_service")).referred_on


@pytest.mark.parametrize(("action", "holds"), [("cancel", True), ("reassign", False), ("enter_in_error", False)])
def test_what_an_officer_decided_is_kept_with_office_and_reason(action: str, holds: bool) -> None:
    after = answer(task(), says(action))
    assert after.officer is not None
    assert (after.officer.action, after.officer.office) == (action, "ssp-district-office")
    assert after.officer.reason == REASONS[action][0]
    assert reissue(after) is None
    assert called_off(after, "high") is holds
    assert called_off(after, "very_high") is False
    assert gave_up(after) is (action == "reassign")


def test_a_unit_that_has_accepted_decides_about_what_an_officer_gives_to_another() -> None:
    asked = answer(task("in-progress", "contact_made"), says("reassign"))
    assert (asked.status, asked.business_status, asked.status_reason) == (
        "in-progress",
        "cancellation_requested",
        "reassigned",
    )
    stopped = answer(asked, says("confirm_cancel", expected_revision=6))
    assert (stopped.status, stopped.business_status) == ("cancelled", "handed_over")
    assert gave_up(stopped)


def test_who_hands_over_does_not_have_it_again_by_itself_and_who_lives_elsewhere_now_may() -> None:
    assert gave_up(answer(task("accepted", "delivered"), says("hand_over")))
    moved = move_on(task("received", "delivered"))
    assert moved is not None
    assert (moved.status, moved.business_status, gave_up(moved)) == ("cancelled", "handed_over", False)


def test_a_delivery_that_failed_may_succeed_after_all() -> None:
    failed = answer(task(), says("delivery_failed"))
    assert (failed.status, failed.business_status, failed.status_reason) == (
        "requested",
        "delivery_failed",
        "not_reachable",
    )
    received = answer(failed, says("receive", actor="delivery", expected_revision=6))
    assert (received.status, received.business_status, received.status_reason) == ("received", "delivered", None)


def test_what_is_void_stays_void() -> None:
    void = entered_in_error(task("completed", "contact_made"), "identity_unmerged")
    assert void is not None
    assert entered_in_error(void, "again") is None
