"""What units pass to others, and what a duty officer decides about a task: handed over, given to another, referred on,
cancelled, void; and what could not be delivered."""

from typing import Any

from tests.scenarios.answers import ACCEPT, BACK, CHECKED, CLOSED, HELP, LATER, START, complete, later
from tests.scenarios.feeds import ADMITTED, CHECK, FLAG, TO_KWUN_TONG
from tests.scenarios.model import Answer, Ends, Scenario, Tick

__all__ = ["PASSING"]

OFFICE = "ssp-district-office"
ALARM = {"who": "ben", "purpose": "fit_emergency_alarm", "unit_kind": "emergency_alarm"}
STOP = {"business_status": "cancellation_requested"}
BEN_IN = {**ADMITTED, "subject": "ben", "visit": "V3", "at": "2026-07-12T09:00"}
NEARBY = {**TO_KWUN_TONG, "to": {**TO_KWUN_TONG["to"], "district": "SSP"}, **LATER}  # type: ignore[dict-item]
SECOND = {**ADMITTED, "visit": "V2", "at": "2026-07-20", "id": "e-later", "sequence": 99}


def said(action: str, purpose: str = CHECKED, **more: Any) -> Answer:
    """What the unit says that has the task."""
    known = {name: more.pop(name) for name in ("reason", "unit", "actor", "outcome", "attempt", "at") if name in more}
    return Answer("ben", purpose, action, more=more, **known)


def decided(action: str, reason: str, purpose: str = CHECKED, **more: Any) -> Answer:
    """What the district's duty officer decides."""
    return said(action, purpose, reason=reason, unit=OFFICE, actor="officer", **more)


REFERRED = said("refer_on", refer_to="emergency_alarm")
TO_OUTREACH = decided("reassign", "better_placed", to_unit="hotline-outreach-1")


def part_of_the_check(ends: Ends) -> None:
    """What was referred on is a part of the task of who referred it, and counts from then."""
    task = ends.task("ben", "fit_emergency_alarm")
    assert task["part_of"] == ends.task("ben", CHECKED)["task_id"]
    assert task["requested_at"] == "2026-07-12T02:00:00.000Z"


def chosen_by_name(ends: Ends) -> None:
    """The unit was chosen by a person, who is named by role; it stays the first thing that was promised."""
    first, second = sorted((t for t in ends.tasks.values() if t["purpose"] == CHECKED), key=lambda t: t["attempt"])
    assert second["placed_by"] == OFFICE
    assert first["officer"] == {
        "action": "reassign",
        "office": OFFICE,
        "reason": "better_placed",
        "at": "2026-07-12T02:00:00.000Z",
    }
    assert second["due_contact"] == first["due_contact"]


def answered_by(ends: Ends) -> None:
    """The unit knows that its answer was taken, and which revision came of it."""
    revisions = [item for kind, item in ends.published if kind == "task"]
    assert [item["update_id"] is None for item in revisions] == [True, False]
    assert revisions[1]["update_id"].endswith(":1:accept")


