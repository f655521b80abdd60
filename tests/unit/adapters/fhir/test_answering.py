"""What a unit has changed in its Task is one answer, or a refusal that says what, where and how to mend it."""

from typing import Any

import pytest

from contracts.tasks import STATUSES, TaskUpdate
from services.adapters.fhir.answering import answer_of
from services.adapters.fhir.mapping import task as resource
from services.adapters.fhir.outcome import Fault
from tests.unit.adapters.fhir.bench import concept, extension, output
from tests.unit.adapters.fhir.made import NOW, UNIT, view_of
from tests.unit.book.made import task

OUTCOME = output("outcome", "outcome", "follow_up_planned")
VISIT = "2026-07-04T02:00:00.000Z"


def answered(changes: dict[str, Any], **before: Any) -> dict[str, Any] | None:
    """What a unit says that makes `changes` to a task that is as `before` says (accepted, if it does not)."""
    view = view_of(task(unit=UNIT.id, **{"status": "accepted", "business_status": "delivered", **before}))
    now = resource(view, UNIT, NOW)
    return answer_of(view, now, {**now, **changes})


@pytest.mark.parametrize(
    ("before", "changes", "said"),
    [
        ({"status": "requested", "business_status": "queued"}, {"status": "received"}, {"action": "receive"}),
        ({"status": "received"}, {"status": "accepted"}, {"action": "accept"}),
        (
            {"status": "received"},
            {"status": "rejected", "statusReason": concept("status-reason", "no_capacity")},
            {"action": "reject", "reason": "no_capacity"},
        ),
        ({}, {"status": "in-progress"}, {"action": "start"}),
        ({"status": "on-hold"}, {"status": "in-progress"}, {"action": "resume"}),
        (
            {},
            {"status": "in-progress", "businessStatus": concept("business-status", "contact_attempted")},
            {"action": "attempt"},
        ),
        ({}, {"businessStatus": concept("business-status", "contact_made")}, {"action": "contact"}),
        ({}, {"businessStatus": concept("business-status", "no_show")}, {"action": "no_show"}),
        ({}, {"businessStatus": concept("business-status", "service_started")}, {"action": "begin_service"}),
        (
            {"status": "in-progress", "business_status": "contact_attempted", "attempts_to_reach": 1},
            {"extension": [extension("attempts-to-reach", valueUnsignedInt=2)]},
            {"action": "attempt"},
        ),
        (
            {},
            {
                "businessStatus": concept("business-status", "visit_scheduled"),
                "extension": [extension("visit-at", valueDateTime=VISIT)],
            },
            {"action": "schedule", "visit_at": VISIT},
        ),
        (
            {"status": "in-progress", "business_status": "visit_scheduled", "visit_at": NOW},
            {"extension": [extension("visit-at", valueDateTime=VISIT)]},
            {"action": "schedule", "visit_at": VISIT},
        ),
        (
            {},
            {
                "status": "on-hold",
                "statusReason": concept("status-reason", "person_away"),
                "extension": [extension("on-hold-until", valueDateTime=VISIT)],
            },
            {"action": "hold", "reason": "person_away", "until": VISIT},
        ),
        (
            {},
            {
                "businessStatus": concept("business-status", "escalated"),
                "statusReason": concept("status-reason", "needs_decision"),
            },
            {"action": "escalate", "reason": "needs_decision"},
        ),
        (
            {},
            {
                "status": "completed",
                "output": [OUTCOME, output("finding", "finding", "wishes_alarm")],
                "identifier": [{"system": "https://unit-a.example/cases", "value": "A-17"}],
            },
            {"action": "complete", "outcome": "follow_up_planned", "findings": ["wishes_alarm"], "filler_id": "A-17"},
        ),
        (
            {},
            {"status": "failed", "output": [output("outcome", "outcome", "not_located")]},
            {"action": "fail", "outcome": "not_located"},
        ),
        ({"business_status": "cancellation_requested"}, {"status": "cancelled"}, {"action": "confirm_cancel"}),
        (
            {},
            {
                "status": "cancelled",
                "businessStatus": concept("business-status", "handed_over"),
                "statusReason": concept("status-reason", "out_of_area"),
            },
            {"action": "hand_over", "reason": "out_of_area"},
        ),
        ({}, {"output": [output("refer-on", "unit-kind", "elderly_centre")]}, {
            "action": "refer_on", "refer_to": "elderly_centre"
        }),
    ],
)  # fmt: skip
def test_what_has_changed_says_what_was_done(
    before: dict[str, Any], changes: dict[str, Any], said: dict[str, Any]
) -> None:
    assert answered(changes, **before) == said
    # and it is an answer as the referral desk reads it
    rest = {"update_id": "u", "task_id": "t", "household_id": "h-92430ec6-1956-57c4-87b2-57089809f485", "unit": UNIT.id}
    TaskUpdate.model_validate({**said, **rest, "expected_revision": 1, "at": NOW})


@pytest.mark.parametrize("status", STATUSES)
def test_a_task_that_comes_back_as_it_was_says_nothing(status: str) -> None:
    ended = {"outcome": "care_resumed", "findings": ["wishes_alarm"], "filler_id": "A-17", "status_reason": "safety"}
    assert answered({}, status=status, **ended) is None


