"""What units and officers answer, in the order of the log, and what becomes of the flag and its tasks."""

from itertools import count

from tests.scenario import expand
from tests.scenarios.feeds import ADMITTED, CANCELLED, CARE, CHECK, COUPLE, DISCHARGED, FLAG, PAIR, gone
from tests.scenarios.model import Answer, Ends, Later, Release, Scenario, Tick, feed

__all__ = ["ANSWERS"]

_PHASES = count(1)

START = feed(*PAIR, ADMITTED)
CHECKED = "check_arrangements"
ACCEPT = Answer("ben", CHECKED, "accept")
HELP = {"who": "ben", "purpose": "arrange_emergency_support", "unit_kind": "emergency_support"}
CLOSED = {"who": "ben", "rule": "carer-admitted", "status": "closed"}
LATER = {"id": "e-later", "sequence": 99}
BACK = {**DISCHARGED, **LATER}
BACK_AGAIN = {
    "type": "hospital.discharge_cancelled",
    "subject": "anna",
    "visit": "V1",
    "at": "2026-07-14T18:00",
    "id": "e-latest",
    "sequence": 100,
}
COVERED = {
    "type": "community.observation",
    "by": "care_team",
    "subject": "ben",
    "concern": "care_covered",
    "at": "2026-07-13T10:00",
    **LATER,
}


def later(*lines: dict[str, object]) -> list[Later]:
    """Feed records of some time after: never told before what stands above them."""
    phase = next(_PHASES)
    return [Later(record.topic, record.key, record.value, record.headers, phase=phase) for record in expand(lines)]


def complete(purpose: str, outcome: str, *findings: str, who: str = "ben", **more: object) -> Answer:
    """A unit reports what it found."""
    return Answer(who, purpose, "complete", outcome=outcome, findings=findings, **more)  # type: ignore[arg-type]


def reject(reason: str = "no_capacity", who: str = "household T1", purpose: str = "visit_and_assess") -> Answer:
    """A unit declines."""
    return Answer(who, purpose, "reject", reason=reason)


def help_hangs_on_the_check(ends: Ends) -> None:
    """The emergency task is a part of the check that led to it, and its clock runs from the answer."""
    task = ends.task("ben", "arrange_emergency_support")
    assert task["part_of"] == ends.task("ben", CHECKED)["task_id"]
    assert task["requested_at"] == "2026-07-12T02:00:00.000Z"
    assert task["due_contact"] == "2026-07-12T06:00:00.000Z"


def all_different_units(ends: Ends) -> None:
    """No task went back to a unit that had declined it."""
    owners = [task["unit"] for task in sorted(ends.tasks.values(), key=lambda task: task["attempt"])]
    assert len(set(owners)) == len(owners), owners


def parts_of_the_visit(ends: Ends) -> None:
    """What the visit found leads back to it."""
    visit = ends.task("household T1", "visit_and_assess")["task_id"]
    assert {t["part_of"] for t in ends.tasks.values() if t["purpose"] != "visit_and_assess"} == {visit}


def said_once(ends: Ends) -> None:
    """The answer that came twice counts once."""
    assert [item["status"] for kind, item in ends.published if kind == "task"].count("accepted") == 1


