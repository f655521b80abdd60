"""Tasks as the referral desk could have published them, and units, for the FHIR adapter's tests."""

from typing import Any

from hypothesis import strategies as st

from contracts.flags import LEVELS
from contracts.instants import plus
from contracts.tasks import BUSINESS_STATUSES, OUTCOMES, REASONS, REFERRED_FOR, STATUSES, UNIT_KINDS, Task
from services.adapters.fhir import mapping
from services.book.view import as_unit_sees
from services.directory import Unit
from services.explanation.terms import FINDINGS, PURPOSES
from tests.unit.book.made import KEY, task

__all__ = ["NOW", "UNIT", "everything_published", "generated", "view_of"]

NOW = "2026-07-03T01:00:00.000Z"
UNIT = Unit.model_validate(
    {
        "id": "unit-a",
        "kind": "hotline",
        "name": {"en": "Unit A & partners", "zh-Hant": "甲單位"},
        "districts": ["SSP"],
        "channel": "fhir",
    }
)

_PRIORITIES = ("stat", "asap", "urgent", "routine")
_CLOCKS = ("acknowledge", "contact")
_TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=30)
_INSTANT = st.integers(-400_000, 400_000).map(lambda seconds: plus(NOW, seconds=seconds))
_CODE = st.from_regex(r"[a-z][a-z0-9_.-]{0,20}", fullmatch=True)


def view_of(one: Task) -> dict[str, Any]:
    """As its unit sees it."""
    return as_unit_sees(one.model_dump(mode="json", by_alias=True), KEY, one.unit)


@st.composite
def generated(draw: st.DrawFn) -> Task:
    """Any task, whether the desk would ever make it or not."""
    some_reason = st.sampled_from(sorted({code for codes in REASONS.values() for code in codes}))
    kind = draw(st.sampled_from(UNIT_KINDS))
    referred = st.sampled_from(sorted(REFERRED_FOR)).map(
        lambda one: {"unit_kind": one, "purpose": REFERRED_FOR[one][0], "priority": "urgent", "at": NOW}  # type: ignore[index]
    )
    return task(
        draw(st.uuids()).hex,
        UNIT.id,
        filler_id=draw(st.none() | st.from_regex(r"[A-Za-z0-9][A-Za-z0-9:._|-]{0,30}", fullmatch=True)),
        part_of=draw(st.none() | st.uuids().map(str)),
        revision=draw(st.integers(1, 500)),
        status=draw(st.sampled_from(STATUSES)),
        business_status=draw(st.sampled_from(BUSINESS_STATUSES)),
        status_reason=draw(st.none() | some_reason | _CODE),
        level=draw(st.sampled_from(LEVELS)),
        priority=draw(st.sampled_from(_PRIORITIES)),
        purpose=draw(st.sampled_from(sorted(PURPOSES)) | _CODE),
        reason=draw(st.lists(_CODE, min_size=1, max_size=3)),
        reason_text={"en": draw(_TEXT), "zh_hant": draw(_TEXT)},
        asked_of=kind,
        unit_kind=kind,
        requested_at=draw(_INSTANT),
        due_ack=draw(_INSTANT),
        due_contact=draw(_INSTANT),
        breaches=draw(st.lists(st.sampled_from(_CLOCKS), unique=True)),
        attempts_to_reach=draw(st.integers(0, 9)),
        parked_until=draw(st.none() | _INSTANT),
        visit_at=draw(st.none() | _INSTANT),
        due_visit=draw(st.none() | _INSTANT),
        findings=draw(st.lists(st.sampled_from(sorted(FINDINGS)), unique=True, max_size=3)),
        outcome=draw(st.none() | st.sampled_from(OUTCOMES)),
        referred_on=draw(st.lists(referred, max_size=2)),
    )


def everything_published(one: Task, changed_at: str = NOW) -> list[mapping.Resource]:
    """What a unit can read of a task."""
    view = view_of(one)
    return [mapping.task(view, UNIT, changed_at), mapping.service_request(view, UNIT, changed_at)]
