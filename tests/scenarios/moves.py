"""Households that move or split, units that know them, consent that is withdrawn: who is asked, and who is told."""

from tests.scenarios.answers import (
    ACCEPT,
    BACK,
    BACK_AGAIN,
    CHECKED,
    LATER,
    LIST,
    LISTED,
    RELEASE,
    START,
    VISIT,
    complete,
    later,
)
from tests.scenarios.feeds import ADMITTED, CARE, CHECK, COHORT, COUPLE, FLAG, HOME_CARE, PAIR, TO_KWUN_TONG
from tests.scenarios.model import Answer, Ends, Release, Scenario, feed

__all__ = ["MOVES"]

AWAY = {**TO_KWUN_TONG, **LATER}
TAKEN = Answer("household T1", "visit_and_assess", "accept")
STOPPED = Answer("household T1", "visit_and_assess", "confirm_cancel", attempt=1)
WITHDRAWN = {"type": "register.consent_withdrawn", "subject": "ben", "scope": "outreach", "at": "2026-07-12", **LATER}
GRANTED = {**WITHDRAWN, "type": "register.consent_granted", "at": "2026-07-13", "id": "e-granted", "sequence": 100}
ASKED_FIRST = {"who": "ben", "purpose": "decide_disclosure", "unit": "ssp-district-office", "status": "requested"}
WAITS = CHECK | {"status": "on-hold", "status_reason": "consent_withdrawn", "resumes_as": "requested"}
OFFICER = ("ben", "decide_disclosure")


def the_old_unit_learns_no_address(ends: Ends) -> None:
    """What the old unit is told names the place that it knew, and no other."""
    old = [item for kind, item in ends.published if kind == "task" and item["attempt"] == 1]
    assert {item["district"] for item in old} == {"SSP"}
    assert all("KTS" not in str(item) and "unit-9" not in str(item) for item in old)


def the_same_team(ends: Ends) -> None:
    """Of two teams that were asked the first time, the one that went is asked the second time."""
    units = {task["status"]: task["unit"] for task in ends.tasks.values()}
    assert units["requested"] == units["completed"] != units["rejected"]