CARER_ADMITTED = (
    Scenario(
        "no arrangement: emergency support at once",
        [*START, ACCEPT, complete(CHECKED, "follow_up_planned", "no_arrangement")],
        flags=[FLAG],
        tasks=[
            CHECK | {"status": "completed", "findings": ["no_arrangement"]},
            HELP | {"status": "requested", "priority": "stat", "unit": "emergency-support-kw"},
        ],
        check=help_hangs_on_the_check,
        any_order=True,
    ),
    Scenario(
        "emergency support has been arranged: a person has closed the flag",
        [
            *START,
            ACCEPT,
            complete(CHECKED, "follow_up_planned", "no_arrangement"),
            Answer("ben", "arrange_emergency_support", "accept"),
            complete("arrange_emergency_support", "placement_arranged"),
        ],
        flags=[CLOSED | {"outcome": "confirmed_need", "cause": "confirmed_need"}],
        tasks=[CHECK | {"status": "completed"}, HELP | {"status": "completed", "outcome": "placement_arranged"}],
    ),
    Scenario(
        "nobody answers the telephone: somebody goes and looks, nobody is placed",
        [
            *START,
            ACCEPT,
            Answer("ben", CHECKED, "attempt"),
            Answer("ben", CHECKED, "attempt"),
            complete(CHECKED, "not_located", "unreachable"),
        ],
        flags=[FLAG],
        tasks=[
            CHECK | {"status": "completed", "attempts_to_reach": 2},
            {"who": "ben", "purpose": "visit", "unit_kind": "outreach", "status": "requested"},
        ],
        cases=[36],
    ),
    Scenario(
        "the visit in vain too: unreachable, said by a person",
        [
            *START,
            ACCEPT,
            complete(CHECKED, "not_located", "unreachable"),
            Answer("ben", "visit", "accept"),
            Answer("ben", "visit", "fail", outcome="not_located"),
        ],
        flags=[CLOSED | {"outcome": "unreachable"}],
        tasks=[{"who": "ben", "purpose": "visit", "status": "failed"}],
        cases=[36],
    ),
    Scenario(
        "cover is confirmed by the hotline: arranged already",
        [*START, ACCEPT, complete(CHECKED, "already_supported", "cover_confirmed")],
        flags=[CLOSED | {"outcome": "arranged_already"}],
        tasks=[CHECK | {"status": "completed"}],
    ),
    Scenario(
        "cover is confirmed by an observation: mitigated, and what is unanswered is taken back",
        [*START, *later(COVERED)],
        flags=[{**FLAG, "status": "mitigated", "cause": "cover_confirmed"}],
        tasks=[CHECK | {"status": "cancelled", "status_reason": "cover_confirmed"}],
    ),
    Scenario(
        "nobody is closed as 'no need' by itself: the carer's return retracts, it does not close",
        [*START, *later(BACK)],
        flags=[gone("returned_home")],
        tasks=[CHECK | {"status": "cancelled", "status_reason": "returned_home"}],
    ),
    Scenario(
        "the admission was cancelled: the unanswered task goes",
        [*START, *later({**CANCELLED, **LATER})],
        flags=[gone("admission_cancelled")],
        tasks=[CHECK | {"status": "cancelled", "status_reason": "admission_cancelled"}],
        cases=[2],
    ),
    Scenario(
        "the admission was cancelled when the unit had accepted: it is asked to stop, and decides",
        [*START, ACCEPT, *later({**CANCELLED, **LATER})],
        flags=[gone("admission_cancelled")],
        tasks=[CHECK | {"status": "accepted", "business_status": "cancellation_requested"}],
        cases=[2],
    ),
    Scenario(
        "the unit agrees to stop",
        [*START, ACCEPT, *later({**CANCELLED, **LATER}), Answer("ben", CHECKED, "confirm_cancel")],
        flags=[gone("admission_cancelled")],
        tasks=[CHECK | {"status": "cancelled", "business_status": "cancellation_requested"}],
        cases=[2],
    ),
    Scenario(
        "the unit does not stop: what it found is kept, and is the outcome",
        [
            *START,
            ACCEPT,
            *later(BACK),
            Answer("ben", CHECKED, "start"),
            complete(CHECKED, "care_resumed"),
        ],
        flags=[CLOSED | {"outcome": "arranged_already"}],
        tasks=[CHECK | {"status": "completed", "outcome": "care_resumed"}],
        cases=[26],
    ),
    Scenario(
        "a request to stop stands until the unit decides, whatever it does meanwhile",
        [*START, ACCEPT, *later(BACK), Answer("ben", CHECKED, "start")],
        flags=[gone("returned_home")],
        tasks=[CHECK | {"status": "in-progress", "business_status": "cancellation_requested"}],
    ),
    Scenario(
        "a task that was taken back before anybody saw it is the same task again",
        [*START, *later(BACK), *later(BACK_AGAIN)],
        flags=[FLAG | {"episode": "V1"}],
        tasks=[CHECK | {"attempt": 1, "status_reason": None}],
        cases=[4],
    ),
    Scenario(
        "a task that was taken back after it was delivered is asked anew",
        [*START, Answer("ben", CHECKED, "receive"), *later(BACK), *later(BACK_AGAIN)],
        flags=[FLAG],
        tasks=[CHECK | {"attempt": 1, "status": "cancelled"}, CHECK | {"attempt": 2}],
        cases=[4],
    ),
    Scenario(
        "the unit had accepted and is wanted after all: it goes on",
        [*START, ACCEPT, *later(BACK), *later(BACK_AGAIN)],
        flags=[FLAG],
        tasks=[CHECK | {"status": "accepted", "business_status": "delivered", "attempt": 1}],
        cases=[4],
    ),
    Scenario(
        "need was found while the carer seemed to be back: nothing is asked, and nothing is closed",
        [*START, ACCEPT, *later(BACK), complete(CHECKED, "follow_up_planned", "no_arrangement")],
        flags=[gone("returned_home")],
        tasks=[CHECK | {"status": "completed"}],
    ),
    Scenario(
        "need was found while the carer seemed to be back, who is not: emergency support after all",
        [
            *START,
            ACCEPT,
            *later(BACK),
            complete(CHECKED, "follow_up_planned", "no_arrangement"),
            *later(BACK_AGAIN),
        ],
        flags=[FLAG],
        tasks=[CHECK | {"status": "completed"}, HELP | {"status": "requested"}],
    ),
    Scenario(
        "emergency support was taken back when it had been delivered, and is needed after all",
        [
            *START,
            ACCEPT,
            complete(CHECKED, "follow_up_planned", "no_arrangement"),
            Answer("ben", "arrange_emergency_support", "receive"),
            *later(BACK),
            *later(BACK_AGAIN),
        ],
        flags=[FLAG],
        tasks=[
            CHECK | {"status": "completed"},
            HELP | {"status": "cancelled", "attempt": 1},
            HELP | {"status": "requested", "attempt": 2},
        ],
    ),
    Scenario(
        "a confirmed outcome is not undone by what the feed says later",
        [
            *START,
            ACCEPT,
            complete(CHECKED, "already_supported", "cover_confirmed"),
            *later(BACK),
            *later(BACK_AGAIN),
        ],
        flags=[CLOSED],
    ),
    Scenario(
        "two ids merged after the answer: the answer holds for the person, under whichever id",
        [
            *START,
            ACCEPT,
            complete(CHECKED, "already_supported", "cover_confirmed"),
            *later({"type": "identity.merged", "subject": "benny", "retired": "ben", **LATER}),
            *later({"type": "identity.merged", "subject": "benjamin", "retired": "benny", **LATER, "id": "e-l2"}),
        ],
        flags=[CLOSED],
        cases=[18],
    ),
    Scenario(
        "a new visit to hospital always raises anew",
        [
            *START,
            ACCEPT,
            complete(CHECKED, "already_supported", "cover_confirmed"),
            *later({**ADMITTED, "visit": "V2", "at": "2026-07-20", **LATER}),
        ],
        flags=[CLOSED | {"episode": "V1"}, FLAG | {"episode": "V2"}],
        tasks=[CHECK | {"status": "completed"}, CHECK],
        cases=[28],
    ),
    Scenario(
        "an answer to a revision that is no longer current is refused",
        [*START, ACCEPT, complete(CHECKED, "already_supported", "cover_confirmed", stale=1)],
        flags=[FLAG],
        tasks=[CHECK | {"status": "accepted"}],
        dead=["stale_revision"],
    ),
    Scenario(
        "an answer that the task's state does not allow is refused",
        [*START, complete(CHECKED, "already_supported")],
        flags=[FLAG],
        tasks=[CHECK],
        dead=["illegal_transition"],
    ),
    Scenario(
        "a late outcome after the task was taken back is refused, and kept; the coordinator sees it",
        [
            *START,
            Answer("ben", CHECKED, "receive"),
            *later(BACK),
            complete(CHECKED, "already_supported", "cover_confirmed"),
        ],
        flags=[gone("returned_home")],
        tasks=[
            CHECK | {"status": "cancelled"},
            {
                "who": "ben",
                "purpose": "review_late_answer",
                "unit": "ssp-district-office",
                "status": "requested",
                "priority": "routine",
                "reason": ["carer-admitted", "already_supported", "cover_confirmed"],
            },
        ],
        dead=["illegal_transition"],
        cases=[26],
    ),
    Scenario(
        "only the owner answers",
        [*START, Answer("ben", CHECKED, "accept", unit="hotline-outreach-1")],
        flags=[FLAG],
        tasks=[CHECK],
        dead=["illegal_transition"],
    ),
    Scenario(
        "nobody may say that a task was cancelled which nobody took back",
        [*START, ACCEPT, Answer("ben", CHECKED, "confirm_cancel")],
        flags=[FLAG],
        tasks=[CHECK | {"status": "accepted"}],
        dead=["illegal_transition"],
    ),
    Scenario(
        "one answer's id for another answer: the second is refused, and kept",
        [*START, Answer("ben", CHECKED, "accept", again="u-1"), complete(CHECKED, "moved", again="u-1")],
        flags=[FLAG],
        tasks=[CHECK | {"status": "accepted", "revision": 2}],
        dead=["id_reused"],
    ),
    Scenario(
        "an answer that comes twice counts once",
        [*START, Answer("ben", CHECKED, "accept", again="u-1"), Answer("ben", CHECKED, "accept", again="u-1")],
        flags=[FLAG],
        tasks=[CHECK | {"status": "accepted", "revision": 2}],
        check=said_once,
        any_order=True,
    ),
)

