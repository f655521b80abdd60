"""Who is who: ids that turn out to be one person or two, and needs that turn out to be one."""

from tests.scenarios.answers import ACCEPT, CHECKED, LATER, complete, later
from tests.scenarios.feeds import ADMITTED, CARE, CHECK, FLAG, PAIR, gone
from tests.scenarios.model import Answer, Ends, Scenario, feed

__all__ = ["IDENTITY"]

MERGED = {"type": "identity.merged", "subject": "ann", "retired": "anna", "at": "2026-07-01"}
UNMERGED = {**MERGED, "type": "identity.unmerged", "at": "2026-07-12", **LATER}
UNDER_ANN = feed(*PAIR, MERGED, {**ADMITTED, "subject": "ann"})
CALL = {"type": "hotline.contact", "subject": "anna", "topics": ["care"], "gravity": "grave", "at": "2026-07-10"}
EARLIER = {**CALL, "at": "2026-07-08", "recorded": "2026-07-14", **LATER}
STRAIN = {"who": "anna", "rule": "carer-strain", "status": "active"}
OUTREACH = {"who": "anna", "purpose": "outreach_visit"}
BOTH_CARED_FOR = feed(*PAIR, {**CARE, "cared_for": "benny"}, ADMITTED)
ONE = {"type": "identity.merged", "subject": "benny", "retired": "ben", "at": "2026-07-12", **LATER}
REPORTED_DEAD = {"type": "person.deceased", "subject": "anna", "confidence": "reported", "at": "2026-07-14"}
DEATH = {"who": "ben", "rule": "carer-death-reported"}
HOME_OF_ONE = {"who": "benny", "rule": "carer-admitted", "status": "active", "home": "benny"}


ROTATED = {
    "type": "identity.rekeyed",
    "subject": "nan",
    "former": "anna",
    "keyepoch": 2,
    "at": "2026-07-12",
    "recorded": "2026-07-13",
    **LATER,
}


def told_of_the_heir(ends: Ends) -> None:
    """The old flag names the one under which the need is told now."""
    old = next(flag for flag in ends.flags.values() if flag["status"] == "superseded")
    assert ends.flags[old["superseded_by"]]["status"] == "active"
    assert ends.flags[old["superseded_by"]]["episode"] == "e-later"


