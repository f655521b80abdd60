"""Clocks that run out, doors that stay shut, outcomes that come too late: what ticks reveal, and who is told."""

from dataclasses import replace

from tests.scenarios.answers import (
    ACCEPT,
    CHECKED,
    HELP,
    LATER,
    LIST,
    LISTED,
    RELEASE,
    START,
    VISIT,
    complete,
    later,
)
from tests.scenarios.feeds import ADMITTED, CHECK, FLAG
from tests.scenarios.model import Answer, Ends, Later, Scenario, Tick, feed

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
CRISIS = feed(
    {"type": "housing.tenancy_started", "tenancy": "T1", "members": {"ben": 1980}},
    {
        "type": "community.observation",
        "subject": "ben",
        "by": "welfare_unit",
        "concern": "mental_health_crisis_reported",
        "at": "2026-07-10T22:00",
        "recorded": "2026-07-10T22:00",
        "received": "2026-07-10T22:05",
    },
)
"""On a Friday night."""
NEVER_IN = {
    "type": "hospital.admission_cancelled",
    "subject": "ben",
    "visit": "V3",
    "at": "2026-07-20T10:00",
    "id": "e-latest",
    "sequence": 100,
}
ARRANGED = Answer("ben", CHECKED, "schedule", more={"visit_at": "2026-07-20T02:00:00.000Z"})
LOOK = {"who": "ben", "purpose": "review_overdue", "unit": "ssp-district-office"}
RECEIVED = Answer("ben", CHECKED, "receive", at="2026-07-11T00:10:00.000Z")
SEEN = {**CHECK, "status": "received"}
ASSESS = {"who": "ben", "purpose": "assess_crisis", "unit_kind": "mental_wellness"}
DECLINED = "2026-07-16T02:00:00.000Z"
ATTEMPTS = [Answer("ben", CHECKED, "attempt", at=f"2026-07-12T0{hour}:00:00.000Z") for hour in (2, 3, 4)]


def corrected(admitted_at: str) -> list[Later]:
    """The hospital says, later, when it was."""
    said = {"type": "hospital.corrected", "subject": "anna", "visit": "V1", "admitted_at": admitted_at}
    return later({**said, "at": "2026-07-11T09:00", **LATER})


def breached_once(ends: Ends) -> None:
    """Ticks came three times; each clock ran out once."""
    revisions = [item for kind, item in ends.published if kind == "task" and item["purpose"] == CHECKED]
    marks = [(item["warnings"], item["breaches"], item["escalations"]) for item in revisions]
    ack, both = ["acknowledge"], ["acknowledge", "contact"]
    assert marks == [
        ([], [], []),
        (ack, [], []),
        (ack, ack, []),
        (ack, ack, ["review_unacknowledged"]),
        (both, ack, ["review_unacknowledged"]),
        (both, both, ["review_unacknowledged"]),
        (both, both, ["review_unacknowledged", "review_overdue"]),
    ]


def handed_on(ends: Ends) -> None:
    """From outreach to the 24-hour line and to the duty officer, each with its own time to acknowledge. What was
    promised to the caller stays."""
    tasks = sorted((t for t in ends.tasks.values() if t["purpose"] == "go_at_once"), key=lambda task: task["attempt"])
    assert [task["unit_kind"] for task in tasks] == ["outreach", "hotline", "district_office"]
    assert [task["part_of"] for task in tasks] == [None, tasks[0]["task_id"], tasks[1]["task_id"]]
    assert [task["due_ack"] for task in tasks] == [
        "2026-07-10T15:00:00.000Z",
        "2026-07-10T16:00:00.000Z",
        "2026-07-10T17:00:00.000Z",
    ]
    assert {task["due_contact"] for task in tasks} == {"2026-07-10T18:00:00.000Z"}