LIST = feed(COUPLE)
LISTED = {"who": "household T1", "rule": "little-support", "status": "active"}
VISIT = {"who": "household T1", "purpose": "visit_and_assess"}
RELEASE = Release("household T1", "little-support")
ELSEWHERE = {**COUPLE, "flat": {"district": "XX", "unit": "unit-xx"}}

WAVES = (
    Scenario(
        "a household on the list waits for an officer",
        LIST,
        flags=[LISTED],
        cases=[39],
    ),
    Scenario(
        "an officer releases it: a visit, and its clocks start then",
        [*LIST, RELEASE],
        flags=[LISTED],
        tasks=[
            VISIT
            | {
                "unit_kind": "care_team",
                "status": "requested",
                "requested_at": "2026-07-12T02:00Z",
                "due_ack": "2026-07-17T02:00Z",
                "due_contact": "2026-07-26T02:00Z",
            }
        ],
    ),
    Scenario(
        "released twice is released once",
        [*LIST, RELEASE, Release("household T1", "little-support", at="2026-07-20T02:00:00.000Z")],
        flags=[LISTED],
        tasks=[VISIT | {"status": "requested", "requested_at": "2026-07-12T02:00Z"}],
    ),
    Scenario(
        "what the visit finds goes to the units that can help, and an alarm where it is wished",
        [
            *LIST,
            RELEASE,
            Answer("household T1", "visit_and_assess", "accept"),
            complete(
                "visit_and_assess", "follow_up_planned", "needs_elderly_service", "wishes_alarm", who="household T1"
            ),
        ],
        flags=[LISTED],
        tasks=[
            VISIT | {"status": "completed"},
            {
                "who": "household T1",
                "purpose": "assess_and_serve",
                "unit_kind": "elderly_centre",
                "status": "requested",
            },
            {"who": "household T1", "purpose": "fit_emergency_alarm", "unit_kind": "emergency_alarm"},
        ],
        check=parts_of_the_visit,
        any_order=True,
    ),
    Scenario(
        "the visit finds nothing that is needed: closed, by the people who were there",
        [
            *LIST,
            RELEASE,
            Answer("household T1", "visit_and_assess", "accept"),
            complete("visit_and_assess", "risk_assessed", who="household T1"),
        ],
        flags=[LISTED | {"status": "closed", "outcome": "no_need"}],
        tasks=[VISIT | {"status": "completed"}],
    ),
    Scenario(
        "a roster that repeats what is known raises nothing again",
        [
            *LIST,
            RELEASE,
            Answer("household T1", "visit_and_assess", "accept"),
            complete("visit_and_assess", "risk_assessed", who="household T1"),
            *later({**COUPLE, "type": "housing.snapshot_asserted", "at": "2026-07-15", **LATER}),
        ],
        flags=[LISTED | {"status": "closed"}],
        tasks=[VISIT | {"status": "completed"}],
    ),
    Scenario(
        "one of two has moved out: another household to look at",
        [
            *LIST,
            RELEASE,
            Answer("household T1", "visit_and_assess", "accept"),
            complete("visit_and_assess", "risk_assessed", who="household T1"),
            *later({"type": "housing.member_removed", "tenancy": "T1", "who": "ben", "at": "2026-07-15", **LATER}),
        ],
        flags=[LISTED | {"status": "closed"}, LISTED | {"episode": "since-2026-07-15"}],
        cases=[16],
    ),
    Scenario(
        "a unit declines: the next, not the same again",
        [*LIST, RELEASE, reject()],
        flags=[LISTED],
        tasks=[
            VISIT | {"status": "rejected", "status_reason": "no_capacity", "attempt": 1},
            VISIT
            | {"status": "requested", "attempt": 2, "unit_kind": "care_team", "requested_at": "2026-07-12T02:00Z"},
        ],
        cases=[20],
        check=all_different_units,
        any_order=True,
    ),
    Scenario(
        "three have declined: the district's duty officer",
        [*LIST, RELEASE, reject(), reject("waitlist"), reject()],
        flags=[LISTED],
        tasks=[
            VISIT | {"status": "requested", "attempt": 4, "unit_kind": "district_office", "unit": "ssp-district-office"}
        ],
        cases=[20],
        check=all_different_units,
        any_order=True,
    ),
    Scenario(
        "the duty officer declines too: another office, then the queue; it never vanishes",
        [*LIST, RELEASE, reject(), reject(), reject(), reject(), reject()],
        flags=[LISTED],
        tasks=[VISIT | {"status": "requested", "attempt": 6, "unit": "queue-SSP"}],
        cases=[20, 21],
        check=all_different_units,
        any_order=True,
    ),
    Scenario(
        "no unit of the kind covers the place: the duty officer of the territory",
        [*feed(ELSEWHERE), RELEASE],
        flags=[LISTED | {"district": "XX"}],
        tasks=[VISIT | {"unit_kind": "district_office", "unit": "district-office-territory", "district": "XX"}],
        cases=[21],
    ),
    Scenario(
        "released, and moved before anybody saw the task: the Care Team of the new place",
        [
            *LIST,
            RELEASE,
            *later(
                {
                    "type": "housing.transferred",
                    "tenancy": "T1",
                    "to": {"unit": "unit-9", "block": "block-9", "estate": "e-9", "district": "XX"},
                    "at": "2026-07-13",
                    **LATER,
                }
            ),
        ],
        flags=[LISTED | {"district": "XX"}],
        tasks=[VISIT | {"status": "requested", "attempt": 1, "unit": "district-office-territory", "district": "XX"}],
    ),
    Scenario(
        "help has come meanwhile: the visit that nobody has made is taken back",
        [*LIST, RELEASE, *later({"type": "register.service_enrolled", "subject": "ben", "kind": "home_care", **LATER})],
        flags=[LISTED | {"status": "retracted", "cause": "now_supported"}],
        tasks=[VISIT | {"status": "cancelled"}],
    ),
)