IDENTITY = (
    Scenario(
        "an earlier call comes late: the same need under its first call, and nobody is asked twice",
        [*feed(CALL), Answer("anna", "outreach_visit", "accept"), *later(EARLIER)],
        flags=[
            STRAIN | {"status": "superseded", "cause": "same_episode", "episode": "e-001"},
            STRAIN | {"episode": "e-later", "episode_at": "2026-07-08T01:00Z"},
        ],
        tasks=[OUTREACH | {"status": "accepted", "attempt": 1}],
        check=told_of_the_heir,
        any_order=True,
    ),
    Scenario(
        "an earlier call comes late, before any unit has seen the task: it is asked under the first call only",
        [*feed(CALL), *later(EARLIER)],
        flags=[STRAIN | {"episode": "e-later"}],
        tasks=[OUTREACH | {"status": "requested", "attempt": 1}],
    ),
    Scenario(
        "an earlier call comes late, and the unit answers what it was asked: that closes the need under its new name",
        [
            *feed(CALL),
            Answer("anna", "outreach_visit", "accept"),
            *later(EARLIER),
            complete("outreach_visit", "risk_assessed", who="anna", at="2026-07-16T02:00:00.000Z"),
        ],
        flags=[STRAIN | {"status": "closed", "episode": "e-later", "outcome": "no_need"}],
        tasks=[OUTREACH | {"status": "completed"}],
        cases=[28],
    ),
    Scenario(
        "a reported death was looked into and closed, then the carer gets another name: it stays closed under that",
        [
            *feed(*PAIR, REPORTED_DEAD),
            Answer("ben", "confirm_death", "accept"),
            complete("confirm_death", "risk_assessed", at="2026-07-16T02:00:00.000Z"),
            *later({**MERGED, "at": "2026-07-16", **LATER}),
        ],
        flags=[
            DEATH | {"status": "superseded", "cause": "same_episode", "outcome": "no_need"},
            DEATH | {"status": "closed", "outcome": "no_need"},
        ],
        tasks=[{"who": "ben", "purpose": "confirm_death", "status": "completed"}],
        cases=[18],
    ),
    Scenario(
        "two ids of the one at home, merged when a unit had accepted: its task goes on, and there is one flag",
        [*feed(*PAIR, ADMITTED), ACCEPT, *later(ONE)],
        flags=[
            FLAG | {"status": "superseded", "cause": "identity_merged"},
            {**FLAG, "who": "ben+benny"},
        ],
        tasks=[{**CHECK, "who": "ben+benny", "status": "accepted", "attempt": 1}],
        cases=[18],
    ),
    Scenario(
        "two ids, a flag and an accepted task under each, merged: one goes on, the other unit is asked to stop",
        [
            *feed(*PAIR, {**CARE, "cared_for": "benny"}, ADMITTED),
            ACCEPT,
            Answer("benny", CHECKED, "accept"),
            *later(ONE),
        ],
        flags=[FLAG | {"status": "superseded"}, {**FLAG, "who": "ben+benny"}],
        tasks=[
            {**CHECK, "who": "ben+benny", "status": "accepted", "business_status": "delivered"},
            CHECK
            | {
                "who": "benny",
                "status": "accepted",
                "business_status": "cancellation_requested",
                "status_reason": "no_longer_of_this_household",
            },
        ],
        cases=[18],
    ),
    Scenario(
        "unmerged when a unit had accepted: it is told why it is asked to stop",
        [*UNDER_ANN, ACCEPT, *later(UNMERGED)],
        flags=[gone("identity_unmerged")],
        tasks=[
            CHECK
            | {
                "status": "accepted",
                "business_status": "cancellation_requested",
                "status_reason": "identity_unmerged",
            }
        ],
        cases=[19],
    ),
    Scenario(
        "unmerged when a unit had found that all is well: the outcome stays, and the unit is told of whom it was not",
        [*UNDER_ANN, ACCEPT, complete(CHECKED, "already_supported", "cover_confirmed"), *later(UNMERGED)],
        flags=[FLAG | {"status": "closed", "cause": "identity_unmerged", "outcome": "arranged_already"}],
        tasks=[CHECK | {"status": "entered-in-error", "status_reason": "identity_unmerged"}],
        cases=[19],
    ),
    Scenario(
        "the key is rotated in her stay: what comes under the new id is hers, and a unit goes on with what it has",
        [
            *feed(*PAIR, ADMITTED),
            ACCEPT,
            *later(ROTATED, {**ADMITTED, **LATER, "id": "e-l2", "subject": "nan", "keyepoch": 2}),
        ],
        flags=[FLAG | {"episode": "V1"}],
        tasks=[CHECK | {"status": "accepted", "attempt": 1}],
        cases=[18],
    ),
    Scenario(
        "the key is rotated, and he is known under both ids: one flag, one task that goes on",
        [*feed(*PAIR, ADMITTED), ACCEPT, *later({**ROTATED, "subject": "benny", "former": "ben"})],
        flags=[FLAG | {"status": "superseded", "cause": "identity_merged"}, {**FLAG, "who": "ben+benny"}],
        tasks=[{**CHECK, "who": "ben+benny", "status": "accepted", "attempt": 1}],
        cases=[18],
    ),
    Scenario(
        "a rotation to the same id, or of the first key, is refused",
        feed(
            *PAIR,
            {**ROTATED, "former": "nan", "id": "e-same"},
            {**ROTATED, "keyepoch": 1, "id": "e-first"},
        ),
        dead=["invalid", "invalid"],
        cases=[18],
    ),
)
