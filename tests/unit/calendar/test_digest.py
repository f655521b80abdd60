"""What a unit is shown once a day."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.instants import day_of, in_hong_kong
from contracts.tasks import Task
from services.calendar import digest, next_digest
from tests.unit.calendar.made import calendar, hk
from tests.unit.calendar.test_service_time import INSTANTS, TABLES

AS_OF = hk("2026-07-13 08:45")
"""A Monday morning."""


def task(name: str, **changes: object) -> Task:
    """A routine task that has until Wednesday to be acknowledged."""
    made: dict[str, object] = {
        "task_id": name,
        "placer_id": name,
        "attempt": 1,
        "revision": 1,
        "status": "requested",
        "business_status": "queued",
        "for": "p-1",
        "household_id": "h-00000000-0000-0000-0000-000000000000",
        "flag_id": "f-1",
        "typology": "little-support",
        "level": "medium",
        "priority": "routine",
        "purpose": "visit_and_assess",
        "reason": ["little-support"],
        "reason_text": {"en": "x", "zh_hant": "x"},
        "asked_of": "care_team",
        "unit_kind": "care_team",
        "unit": "team-1",
        "district": "SSP",
        "requested_at": hk("2026-07-09 10:00"),
        "due_ack": hk("2026-07-15 10:00"),
        "due_contact": hk("2026-07-25 10:00"),
        "lawful_basis": "public_task",
    }
    return Task.model_validate({**made, **changes})


def names(tasks: tuple[Task, ...]) -> list[str]:
    return [one.task_id for one in tasks]


def test_each_task_stands_in_one_list_the_most_pressing_first() -> None:
    today, yesterday = hk("2026-07-13 17:00"), hk("2026-07-10 17:00")
    accepted = {"status": "accepted", "business_status": "delivered"}
    shown = digest(
        [
            task("new"),
            task("accepted-in-time", **accepted),
            task("acknowledge-today", due_ack=today),
            task("contact-today", due_contact=today, **accepted),
            task("late", due_ack=yesterday),
            task("later-still", due_ack=hk("2026-07-09 17:00")),
            task("urgent-and-late", due_contact=yesterday, priority="urgent", **accepted),
            task("reached", due_contact=yesterday, status="in-progress", business_status="contact_made"),
            task("told-to-stop", due_contact=yesterday, status="accepted", business_status="cancellation_requested"),
            task("done", due_contact=yesterday, status="completed", business_status="contact_made"),
            task("parked", due_contact=yesterday, status="on-hold", parked_until=hk("2026-07-20 10:00")),
            task("in-hospital", due_contact=yesterday, status="on-hold", resumes_as="accepted"),
            task("put-aside", due_contact=yesterday, status="on-hold", business_status="delivered"),
        ],
        AS_OF,
    )
    assert shown.day == date(2026, 7, 13)
    assert names(shown.new) == ["new"]
    assert names(shown.due_today) == ["acknowledge-today", "contact-today"]
    assert names(shown.overdue) == ["urgent-and-late", "later-still", "late", "put-aside"]
    assert shown
    assert not digest([task("accepted-in-time", **accepted)], AS_OF)


@pytest.mark.parametrize(
    ("hours", "after", "due"),
    [
        ("office", "2026-07-13 08:44", "2026-07-13 08:45"),
        ("office", "2026-07-13 08:45", "2026-07-14 08:45"),
        ("office", "2026-07-10 12:00", "2026-07-13 08:45"),
        ("care_team", "2026-07-10 12:00", "2026-07-11 08:45"),
        ("office", "2026-02-16 12:00", "2026-02-20 08:45"),
        ("round_the_clock", "2026-02-16 12:00", "2026-02-17 08:45"),
    ],
)
def test_the_next_digest(hours: str, after: str, due: str) -> None:
    assert next_digest(calendar(), hours, "08:45", hk(after)) == hk(due)


@given(st.sampled_from(TABLES), INSTANTS)
def test_there_is_one_digest_on_each_service_day(hours: str, instant: str) -> None:
    first = next_digest(calendar(), hours, "08:45", instant)
    second = next_digest(calendar(), hours, "08:45", first)
    assert first > instant
    assert day_of(second) > day_of(first)
    for due in (first, second):
        assert calendar().open_on(hours, day_of(due))
        assert in_hong_kong(due).strftime("%H:%M") == "08:45"