def reminded_once_each(ends: Ends) -> None:
    """The territory's officer is asked two hours after the caller should have been reached; that is the end of it."""
    matters = [item for kind, item in ends.published if kind == "task" and item["purpose"] == "review_still_overdue"]
    assert matters[0]["requested_at"] == "2026-07-10T20:00:00.000Z"
    assert matters[-1]["escalations"] == []
    handed_on(ends)


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
            },
            {
                "who": "anna",
                "purpose": "review_still_overdue",
                "unit": "district-office-territory",
                "status": "requested",
            },
        ],
        cases=[22],
        as_of="2026-07-10T14:10:00.000Z",
        check=reminded_once_each,
        any_order=True,
    ),
    Scenario(
        "a clock runs out once, however often a tick comes, and the unit keeps what is not at once",
        [*START, *(Tick(f"2026-07-{day}T12:00:00.000Z") for day in (12, 13, 14))],
        flags=[FLAG],
        tasks=[
            CHECK | {"attempt": 1, "revision": 7, "breaches": ["acknowledge", "contact"]},
            {"who": "ben", "purpose": "review_unacknowledged", "unit": "ssp-district-office", "status": "requested"},
            {"who": "ben", "purpose": "review_overdue", "unit": "ssp-district-office", "status": "requested"},
        ],
        cases=[22],
        as_of=BEGIN,
        check=breached_once,
    ),
    Scenario(
        "a visit is arranged for next week, and nobody says how it went: contact is overdue, and an officer looks",
        [*START, ACCEPT, ARRANGED, Tick("2026-07-20T12:00:00.000Z"), Tick("2026-07-21T02:00:00.000Z")],
        flags=[FLAG],
        tasks=[
            CHECK
            | {
                "status": "in-progress",
                "business_status": "visit_scheduled",
                "due_visit": "2026-07-21T02:00:00.000Z",
                "warnings": [],
                "breaches": ["contact"],
            },
            LOOK | {"status": "requested", "requested_at": "2026-07-21T02:00:00.000Z"},
        ],
        cases=[22],
        as_of=BEGIN,
    ),
    Scenario(
        "a visit is arranged for next week, and the unit says that it has met the person: nothing is overdue",
        [
            *START,
            ACCEPT,
            ARRANGED,
            Answer("ben", CHECKED, "contact", at="2026-07-20T03:00:00.000Z"),
            Tick("2026-07-31T00:00:00.000Z"),
        ],
        flags=[FLAG],
        tasks=[CHECK | {"status": "in-progress", "breaches": [], "due_visit": None}],
        cases=[22],
        as_of=BEGIN,
    ),
    Scenario(
        "contact is overdue, and the unit arranges a visit: the officer still looks, until somebody has been met",
        [*START, ACCEPT, Tick("2026-07-13T12:00:00.000Z"), replace(ARRANGED, at="2026-07-13T13:00:00.000Z")],
        flags=[FLAG],
        tasks=[
            CHECK | {"status": "in-progress", "business_status": "visit_scheduled", "breaches": ["contact"]},
            LOOK | {"status": "requested"},
        ],
        cases=[22],
        as_of=BEGIN,
    ),
    Scenario(
        "who has acknowledged in time and made contact breaches nothing",
        [*START, ACCEPT, Answer("ben", CHECKED, "contact"), Tick("2026-07-31T00:00:00.000Z")],
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
            CHECK | {"status": "in-progress", "parked_until": None, "breaches": [], "due_contact": "2026-07-29T04:00Z"},
            {"who": "ben", "purpose": "review_unreached", "status": "requested"},
            # for two weeks the duty officer of the district has not said what next
            {"who": "ben", "purpose": "review_still_overdue", "unit": "district-office-territory"},
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
            {
                **HELP,
                "unit_kind": "hotline",
                "status": "requested",
                "due_ack": "2026-07-12T04:00Z",
                "due_contact": "2026-07-12T06:00Z",
            },
        ],
        cases=[22],
        as_of=BEGIN,
    ),
    Scenario(
        "the hotline acknowledges late: the duty officer has nothing more to look at",
        [*START, Tick("2026-07-11T03:00:00.000Z"), replace(ACCEPT, at="2026-07-11T03:30:00.000Z")],
        flags=[FLAG],
        tasks=[
            CHECK | {"status": "accepted", "breaches": ["acknowledge"]},
            {
                "who": "ben",
                "purpose": "review_unacknowledged",
                "status": "cancelled",
                "status_reason": "no_longer_overdue",
            },
        ],
        cases=[22],
        as_of=BEGIN,
    ),
    Scenario(
        "a crisis is reported on Friday night: its clocks wait for the centre to open on Saturday",
        [*CRISIS, Tick("2026-07-11T03:59:00.000Z")],
        flags=[{"who": "ben", "rule": "mental-health-crisis", "status": "active"}],
        tasks=[
            ASSESS
            | {
                "status": "requested",
                "warnings": [],
                "breaches": [],
                "due_ack": "2026-07-11T05:00Z",
                "due_contact": "2026-07-13T01:00Z",
            }
        ],
        cases=[22],
        as_of="2026-07-10T14:10:00.000Z",
    ),
    Scenario(
        "nobody acknowledges it: reminded at three quarters, then the duty officer, whose time begins on Monday",
        [*CRISIS, Tick("2026-07-12T16:00:00.000Z")],
        flags=[{"who": "ben", "rule": "mental-health-crisis", "status": "active"}],
        tasks=[
            ASSESS | {"status": "requested", "breaches": ["acknowledge"], "escalations": ["review_unacknowledged"]},
            {
                "who": "ben",
                "purpose": "review_unacknowledged",
                "unit": "ssp-district-office",
                "priority": "asap",
                "due_ack": "2026-07-13T04:45Z",
                "breaches": [],
            },
        ],
        cases=[22],
        as_of="2026-07-10T14:10:00.000Z",
    ),
    Scenario(
        "a routine visit that nobody acknowledges: it is in the digest, and no officer has a task for each",
        [*LIST, RELEASE, Tick("2026-08-20T00:00:00.000Z")],
        flags=[LISTED],
        tasks=[VISIT | {"status": "requested", "breaches": ["acknowledge", "contact"], "escalations": []}],
        cases=[22],
    ),
    Scenario(
        "a unit declines: the next has its own time to acknowledge, and what was promised to the person stays",
        [*LIST, RELEASE, Answer("household T1", "visit_and_assess", "reject", at=DECLINED, reason="no_capacity")],
        flags=[LISTED],
        tasks=[
            VISIT | {"attempt": 1, "status": "rejected"},
            VISIT | {"attempt": 2, "status": "requested", "requested_at": DECLINED, "due_contact": "2026-07-26T02:00Z"},
        ],
        cases=[20],
    ),
    Scenario(
        "told later that the admission was later: what the unit has seen stays",
        [*START, RECEIVED, *corrected("2026-07-11T06:00")],
        flags=[FLAG | {"episode_at": "2026-07-10T22:00Z"}],
        tasks=[SEEN | {"due_ack": "2026-07-11T02:00Z", "due_contact": "2026-07-13T02:00Z"}],
        as_of=BEGIN,
    ),
    Scenario(
        "told later that the admission was earlier: the unit has less time",
        [*START, RECEIVED, *corrected("2026-07-09T08:00")],
        flags=[FLAG | {"episode_at": "2026-07-09T00:00Z"}],
        tasks=[SEEN | {"due_ack": "2026-07-11T02:00Z", "due_contact": "2026-07-12T01:00Z"}],
        cases=[35],
        as_of=BEGIN,
    ),
    Scenario(
        "held while nobody was at home: its clocks run anew from the end of that, and nobody was late",
        [
            *START,
            ACCEPT,
            *later({**ADMITTED, "subject": "ben", "visit": "V3", "at": "2026-07-12T09:00", **LATER}),
            Tick("2026-07-19T00:00:00.000Z"),
            *later(NEVER_IN),
        ],
        flags=[FLAG],
        tasks=[CHECK | {"status": "accepted", "warnings": [], "breaches": [], "due_contact": "2026-07-22T00:00Z"}],
        cases=[12],
        as_of=BEGIN,
    ),
)
