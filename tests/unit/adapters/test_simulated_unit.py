"""Simulated units: what they answer follows from the task alone, and the line can always take it."""

from contracts.instants import plus
from services.adapters.simulated_unit import SimulatedUnits
from services.line import Line
from services.runtime.fold import TICKS, UNIT_TICKS
from tests.scenario import expand
from tests.scenarios.feeds import ADMITTED, PAIR
from tests.scenarios.memory import processors, take
from tests.scenarios.model import Ends
from tests.unit.test_promises import tick


def told(hours: list[int]) -> Ends:
    line = Line((*processors(), SimulatedUnits().processor()), "2026-07-11T00:00:00.000Z")
    ends = Ends()
    for record in expand([*PAIR, ADMITTED]):
        take(line, record, ends)
    for hour in hours:
        take(line, tick(f"2026-07-{11 + hour // 24:02d}T{hour % 24:02d}:00:00.000Z", UNIT_TICKS), ends)
    return ends


def test_the_same_ticks_give_the_same_answers() -> None:
    assert told(list(range(96))).tasks == told(list(range(96))).tasks


def test_they_answer_everything_and_are_never_refused() -> None:
    ends = told(list(range(0, 240, 3)))
    assert ends.dead == []
    assert {task["status"] for task in ends.tasks.values()} <= {"completed", "failed", "rejected"}
    assert [flag["status"] for flag in ends.flags.values() if flag["rule"] == "carer-admitted"] == ["closed"]


def test_without_ticks_nobody_answers() -> None:
    assert {task["status"] for task in told([]).tasks.values()} == {"requested"}


def test_what_was_reported_gets_the_outcomes_of_those_who_deal_with_it() -> None:
    outcomes: dict[str, set[str]] = {}
    findings: dict[str, set[str]] = {}
    reports = [
        ("welfare_unit", "mental_health_crisis_reported"),
        ("police", "violence_reported"),
        ("school", "youth_distress_reported"),
        ("volunteer", "child_at_risk_reported"),
    ]
    line, ends = Line((*processors(), SimulatedUnits().processor()), "2026-07-11T00:00:00.000Z"), Ends()
    lines = [
        {"type": "community.observation", "subject": f"p{number}", "by": by, "concern": concern}
        for number in range(25)
        for by, concern in reports
    ]
    for record in expand(lines):
        take(line, record, ends)
    for hour in range(0, 24 * 15, 3):
        for topic in (TICKS, UNIT_TICKS):
            take(line, tick(plus("2026-07-11T00:00:00.000Z", hours=hour), topic), ends)
    for task in ends.tasks.values():
        if task["status"] in ("completed", "failed"):
            outcomes.setdefault(task["purpose"], set()).add(task["outcome"])
            findings.setdefault(task["purpose"], set()).update(task["findings"])
    assert outcomes["assess_crisis"] == {"risk_assessed", "follow_up_planned", "hospital_referral_made"}
    assert outcomes["protect"] == outcomes["reach_out"] == {"risk_assessed", "follow_up_planned"}
    assert "needs_protection" in findings["verify_report"]
    after = [task for task in ends.tasks.values() if task["purpose"] == "protect" and task["part_of"]]
    assert after
    # in one tick a unit acknowledges at last, and the officer who was asked about that answers too: one comes too late
    assert set(ends.dead) <= {"stale_revision"}
    assert len(ends.dead) < len(ends.tasks) / 20
