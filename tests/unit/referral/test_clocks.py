"""By when a task is due, when its unit is reminded, and what comes next of it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.flags import Priority
from services.policy import load_clocks
from services.referral.clocks import falls_due
from tests.scenarios.memory import POLICY
from tests.unit.calendar.made import hk
from tests.unit.calendar.test_service_time import INSTANTS

CLOCKS = load_clocks(POLICY)
PRIORITIES: list[Priority] = ["stat", "asap", "urgent", "routine"]
NIGHT = hk("2026-07-10 23:30")
"""A Friday."""


@pytest.mark.parametrize(
    ("priority", "hours", "began", "received", "ack", "contact"),
    [
        # from the admission, told the next morning
        ("urgent", "round_the_clock", "2026-07-10 10:00", "2026-07-11 07:00", "2026-07-11 10:00", "2026-07-13 10:00"),
        # told so late that only the floor is left
        ("urgent", "round_the_clock", "2026-07-10 10:00", "2026-07-15 07:00", "2026-07-15 09:00", "2026-07-15 09:00"),
        ("urgent", "office", "2026-07-10 10:00", "2026-07-15 16:00", "2026-07-16 10:00", "2026-07-16 10:00"),
        ("stat", "round_the_clock", "2026-07-10 23:30", "2026-07-10 23:30", "2026-07-11 00:30", "2026-07-11 03:30"),
        ("asap", "office", "2026-07-10 23:30", "2026-07-10 23:30", "2026-07-13 13:00", "2026-07-14 09:00"),
        ("routine", "elderly_centre", "2026-02-16 12:00", "2026-02-16 12:00", "2026-02-25 12:00", "2026-03-07 12:00"),
    ],
)
def test_a_task_is_due(priority: Priority, hours: str, began: str, received: str, ack: str, contact: str) -> None:
    from_ = (hk(began), hk(received))
    times = CLOCKS.times(priority, hours, from_, from_)
    assert (times.due_ack, times.due_contact) == (hk(ack), hk(contact))


def test_a_unit_is_reminded_at_three_quarters_of_what_it_has() -> None:
    """The hours before we were told are not the unit's."""
    from_ = (hk("2026-07-10 10:00"), hk("2026-07-11 06:00"))
    times = CLOCKS.times("urgent", "round_the_clock", from_, from_)
    assert (times.warn_ack, times.warn_contact) == (hk("2026-07-11 09:00"), hk("2026-07-12 21:00"))


def test_by_which_hours() -> None:
    assert CLOCKS.hours("stat", False, "office") == "round_the_clock"
    assert CLOCKS.hours("urgent", True, "office") == "round_the_clock"
    assert CLOCKS.hours("urgent", False, "care_team") == "care_team"
    assert CLOCKS.hours("urgent", False, None) == "office"


@given(st.sampled_from(PRIORITIES), st.sampled_from(sorted(CLOCKS.calendar.tables)), INSTANTS, INSTANTS)
def test_reminded_before_due_and_acknowledged_before_contact(
    priority: Priority, hours: str, one: str, other: str
) -> None:
    from_ = (min(one, other), max(one, other))
    times = CLOCKS.times(priority, hours, from_, from_)
    assert times.warn_ack is not None and times.warn_contact is not None
    assert from_[1] <= times.warn_ack <= times.due_ack <= times.due_contact
    assert times.warn_contact <= times.due_contact


@given(st.sampled_from(sorted(CLOCKS.calendar.tables)), INSTANTS)
def test_what_is_more_urgent_is_due_sooner(hours: str, began: str) -> None:
    dues = [CLOCKS.times(priority, hours, (began, began), (began, began)) for priority in PRIORITIES]
    assert [due.due_contact for due in dues[1:]] == sorted(due.due_contact for due in dues[1:])
    assert [due.due_ack for due in dues[1:]] == sorted(due.due_ack for due in dues[1:])