MOVES = (
    Scenario(
        "the household moves when a unit had accepted: it is asked to hand over, and one of the new place is asked",
        [*LIST, RELEASE, TAKEN, *later(AWAY)],
        flags=[LISTED | {"district": "KTS"}],
        tasks=[
            VISIT
            | {
                "attempt": 1,
                "status": "accepted",
                "business_status": "cancellation_requested",
                "status_reason": "handed_over",
                "district": "SSP",
            },
            VISIT | {"attempt": 2, "status": "requested", "unit_kind": "care_team", "district": "KTS"},
        ],
        check=the_old_unit_learns_no_address,
        any_order=True,
        cases=[10, 38],
    ),
    Scenario(
        "the old unit hands over",
        [*LIST, RELEASE, TAKEN, *later(AWAY), STOPPED],
        flags=[LISTED],
        tasks=[
            VISIT | {"attempt": 1, "status": "cancelled", "business_status": "handed_over"},
            VISIT | {"attempt": 2, "status": "requested", "district": "KTS"},
        ],
        cases=[10],
    ),
    Scenario(
        "the old unit had been at the door already: its outcome counts, and nobody is sent twice",
        [
            *LIST,
            RELEASE,
            TAKEN,
            *later(AWAY),
            complete("visit_and_assess", "risk_assessed", who="household T1", attempt=1),
        ],
        flags=[LISTED | {"status": "closed", "outcome": "no_need"}],
        tasks=[
            VISIT | {"attempt": 1, "status": "completed"},
            VISIT | {"attempt": 2, "status": "cancelled", "status_reason": "duplicate"},
        ],
        cases=[10],
    ),
    Scenario(
        "a unit that serves the whole territory keeps what it has when the household moves",
        [*START, ACCEPT, *later(AWAY)],
        flags=[FLAG | {"district": "KTS", "episode": "V1"}],
        tasks=[CHECK | {"status": "accepted", "attempt": 1}],
        cases=[10],
    ),
    Scenario(
        "the carer moves out mid-episode: the flag stays with the one at home, and their address counts",
        [
            *START,
            *later(
                {"type": "housing.member_removed", "tenancy": "T1", "who": "anna", "at": "2026-07-12", **LATER},
                {
                    "type": "housing.tenancy_started",
                    "tenancy": "T2",
                    "members": {"anna": 1948},
                    "flat": {"district": "KTS", "unit": "unit-2"},
                    "at": "2026-07-12",
                    "id": "e-l2",
                    "sequence": 100,
                },
            ),
        ],
        # and he lives alone now: a candidate for the Care Team too
        flags=[FLAG | {"district": "SSP", "episode": "V1"}, LISTED | {"episode": "since-2026-07-12"}],
        tasks=[CHECK | {"district": "SSP"}],
        cases=[10, 16],
    ),
    Scenario(
        "known to a unit: that unit is asked, among others that could be",
        [
            *feed(
                COUPLE,
                {
                    "type": "register.service_enrolled",
                    "subject": "anna",
                    "kind": "emergency_alarm",
                    "unit": "ssp-care-team-17",
                },
            ),
            RELEASE,
        ],
        flags=[LISTED | {"known_to": ["ssp-care-team-17"]}],
        tasks=[VISIT | {"status": "requested", "unit": "ssp-care-team-17"}],
        cases=[27],
    ),
    Scenario(
        "known from an earlier task: the Care Team that was there goes again",
        [
            *LIST,
            RELEASE,
            Answer("household T1", "visit_and_assess", "reject", reason="no_capacity"),
            TAKEN,
            complete("visit_and_assess", "risk_assessed", who="household T1"),
            *later({"type": "housing.member_removed", "tenancy": "T1", "who": "ben", "at": "2026-07-15", **LATER}),
            Release("household T1", "little-support"),
        ],
        flags=[LISTED | {"status": "closed"}, LISTED | {"episode": "since-2026-07-15"}],
        tasks=[
            VISIT | {"status": "rejected"},
            VISIT | {"status": "completed", "attempt": 2},
            VISIT | {"status": "requested", "attempt": 1},
        ],
        check=the_same_team,
        any_order=True,
        cases=[27],
    ),
    Scenario(
        "consent is withdrawn, and a check is urgent: it waits for the duty officer, it is not cancelled",
        [*START, *later(WITHDRAWN)],
        flags=[FLAG | {"consent": "withdrawn"}],
        tasks=[WAITS, ASKED_FIRST],
        cases=[23],
    ),
    Scenario(
        "consent was withdrawn before: the unit is not asked before the duty officer has decided",
        feed(*PAIR, {**WITHDRAWN, "at": "2026-07-01", "id": "e-w"}, ADMITTED),
        flags=[FLAG | {"consent": "withdrawn"}],
        tasks=[WAITS, ASKED_FIRST],
        cases=[23],
    ),
    Scenario(
        "consent is withdrawn where nobody knows of a tenancy: the duty officer of the district in the register",
        feed(
            CARE,
            COHORT,
            ADMITTED,
            {**WITHDRAWN, "at": "2026-07-01", "id": "e-w"},
            {"type": "register.residence_asserted", "subject": "ben", "district": "SSP"},
        ),
        flags=[{**FLAG, "home": "ben", "consent": "withdrawn", "district": "SSP"}],
        tasks=[WAITS, ASKED_FIRST],
        cases=[23],
    ),
    Scenario(
        "a crisis without consent: the duty officer has the hours of the office where the person is known to live",
        feed(
            {**WITHDRAWN, "subject": "anna", "at": "2026-06-28", "id": "e-w"},
            {"type": "hotline.contact", "subject": "anna", "topics": ["mental_health_crisis"], "at": "2026-06-28"},
            {"type": "register.residence_asserted", "subject": "anna", "district": "SSP", "birth_year": 1940},
        ),
        flags=[{"who": "anna", "rule": "mental-health-crisis", "consent": "withdrawn", "district": "SSP"}],
        tasks=[
            {"who": "anna", "purpose": "assess_crisis", "status": "on-hold", "hours": "community_centre"},
            {**ASKED_FIRST, "who": "anna", "hours": "office_with_lunch"},
        ],
        cases=[23],
    ),
    Scenario(
        "consent is withdrawn under one of two names, and the care is known under both: due as soon as either was told",
        feed(
            COUPLE,
            COHORT,
            {**CARE, "cared_for": "benny", "id": "e-benny"},
            {**CARE, "at": "2026-06-28", "received": "2026-07-14T09:00"},
            HOME_CARE,
            ADMITTED,
            {"type": "identity.merged", "subject": "benny", "retired": "ben", "at": "2026-07-01"},
            {**WITHDRAWN, "subject": "benny", "at": "2026-07-01", "id": "e-w"},
        ),
        flags=[{**FLAG, "who": "ben+benny", "consent": "withdrawn"}],
        tasks=[{**WAITS, "who": "ben+benny"}, {**ASKED_FIRST, "who": "ben+benny"}],
        cases=[23],
    ),
    Scenario(
        "consent is withdrawn and granted again: as if it had not been",
        feed(*PAIR, {**WITHDRAWN, "id": "e-w"}, GRANTED, ADMITTED),
        flags=[FLAG | {"consent": None}],
        tasks=[CHECK],
        cases=[23],
    ),
    Scenario(
        "the duty officer finds the disclosure justified: the check goes on, on the basis that they name",
        [
            *START,
            *later(WITHDRAWN),
            Answer(*OFFICER, "accept"),
            complete(OFFICER[1], "risk_assessed", "disclosure_justified", lawful_basis="vital_interests"),
        ],
        flags=[FLAG],
        tasks=[
            CHECK | {"lawful_basis": "vital_interests", "status_reason": None},
            ASKED_FIRST | {"status": "completed", "lawful_basis": "vital_interests"},
        ],
        cases=[23],
    ),
    Scenario(
        "the duty officer does not: the check is cancelled, and the record of it stays",
        [*START, *later(WITHDRAWN), Answer(*OFFICER, "accept"), complete(OFFICER[1], "declined_by_person")],
        flags=[FLAG],
        tasks=[
            CHECK | {"status": "cancelled", "status_reason": "consent_withdrawn"},
            ASKED_FIRST | {"status": "completed", "outcome": "declined_by_person"},
        ],
        cases=[23],
    ),
    Scenario(
        "the carer was home, consent is withdrawn, and she is in hospital still: the same check waits for the officer",
        [*START, *later(BACK), *later({**WITHDRAWN, "sequence": 100, "id": "e-w"}), *later(BACK_AGAIN)],
        flags=[FLAG | {"consent": "withdrawn"}],
        tasks=[WAITS | {"attempt": 1}, ASKED_FIRST],
        cases=[23],
    ),
    Scenario(
        "consent is withdrawn when a unit had accepted: it knows already, and speaks with the person itself",
        [*START, ACCEPT, *later(WITHDRAWN)],
        flags=[FLAG | {"consent": "withdrawn"}],
        tasks=[CHECK | {"status": "accepted"}],
        cases=[23],
    ),
    Scenario(
        "consent is withdrawn, and a visit can wait: it is cancelled, nobody is asked",
        [*LIST, RELEASE, *later(WITHDRAWN)],
        flags=[LISTED | {"consent": "withdrawn"}],
        tasks=[VISIT | {"status": "cancelled", "status_reason": "consent_withdrawn"}],
        cases=[23],
    ),
    Scenario(
        "a unit may not answer what waits for the duty officer",
        [*START, *later(WITHDRAWN), complete(CHECKED, "already_supported", "cover_confirmed")],
        flags=[FLAG],
        tasks=[WAITS, ASKED_FIRST],
        dead=["illegal_transition"],
        cases=[23],
    ),
    Scenario(
        "help that comes from a unit of another kind does not decide who is asked",
        feed(*PAIR[:3], {**HOME_CARE, "unit": "ssp-decc-2"}, ADMITTED),
        flags=[FLAG | {"known_to": ["ssp-decc-2"]}],
        tasks=[CHECK | {"unit": "hotline-182183"}],
        cases=[27],
    ),
)
