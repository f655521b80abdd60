"""Clocks that run out, doors that stay shut, outcomes that come too late: what ticks reveal, and who is told."""

from tests.scenarios.answers import ACCEPT, CHECKED, HELP, LATER, START, complete, later
from tests.scenarios.feeds import ADMITTED, CHECK, FLAG
from tests.scenarios.model import Answer, Ends, Scenario, Tick, feed

__all__ = ["CLOCKS"]

BEGIN = "2026-07-11T00:00:00.000Z"
CALL = feed(
    {
        "type": "hotline.contact",
        "subject": "anna",
        "topics": ["care"],
        "immediate_danger": True,
        "at": "2026-07-10T22:00",
        "recorded": "2026-07-10T22:00",
        "received": "2026-07-10T22:05",
    },
)
DANGER = {"who": "anna", "rule": "immediate-danger", "status": "active"}
GO = {"who": "anna", "purpose": "go_at_once"}
NIGHT = "2026-07-10T15:30:00.000Z"
"""Half past eleven at night in Hong Kong."""
ATTEMPTS = [Answer("ben", CHECKED, "attempt", at=f"2026-07-12T0{hour}:00:00.000Z") for hour in (2, 3, 4)]


def breached_once(ends: Ends) -> None:
    """Ticks came three times; each clock ran out once."""
    revisions = [item for kind, item in ends.published if kind == "task" and item["purpose"] == CHECKED]
    assert [item["breaches"] for item in revisions] == [[], ["acknowledge"], ["acknowledge", "contact"]]


def handed_on(ends: Ends) -> None:
    """From outreach to the 24-hour line and to the duty officer, each with clocks of its own."""
    tasks = sorted(ends.tasks.values(), key=lambda task: task["attempt"])
    assert [task["unit_kind"] for task in tasks] == ["outreach", "hotline", "district_office"]
    assert [task["part_of"] for task in tasks] == [None, tasks[0]["task_id"], tasks[1]["task_id"]]
    assert [task["due_ack"] for task in tasks] == [
        "2026-07-10T15:00:00.000Z",
        "2026-07-10T16:00:00.000Z",
        "2026-07-10T17:00:00.000Z",
    ]


CLOCKS = (
    Scenario(
        "at night nobody acknowledges a call for help in time: it goes to the 24-hour line",
        [*CALL, Tick(NIGHT)],
        flags=[DANGER],
        tasks=[
            GO | {"unit_kind": "outreach", "status": "cancelled", "status_reason": "not_acknowledged"},
            GO | {"unit_kind": "hotline", "unit": "hotline-182183", "status": "requested", "attempt": 2},
        ],
        cases=[22],
        as_of="2026-07-10T14:10:00.000Z",
    ),
    Scenario(
        "the 24-hour line does not acknowledge it either: the duty officer, who keeps it; one late tick reveals it all",
        [*CALL, Tick("2026-07-12T00:00:00.000Z")],
        flags=[DANGER],
        tasks=[
            GO
            | {
                "unit_kind": "district_office",
                "status": "requested",
                "attempt": 3,
                "breaches": ["acknowledge", "contact"],
            }
        ],
        cases=[22],
        as_of="2026-07-10T14:10:00.000Z",
        check=handed_on,
        any_order=True,
    ),
    Scenario(
        "a clock runs out once, however often a tick comes, and the unit keeps what is not at once",
        [*START, *(Tick(f"2026-07-{day}T12:00:00.000Z") for day in (12, 13, 14))],
        flags=[FLAG],
        tasks=[CHECK | {"attempt": 1, "revision": 3, "breaches": ["acknowledge", "contact"]}],
        cases=[22],
        as_of=BEGIN,
        check=breached_once,
    ),
    Scenario(
        "who has acknowledged in time and made contact breaches nothing",
        [*START, ACCEPT, Answer("ben", CHECKED, "start"), Tick("2026-07-31T00:00:00.000Z")],
        flags=[FLAG],
        tasks=[CHECK | {"status": "in-progress", "breaches": []}],
        cases=[22],
        as_of=BEGIN,
    ),
    Scenario(
        "three attempts in vain: the task rests, and the duty officer is asked what next",
        [*START, ACCEPT, *ATTEMPTS],
        flags=[FLAG],
        tasks=[
            CHECK | {"status": "on-hold", "business_status": "escalated", "parked_until": "2026-07-26T04:00:00.000Z"},
            {"who": "ben", "purpose": "review_unreached", "unit": "ssp-district-office", "status": "requested"},
        ],
        cases=[28],
        as_of=BEGIN,
    ),
    Scenario(
        "what was parked is due again when its time is up",
        [*START, ACCEPT, *ATTEMPTS, Tick("2026-07-26T04:00:00.000Z")],
        flags=[FLAG],
        tasks=[
            CHECK | {"status": "in-progress", "parked_until": None},
            {"who": "ben", "purpose": "review_unreached", "status": "requested"},
        ],
        cases=[28],
        as_of=BEGIN,
    ),
    Scenario(
        "somebody is reached after all: the flag is closed, and the officer has nothing more to decide",
        [*START, ACCEPT, *ATTEMPTS, complete(CHECKED, "already_supported", "cover_confirmed")],
        flags=[FLAG | {"status": "closed", "outcome": "arranged_already"}],
        tasks=[
            CHECK | {"status": "completed"},
            {"who": "ben", "purpose": "review_unreached", "status": "cancelled", "status_reason": "answered"},
        ],
        cases=[28],
        as_of=BEGIN,
    ),
    Scenario(
        "a new admission while the task is parked: it is due again at once",
        [*START, ACCEPT, *ATTEMPTS, *later({**ADMITTED, "visit": "V2", "at": "2026-07-20", **LATER})],
        flags=[FLAG | {"episode": "V1"}, FLAG | {"episode": "V2"}],
        tasks=[
            CHECK | {"status": "in-progress", "parked_until": None},
            {"who": "ben", "purpose": "review_unreached", "status": "requested"},
        ],
        cases=[28],
        as_of=BEGIN,
    ),
    Scenario(
        "the duty officer declines what was put to them: another office, it never vanishes",
        [*START, ACCEPT, *ATTEMPTS, Answer("ben", "review_unreached", "reject", reason="conflict_of_interest")],
        flags=[FLAG],
        tasks=[
            CHECK | {"status": "on-hold"},
            {"who": "ben", "purpose": "review_unreached", "status": "rejected", "attempt": 1},
            {"who": "ben", "purpose": "review_unreached", "unit": "district-office-territory", "attempt": 2},
        ],
        cases=[20, 28],
        as_of=BEGIN,
    ),
    Scenario(
        "emergency support lets it lie: the 24-hour line has it next",
        [
            *START,
            ACCEPT,
            complete(CHECKED, "follow_up_planned", "no_arrangement"),
            Tick("2026-07-12T03:00:00.000Z"),
        ],
        flags=[FLAG],
        tasks=[
            CHECK | {"status": "completed"},
            HELP | {"status": "cancelled", "status_reason": "not_acknowledged"},
            {**HELP, "unit_kind": "hotline", "status": "requested", "due_contact": "2026-07-12T07:00Z"},
        ],
        cases=[22],
        as_of=BEGIN,
    ),
)