PASSING = (
    Scenario(
        "a unit knows by its answer's id that it was taken",
        [*START, ACCEPT],
        flags=[FLAG],
        tasks=[CHECK | {"status": "accepted"}],
        check=answered_by,
    ),
    Scenario(
        "a clock runs out while a unit writes its answer: the answer holds",
        [*START, Tick("2026-07-12T12:00:00.000Z"), Answer("ben", CHECKED, "accept", stale=1)],
        flags=[FLAG],
        tasks=[CHECK | {"status": "accepted", "breaches": ["acknowledge"]}],
        as_of="2026-07-11T00:00:00.000Z",
    ),
    Scenario(
        "the hotline refers on an alarm while its own call goes on: a part of it, asked at once",
        [*START, ACCEPT, REFERRED],
        flags=[FLAG],
        tasks=[CHECK | {"status": "accepted"}, ALARM | {"status": "requested", "priority": "urgent"}],
        check=part_of_the_check,
        any_order=True,
    ),
    Scenario(
        "what was referred on is answered before the flag is closed",
        [*START, ACCEPT, REFERRED, complete(CHECKED, "already_supported")],
        flags=[FLAG],
        tasks=[CHECK | {"status": "completed"}, ALARM],
    ),
    Scenario(
        "what was referred on goes back with the flag, like everything that it asked",
        [*START, ACCEPT, REFERRED, *later(BACK)],
        flags=[{**FLAG, "status": "retracted"}],
        tasks=[
            CHECK | {"status": "accepted"} | STOP,
            ALARM | {"status": "cancelled", "status_reason": "returned_home"},
        ],
    ),
    Scenario(
        "an alarm provider declines what was referred on: the next provider",
        [*START, ACCEPT, REFERRED, said("reject", "fit_emergency_alarm", reason="no_capacity")],
        flags=[FLAG],
        tasks=[CHECK | {"status": "accepted"}, ALARM | {"status": "rejected"}, ALARM | {"attempt": 2}],
        cases=[20],
    ),
    Scenario(
        "who was asked to stop refers nothing on: it says what it found, or asks the duty officer",
        [*START, ACCEPT, *later(BACK), REFERRED, said("escalate", reason="safety")],
        flags=[{**FLAG, "status": "retracted"}],
        tasks=[
            CHECK | {"status": "accepted"} | STOP,
            {"who": "ben", "purpose": "review_escalated", "unit": OFFICE, "reason": ["carer-admitted", "safety"]},
        ],
        dead=["illegal_transition"],
    ),
    Scenario(
        "a duty officer gives to another what nobody has accepted: at once",
        [*START, TO_OUTREACH],
        flags=[FLAG],
        tasks=[
            CHECK | {"status": "cancelled", "business_status": "handed_over", "status_reason": "reassigned"},
            CHECK | {"unit_kind": "outreach", "unit": "hotline-outreach-1", "attempt": 2},
        ],
        check=chosen_by_name,
    ),
    Scenario(
        "a duty officer gives to another what a unit is at work on: it is asked to stop, and agrees",
        [*START, ACCEPT, TO_OUTREACH, said("confirm_cancel", attempt=1)],
        flags=[FLAG],
        tasks=[
            CHECK | {"status": "cancelled", "business_status": "handed_over", "attempt": 1},
            CHECK | {"unit_kind": "outreach", "attempt": 2},
        ],
    ),
    Scenario(
        "the unit that was chosen by name declines: it does not go back to the one it was taken from",
        [*START, TO_OUTREACH, said("reject", reason="out_of_area", attempt=2)],
        flags=[FLAG],
        tasks=[CHECK | {"status": "cancelled"}, CHECK | {"unit_kind": "district_office", "unit": OFFICE, "attempt": 3}],
        cases=[20],
    ),
    Scenario(
        "only a district office decides as duty officer, and only for its district",
        [
            *START,
            said("cancel", reason="no_need", actor="officer", unit="hotline-outreach-1"),
            said("cancel", reason="no_need", actor="officer", unit="kts-district-office"),
        ],
        flags=[FLAG],
        tasks=[CHECK],
        dead=["illegal_transition", "illegal_transition"],
    ),
    Scenario(
        "a duty officer cancels a task: a recorded hold, it is not asked again by itself",
        [*START, decided("cancel", "arranged_already"), Tick("2026-07-20T00:00:00.000Z")],
        flags=[FLAG],
        tasks=[CHECK | {"status": "cancelled", "status_reason": "arranged_already"}],
    ),
    Scenario(
        "a duty officer has cancelled the check, and the carer is admitted anew: it is asked again",
        [*START, decided("cancel", "arranged_already"), *later(SECOND)],
        flags=[FLAG | {"episode": "V1"}, FLAG | {"episode": "V2"}],
        tasks=[CHECK | {"status": "cancelled"}, CHECK],
        cases=[28],
    ),
    Scenario(
        "an outcome was entered in error: it does not count, the flag opens again and is asked anew",
        [
            *START,
            ACCEPT,
            complete(CHECKED, "already_supported", "cover_confirmed"),
            decided("enter_in_error", "recorded_in_error"),
        ],
        flags=[FLAG],
        tasks=[CHECK | {"status": "entered-in-error", "attempt": 1}, CHECK | {"attempt": 2}],
    ),
    Scenario(
        "what an outcome asked for that was entered in error goes, too",
        [
            *START,
            ACCEPT,
            complete(CHECKED, "follow_up_planned", "no_arrangement"),
            decided("enter_in_error", "recorded_in_error"),
        ],
        flags=[FLAG],
        tasks=[
            CHECK | {"status": "entered-in-error", "attempt": 1},
            HELP | {"status": "cancelled", "status_reason": "entered_in_error"},
            CHECK | {"attempt": 2},
        ],
    ),
    Scenario(
        "nobody but a duty officer says that a task was entered in error",
        [*START, ACCEPT, complete(CHECKED, "moved"), said("enter_in_error", reason="recorded_in_error")],
        flags=[CLOSED],
        tasks=[CHECK | {"status": "completed"}],
        dead=["illegal_transition"],
    ),
    Scenario(
        "a unit hands over what it has accepted: the next unit, and never back by itself",
        [*START, ACCEPT, said("hand_over", reason="conflict_of_interest")],
        flags=[FLAG],
        tasks=[
            CHECK | {"status": "cancelled", "business_status": "handed_over", "status_reason": "conflict_of_interest"},
            CHECK | {"unit_kind": "district_office", "unit": OFFICE, "attempt": 2},
        ],
        cases=[20],
    ),
    Scenario(
        "it could not be delivered: the unit is not lost sight of, the duty officer has it",
        [*START, said("delivery_failed", reason="gave_up", actor="delivery")],
        flags=[FLAG],
        tasks=[
            CHECK | {"business_status": "delivery_failed", "status_reason": "gave_up"},
            {"who": "ben", "purpose": "review_undelivered", "unit": OFFICE, "status": "requested"},
        ],
    ),
    Scenario(
        "it was delivered after all: the duty officer has nothing more to do",
        [
            *START,
            said("delivery_failed", reason="gave_up", actor="delivery"),
            said("receive", actor="delivery", at="2026-07-12T03:00:00.000Z"),
        ],
        flags=[FLAG],
        tasks=[
            CHECK | {"status": "received", "business_status": "delivered"},
            {"who": "ben", "purpose": "review_undelivered", "status": "cancelled", "status_reason": "delivered"},
        ],
    ),
    Scenario(
        "a visit is arranged, nobody is there, it is tried again, and somebody is reached",
        [
            *START,
            ACCEPT,
            said("schedule", visit_at="2026-07-13T02:00:00.000Z"),
            said("no_show", at="2026-07-13T02:30:00.000Z"),
            said("contact", at="2026-07-13T08:00:00.000Z"),
            complete(CHECKED, "already_supported", "cover_confirmed", at="2026-07-13T09:00:00.000Z"),
        ],
        flags=[CLOSED | {"outcome": "arranged_already"}],
        tasks=[CHECK | {"status": "completed", "attempts_to_reach": 1, "visit_at": None}],
    ),
    Scenario(
        "what a duty officer finds out is asked at once, like what a unit finds",
        [
            *START,
            ACCEPT,
            said("escalate", reason="no_access"),
            said("accept", "review_escalated"),
            complete("review_escalated", "follow_up_planned", "no_arrangement"),
        ],
        flags=[FLAG],
        tasks=[
            CHECK | {"status": "accepted"},
            {"who": "ben", "purpose": "review_escalated", "status": "completed"},
            HELP | {"status": "requested", "priority": "stat"},
        ],
    ),
    Scenario(
        "an officer has chosen a unit by name, and the household moves to another district: its duty officer",
        [*START, TO_OUTREACH, *later({**TO_KWUN_TONG, **LATER})],
        flags=[FLAG | {"district": "KTS"}],
        tasks=[
            CHECK | {"status": "cancelled", "status_reason": "reassigned"},
            CHECK
            | {
                "attempt": 2,
                "unit_kind": "district_office",
                "unit": "kts-district-office",
                "placed_by": None,
                "district": "KTS",
            },
        ],
    ),
    Scenario(
        "an officer has chosen a unit by name, and the household moves nearby: it stays with that unit",
        [*START, TO_OUTREACH, *later(NEARBY)],
        flags=[FLAG | {"district": "SSP", "estate": "estate-9"}],
        tasks=[
            CHECK | {"status": "cancelled", "status_reason": "reassigned"},
            CHECK | {"attempt": 2, "unit": "hotline-outreach-1", "unit_kind": "outreach", "placed_by": OFFICE},
        ],
    ),
    Scenario(
        "a duty officer gives a task to nobody, or to who has it already: refused, and it stays where it is",
        [
            *START,
            decided("reassign", "better_placed", to_unit="nobody"),
            decided("reassign", "better_placed", to_unit="hotline-182183"),
        ],
        flags=[FLAG],
        tasks=[CHECK],
        dead=["illegal_transition", "illegal_transition"],
    ),
    Scenario(
        "a unit hands over to who has it already, to another kind of unit, or to nobody: refused",
        [
            *START,
            ACCEPT,
            said("hand_over", reason="conflict_of_interest", to_unit="hotline-182183"),
            said("hand_over", reason="conflict_of_interest", to_unit="hotline-outreach-1"),
            said("hand_over", reason="conflict_of_interest", to_unit="nobody"),
        ],
        flags=[FLAG],
        tasks=[CHECK | {"status": "accepted"}],
        dead=["illegal_transition"] * 3,
    ),
    Scenario(
        "what was referred on and answered is not asked again by referring it on once more",
        [
            *START,
            ACCEPT,
            REFERRED,
            said("accept", "fit_emergency_alarm"),
            complete("fit_emergency_alarm", "service_delivered"),
            REFERRED,
        ],
        flags=[FLAG],
        tasks=[CHECK | {"status": "accepted"}, ALARM | {"status": "completed"}],
        dead=["illegal_transition"],
    ),
    Scenario(
        "what could not be delivered is taken back when he is in hospital: there is nothing to go on with",
        [*START, said("delivery_failed", reason="gave_up", actor="delivery"), *later({**BEN_IN, **LATER})],
        flags=[FLAG | {"status": "mitigated", "cause": "in_hospital"}],
        tasks=[CHECK | {"status": "cancelled", "status_reason": "in_hospital"}],
    ),
    Scenario(
        "an officer is told of two things about one task: one task of theirs, with both",
        [*START, ACCEPT, said("escalate", reason="safety"), said("escalate", reason="no_access")],
        flags=[FLAG],
        tasks=[
            CHECK | {"status": "accepted"},
            {
                "who": "ben",
                "purpose": "review_escalated",
                "unit": OFFICE,
                "status": "requested",
                "reason": ["carer-admitted", "safety", "no_access"],
                "contact_from": "2026-07-12T02:00:00.000Z",
                "placed_by": None,
                "revision": 2,
            },
        ],
    ),
    Scenario(
        "what an officer is asked follows the household to its new district while nobody has seen it",
        [
            *START,
            ACCEPT,
            said("escalate", reason="safety"),
            *later({**TO_KWUN_TONG, **LATER}),
            said("escalate", reason="no_access", attempt=1),
        ],
        flags=[FLAG | {"district": "KTS"}],
        tasks=[
            CHECK | {"status": "accepted"},
            {
                "who": "ben",
                "purpose": "review_escalated",
                "unit": "kts-district-office",
                "district": "KTS",
                "level": "very_high",
                "status": "requested",
            },
        ],
    ),
    Scenario(
        "what is put to a duty officer is handed over to another office only",
        [
            *START,
            ACCEPT,
            said("escalate", reason="safety"),
            said("accept", "review_escalated"),
            said("hand_over", "review_escalated", reason="conflict_of_interest", to_unit="hotline-outreach-1"),
        ],
        flags=[FLAG],
        tasks=[
            CHECK | {"status": "accepted"},
            {"who": "ben", "purpose": "review_escalated", "status": "accepted", "unit": OFFICE},
        ],
        dead=["illegal_transition"],
    ),
    Scenario(
        "a duty officer gives to nobody else what the flag asks for no more",
        [*START, ACCEPT, *later(BACK), TO_OUTREACH],
        flags=[{**FLAG, "status": "retracted"}],
        tasks=[CHECK | {"status": "accepted"} | STOP],
        dead=["illegal_transition"],
    ),
    Scenario(
        "a duty officer gives to nobody else what is asked no more, and what nobody had accepted stays cancelled",
        [*START, *later(BACK), TO_OUTREACH],
        flags=[{**FLAG, "status": "retracted"}],
        tasks=[CHECK | {"status": "cancelled", "status_reason": "returned_home"}],
        dead=["illegal_transition"],
    ),
)
