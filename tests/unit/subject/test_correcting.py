"""A correction is an event of its own: it prevails, says what it corrects, and what it changes before it is sent."""

from typing import Any

import pytest

from services.runtime.errors import Problem
from services.subject.correcting import Accepted, accepted_events, correct
from tests.scenario import expand
from tests.unit.subject.lived import Lived
from tests.unit.subject.test_access import CARE, COHORT, LINES, asked

NOW = "2026-07-30T00:00:00.000Z"


def event(lived: Lived, name: str, who: str = "anna") -> Accepted:
    (found,) = (one for one in accepted_events(lived.holdings(who)) if one.envelope.id == name)
    return found


def active(lived: Lived) -> set[str]:
    return {
        flag["typology"]
        for task in lived.line.tasks
        if task.processor.name == "correlator"
        for _, value in task.store.items()
        for flag in value["flags"].values()
        if flag["status"] == "active"
    }


def test_it_prevails_and_what_it_corrects_is_kept() -> None:
    lived = Lived(*expand(LINES))
    made = correct(event(lived, "e-002"), {"cared_for_group": "disabled"}, NOW)
    headers = {name: value.decode() for name, value in made.record.headers}
    assert (headers["ce_correctsid"], headers["ce_source"]) == ("e-002", "swd-register")
    assert [(slot.split()[0], after["value"]["group"]) for slot, _, after in made.changes if after] == [
        ("care.gives", "disabled"),
        ("care.receives", "disabled"),
    ]
    lived.take([made.record])
    groups = [f["value"]["group"] for f in asked(lived, "anna")["facts"] if f["kind"] == "care.gives"]
    assert groups == ["elderly", "disabled"]


def test_when_it_happened_can_be_corrected() -> None:
    lived = Lived(*expand(LINES))
    made = correct(event(lived, "e-004"), {}, NOW, time="2026-07-08T00:00:00.000Z")
    assert {after["at"] for _, _, after in made.changes if after} == {"2026-07-08T00:00:00.000Z"}


def test_an_event_that_never_was_is_taken_back_by_another_type() -> None:
    lived = Lived(*expand(LINES))
    assert "carer-admitted" in active(lived)
    with pytest.raises(Problem, match=r"would stay as it is"):
        correct(event(lived, "e-003"), {"cohort": None, "scope": "outreach"}, NOW, kind="register.consent_granted")
    made = correct(event(lived, "e-003"), {}, NOW, kind="register.cohort_ended")
    lived.take([made.record])
    assert "carer-admitted" not in active(lived)


@pytest.mark.parametrize(
    ("said", "kind", "why"),
    [
        ({"cared_for_group": "elderly"}, None, "changes nothing"),
        ({"cared_for_group": "nobody"}, None, "cared_for_group"),
        ({"colour": "red"}, None, "colour"),
        ({}, "hospital.admitted", "carries no hospital.admitted"),
    ],
)
def test_what_cannot_be_sent_is_said(said: dict[str, Any], kind: str | None, why: str) -> None:
    lived = Lived(*expand([CARE, COHORT]))
    with pytest.raises(Problem, match=why):
        correct(event(lived, "e-001"), said, NOW, kind=kind)
