"""Which clocks run for a task, and whose hold stops them."""

import pytest

from contracts.tasks import TERMINAL
from services.calendar.running import contact_due, is_held, running

BOTH, ACKNOWLEDGE, CONTACT = ("acknowledge", "contact"), ("acknowledge",), ("contact",)


@pytest.mark.parametrize(
    ("status", "business_status", "clocks"),
    [
        ("requested", "queued", BOTH),
        ("requested", "delivery_failed", BOTH),
        ("received", "delivered", BOTH),
        ("received", "escalated", BOTH),
        ("requested", "contact_made", ACKNOWLEDGE),  # asked again: another of the unit has to take it
        ("received", "visit_scheduled", BOTH),
        ("accepted", "delivered", CONTACT),
        ("in-progress", "contact_attempted", CONTACT),
        ("in-progress", "no_show", CONTACT),
        ("on-hold", "delivered", CONTACT),
        ("in-progress", "contact_made", ()),
        ("accepted", "visit_scheduled", CONTACT),  # until the unit says how it went
        ("in-progress", "service_started", ()),
        ("accepted", "cancellation_requested", ()),
        ("received", "cancellation_requested", ()),
    ],
)
def test_what_runs(status: str, business_status: str, clocks: tuple[str, ...]) -> None:
    assert running(status, business_status, held=False) == clocks


@pytest.mark.parametrize("status", sorted(TERMINAL))
def test_none_runs_for_what_has_ended(status: str) -> None:
    assert running(status, "delivered", held=False) == ()


def test_our_hold_stops_them_and_only_on_hold() -> None:
    assert running("on-hold", "delivered", held=True) == ()
    assert running("accepted", "delivered", held=True) == CONTACT


@pytest.mark.parametrize(
    ("parked_until", "resumes_as", "status_reason", "ours"),
    [
        (None, "accepted", "in_hospital", True),
        ("2026-07-16T00:00:00.000Z", "accepted", "person_away", True),
        ("2026-07-16T00:00:00.000Z", None, None, True),
        ("2026-07-16T00:00:00.000Z", None, "unreachable", True),
        ("2026-07-16T00:00:00.000Z", None, "person_away", False),
        (None, None, "person_away", False),
        (None, None, None, False),
    ],
)
def test_whose_hold_it_is(
    parked_until: str | None, resumes_as: str | None, status_reason: str | None, ours: bool
) -> None:
    assert is_held(parked_until, resumes_as, status_reason) is ours


@pytest.mark.parametrize(
    ("business_status", "due_visit", "due"),
    [
        ("delivered", None, "2026-07-10"),
        ("visit_scheduled", "2026-07-14", "2026-07-14"),
        ("visit_scheduled", "2026-07-09", "2026-07-10"),  # what was promised stands
        ("visit_scheduled", None, "2026-07-10"),
        ("no_show", "2026-07-14", "2026-07-10"),
    ],
)
def test_an_arranged_visit_stands_for_the_contact_until_it_should_have_been_told_of(
    business_status: str, due_visit: str | None, due: str
) -> None:
    assert contact_due("2026-07-10", business_status, due_visit) == due