def task(**changes: object) -> dict[str, Any]:
    """What is looked at of a task in the state."""
    return {
        "status": "requested",
        "business_status": "queued",
        "priority": "urgent",
        "purpose": "visit",
        "unit_kind": "care_team",
        "hours": "office",
        "due_ack": hk("2026-07-13 12:00"),
        "due_contact": hk("2026-07-15 12:00"),
        "warn_ack": hk("2026-07-13 11:00"),
        "warn_contact": hk("2026-07-14 12:00"),
        "warnings": [],
        "breaches": [],
        "escalations": [],
        "parked_until": None,
        "resumes_as": None,
        "status_reason": None,
        **changes,
    }


BOTH = ["acknowledge", "contact"]


@pytest.mark.parametrize(
    ("changes", "comes"),
    [
        ({}, ("2026-07-13 11:00", "remind", "acknowledge")),
        ({"warnings": ["acknowledge"]}, ("2026-07-13 12:00", "breach", "acknowledge")),
        # what has run out reminds nobody any more
        ({"breaches": ["acknowledge"]}, ("2026-07-13 12:00", "ask", "review_unacknowledged")),
        (
            {"breaches": ["acknowledge"], "escalations": ["review_unacknowledged"]},
            ("2026-07-14 12:00", "remind", "contact"),
        ),
        ({"status": "accepted"}, ("2026-07-14 12:00", "remind", "contact")),
        ({"status": "accepted", "warnings": BOTH}, ("2026-07-15 12:00", "breach", "contact")),
        ({"status": "accepted", "breaches": BOTH}, ("2026-07-15 12:00", "ask", "review_overdue")),
        # two service days later: over the weekend
        (
            {
                "status": "accepted",
                "breaches": BOTH,
                "escalations": ["review_overdue"],
                "due_contact": hk("2026-07-16 12:00"),
            },
            ("2026-07-20 12:00", "ask", "review_still_overdue"),
        ),
        ({"status": "accepted", "breaches": BOTH, "escalations": ["review_overdue", "review_still_overdue"]}, None),
        # the duty officer has it: only the territory's is asked
        (
            {"status": "accepted", "breaches": BOTH, "unit_kind": "district_office"},
            ("2026-07-17 12:00", "ask", "review_still_overdue"),
        ),
        # what an officer was asked about a clock ends there
        ({"status": "accepted", "breaches": BOTH, "purpose": "review_overdue"}, None),
        ({"status": "accepted", "breaches": BOTH, "priority": "routine"}, None),
        ({"status": "accepted", "business_status": "contact_made"}, None),
        ({"status": "in-progress", "business_status": "cancellation_requested"}, None),
        ({"status": "completed"}, None),
        # on hold by its unit: the person waits all the same; by us: nobody is late
        ({"status": "on-hold", "business_status": "delivered"}, ("2026-07-14 12:00", "remind", "contact")),
        ({"status": "on-hold", "business_status": "delivered", "resumes_as": "accepted"}, None),
        (
            {"status": "on-hold", "business_status": "escalated", "parked_until": hk("2026-07-26 12:00")},
            ("2026-07-26 12:00", "parked", ""),
        ),
        (
            {"status": "on-hold", "parked_until": hk("2026-07-26 12:00"), "status_reason": "bad_weather"},
            ("2026-07-14 12:00", "remind", "contact"),
        ),
        (
            {"status": "on-hold", "parked_until": hk("2026-07-14 09:00"), "status_reason": "bad_weather"},
            ("2026-07-14 09:00", "parked", ""),
        ),
    ],
)
def test_what_comes_next(changes: dict[str, object], comes: tuple[str, str, str] | None) -> None:
    due = falls_due(task(**changes), CLOCKS)
    assert (due and (due.at, due.kind, due.what)) == (comes and (hk(comes[0]), *comes[1:]))


def test_no_chain_goes_on_for_ever() -> None:
    """Whatever comes is written into the task; then nothing is left."""
    for priority in PRIORITIES:
        for kind in ("care_team", "district_office"):
            raw, steps = task(priority=priority, unit_kind=kind), 0
            while (due := falls_due(raw, CLOCKS)) is not None:
                marks = {"remind": "warnings", "breach": "breaches", "ask": "escalations"}[due.kind]
                raw[marks] = [*raw[marks], due.what]
                steps += 1
                assert steps <= 8, (priority, kind, raw)
