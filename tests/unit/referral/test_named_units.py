"""What is reported of violence goes to named units alone, also where nobody answers in time."""

import pytest

from services.line import Line
from services.runtime.fold import TICKS
from tests.scenario import expand
from tests.scenarios.memory import processors, take
from tests.scenarios.model import Ends
from tests.unit.test_promises import tick


@pytest.mark.parametrize(
    ("line_of_feed", "purpose", "kinds"),
    [
        (
            {"type": "community.observation", "subject": "anna", "by": "police", "concern": "violence_reported"},
            "protect",
            ["family_protection", "district_office"],
        ),
        (
            {"type": "hotline.contact", "subject": "anna", "topics": ["care"], "immediate_danger": True},
            "go_at_once",
            ["outreach", "hotline", "district_office"],
        ),
    ],
)
def test_whoever_lets_a_report_of_violence_lie_it_reaches_no_carers_line(
    line_of_feed: dict[str, object], purpose: str, kinds: list[str]
) -> None:
    line, ends = Line(processors(), "2026-07-10T00:00:00.000Z"), Ends()
    for record in expand([line_of_feed]):
        take(line, record, ends)
    for day in range(12, 18):
        take(line, tick(f"2026-07-{day}T00:00:00.000Z", TICKS), ends)
    mine = sorted((task for task in ends.tasks.values() if task["purpose"] == purpose), key=lambda t: t["attempt"])
    assert [task["unit_kind"] for task in mine] == kinds