def test_what_a_unit_leaves_out_stays_as_it_is() -> None:
    view = view_of(task(unit=UNIT.id, status="received", business_status="delivered", status_reason="safety"))
    now = resource(view, UNIT, NOW)
    then = {"resourceType": "Task", "id": now["id"], "status": "accepted", "intent": "order"}
    assert answer_of(view, now, then) == {"action": "accept"}


_OTHER_SYSTEM = {"coding": [{"system": "http://snomed.info/sct", "code": "385644000"}]}


@pytest.mark.parametrize(
    ("changes", "at", "mend"),
    [
        ({"id": "t-other"}, "Task.id", "it is t-"),
        ({"priority": "routine"}, "Task.priority", "it is urgent"),
        ({"intent": "plan"}, "Task.intent", "it is order"),
        ({"owner": {"reference": "Organization/unit-b"}}, "Task.owner", "it is Organization/unit-a"),
        ({"for": {"reference": "Patient/p-x"}}, "Task.for", "not the unit's to change"),
        ({"focus": {"reference": "ServiceRequest/x"}}, "Task.focus", "not the unit's to change"),
        ({"status": "draft"}, "Task.status", "received, accepted"),
        ({"status": "requested"}, "Task.status", "does not set"),
        ({"status": "entered-in-error"}, "Task.status", "does not set"),
        ({"businessStatus": concept("business-status", "queued")}, "Task.businessStatus", "contact_made"),
        ({"businessStatus": {"text": "rang twice"}}, "Task.businessStatus", "cannot be read"),
        ({"businessStatus": _OTHER_SYSTEM}, "Task.businessStatus", "urn:kithline:fhir:business-status"),
        ({"status": "rejected"}, "Task.statusReason", "no_capacity"),
        ({"status": "rejected", "statusReason": {"text": "full"}}, "Task.statusReason", "cannot be read"),
        (
            {"status": "rejected", "statusReason": concept("status-reason", "person_away")},
            "Task.statusReason",
            "no reason to reject",
        ),
        ({"status": "on-hold"}, "Task.statusReason", "person_away"),
        ({"status": "completed"}, "Task.output", "ends with an outcome"),
        ({"status": "completed", "output": [OUTCOME, OUTCOME]}, "Task.output", "several outcomes"),
        (
            {"status": "completed", "output": [{"type": {"text": "note"}, "valueString": "fine"}]},
            "Task.output[0].type",
            "nothing else is kept",
        ),
        (
            {"status": "completed", "output": [{**OUTCOME, "valueCodeableConcept": _OTHER_SYSTEM}]},
            "Task.output[0]",
            "one code of urn:kithline:fhir:outcome",
        ),
        ({"output": [OUTCOME]}, "Task.output", "completed or failed"),
        ({"status": "in-progress", "output": [OUTCOME]}, "Task.output", "completed or failed"),
        ({"output": [output("finding", "finding", "wishes_alarm")]}, "Task.output", "completed or failed"),
        ({"output": [output("refer-on", "unit-kind", "nobody")]}, "Task.output", "elderly_centre"),
        (
            {
                "output": [
                    output("refer-on", "unit-kind", "elderly_centre"),
                    output("refer-on", "unit-kind", "care_team"),
                ]
            },
            "Task.output",
            "one kind of unit at a time",
        ),
        (
            {"status": "in-progress", "output": [output("refer-on", "unit-kind", "elderly_centre")]},
            "Task.output",
            "a change of its own",
        ),
        ({"businessStatus": concept("business-status", "visit_scheduled")}, "Task.extension", "valueDateTime"),
        ({"identifier": [{"system": "x", "value": "A-17"}]}, "Task.identifier", "comes with an answer"),
        (
            {"status": "in-progress", "identifier": [{"system": "x", "value": "Chan Tai Man"}]},
            "Task.identifier",
            "letters, digits",
        ),
        (
            {"status": "in-progress", "identifier": [{"system": "x", "value": "1"}, {"system": "y", "value": "2"}]},
            "Task.identifier",
            "say one",
        ),
    ],
)
def test_what_cannot_be_taken_is_refused_with_what_where_and_how(changes: dict[str, Any], at: str, mend: str) -> None:
    with pytest.raises(Fault, match=mend.replace("[", r"\[")) as refused:
        answered(changes)
    assert refused.value.status in (400, 422) and list(refused.value.at) == [at]


def test_attempts_are_counted_one_by_one() -> None:
    before = {"status": "in-progress", "business_status": "contact_attempted", "attempts_to_reach": 1}
    for said in (0, 3):
        with pytest.raises(Fault, match="it stands at 1"):
            answered({"extension": [extension("attempts-to-reach", valueUnsignedInt=said)]}, **before)


def test_what_was_referred_on_before_is_not_referred_again() -> None:
    referred = {"unit_kind": "elderly_centre", "purpose": "assess_and_serve", "priority": "urgent", "at": NOW}
    assert answered({}, referred_on=[referred]) is None