TIME = (
    Scenario(
        "a planned absence that is over asks nothing any more; a tick reveals it",
        [
            *feed(
                CARE,
                {
                    "type": "register.care_absence_planned",
                    "subject": "anna",
                    "absence": "A1",
                    "starts": "2026-07-20",
                    "ends": "2026-07-25",
                },
            ),
            Tick("2026-07-26T00:00:00.000Z"),
        ],
        flags=[{"who": "ben", "rule": "planned-absence", "status": "retracted", "cause": "absence_over"}],
        tasks=[{"who": "ben", "purpose": "arrange_respite", "status": "cancelled"}],
        as_of="2026-07-11T00:00:00.000Z",
    ),
    Scenario(
        "with the new year somebody is of the age",
        [
            *feed({**COUPLE, "members": {"anna": 1962}}),
            Tick("2026-12-31T15:59:00.000Z"),
            Tick("2026-12-31T16:00:00.000Z"),
        ],
        flags=[LISTED | {"as_of": "2026-12-31T16:00:00.000Z"}],
    ),
    Scenario(
        "strain: a call of before the answer that came in after it was not known to who answered, and counts anew",
        [
            *feed(
                {
                    "type": "hotline.contact",
                    "subject": "anna",
                    "topics": ["care"],
                    "gravity": "grave",
                    "at": "2026-07-10",
                },
            ),
            Answer("anna", "outreach_visit", "accept"),
            complete("outreach_visit", "risk_assessed", who="anna"),
            *later(
                {
                    "type": "hotline.contact",
                    "subject": "anna",
                    "topics": ["care"],
                    "gravity": "grave",
                    "at": "2026-07-11",
                    "recorded": "2026-07-14",
                    **LATER,
                }
            ),
        ],
        flags=[
            {"who": "anna", "rule": "carer-strain", "status": "closed"},
            {"who": "anna", "rule": "carer-strain", "status": "active", "episode": "e-later"},
        ],
        tasks=[{"who": "anna", "purpose": "outreach_visit", "status": "requested"}],
        cases=[28],
    ),
    Scenario(
        "strain: what comes after a person's answer is a new episode",
        [
            *feed(
                HOME := {"type": "register.service_enrolled", "subject": "anna", "kind": "home_care"},
                {
                    "type": "hotline.contact",
                    "subject": "anna",
                    "topics": ["care"],
                    "gravity": "grave",
                    "at": "2026-07-10",
                },
            ),
            Answer("anna", "outreach_visit", "accept"),
            complete("outreach_visit", "risk_assessed", "needs_respite", who="anna"),
            Answer("anna", "arrange_respite", "accept"),
            complete("arrange_respite", "placement_arranged", who="anna"),
            *later(
                {
                    "type": "hotline.contact",
                    "subject": "anna",
                    "topics": ["care"],
                    "gravity": "grave",
                    "at": "2026-07-15",
                    **LATER,
                }
            ),
        ],
        flags=[
            {"who": "anna", "rule": "carer-strain", "status": "closed", "outcome": "confirmed_need"},
            {"who": "anna", "rule": "carer-strain", "status": "active", "episode": "e-later"},
        ],
        tasks=[{"who": "anna", "purpose": "outreach_visit", "status": "requested"}],
        cases=[28],
    ),
)

ANSWERS = (*CARER_ADMITTED, *WAVES, *TIME)
