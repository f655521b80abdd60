"""What officers decide about flags: acknowledge, snooze, lift a snooze, close; and what becomes of the tasks."""

from tests.scenarios.answers import CHECKED, complete, later
from tests.scenarios.episodes import CAROL, TWO_CARERS
from tests.scenarios.feeds import ADMITTED, CANCELLED, CHECK, COHORT, DISCHARGED, FLAG, PAIR
from tests.scenarios.model import Answer, Decide, Ends, Scenario, Tick, feed

__all__ = ["DECISIONS"]

START = feed(*PAIR, ADMITTED)
RULE = "carer-admitted"
UNTIL = "2026-08-10T00:00:00.000Z"
ACCEPT = Answer("ben", "check_arrangements", "accept")
DAUGHTER = {"type": "housing.member_added", "tenancy": "T1", "members": {"carol": 1980}}
NOBODY_ELSE = {
    "type": "housing.member_removed",
    "tenancy": "T1",
    "who": "carol",
    "reason": "moved_out",
    "at": "2026-07-11",
    "id": "e-moved-out",
    "sequence": 99,
}
GONE_HOME = {**DISCHARGED, "id": "e-home", "sequence": 99}
CALL = {
    "type": "hotline.contact",
    "subject": "ben",
    "topics": ["emotional"],
    "gravity": "grave",
    "at": "2026-07-11T10:00",
}
STRAIN = {"who": "ben", "rule": "carer-strain", "status": "active"}
VISIT = {"who": "ben", "purpose": "outreach_visit", "status": "requested"}
SECOND_STAY = {
    **ADMITTED,
    "visit": "V2",
    "at": "2026-07-20T10:00",
    "id": "e-second",
    "sequence": 98,
}
CAROL_HOME = {
    **DISCHARGED,
    "subject": "carol",
    "visit": "V2",
    "at": "2026-07-13T15:00",
    "id": "e-carol",
    "sequence": 97,
}
HELD = CHECK | {"status": "cancelled", "status_reason": "snoozed"}


def decide(decision: str, **more: object) -> Decide:
    """An officer decides about Ben's flag."""
    return Decide("ben", RULE, decision, **more)  # type: ignore[arg-type]


def snooze(scope: str = "flag", until: str = UNTIL, **more: object) -> Decide:
    """An officer puts Ben's flag (and what else the scope covers) aside."""
    return decide("snooze", scope=scope, until=until, **more)


def names_the_officer(ends: Ends) -> None:
    """A flag says who decided what, for which reason."""
    ((said,),) = [flag["decisions"] for flag in ends.flags.values() if flag["decisions"]]
    assert (said["officer"], said["reason"]) == ("ssp-duty-officer", "talked_to_the_family")


def asked_from_the_end_of_the_snooze(ends: Ends) -> None:
    """Nobody was late while the flag was snoozed."""
    task = ends.task("ben", "check_arrangements")
    assert (task["attempt"], task["due_ack"]) == (1, "2026-08-11T00:00:00.000Z")


def asked_from_the_lifting(ends: Ends) -> None:
    assert ends.task("ben", "check_arrangements")["due_ack"] == "2026-07-14T02:00:00.000Z"


def never_snoozed(ends: Ends) -> None:
    """What was refused has left no trace."""
    assert all(flag["decisions"] == [] for flag in ends.flags.values())


def both_reasons_in_turn(ends: Ends) -> None:
    """The household's reason and the member's are kept separately; lifting one leaves the other."""
    said = [
        [one["scope"] for one in flag["decisions"]]
        for kind, flag in ends.published
        if kind == "flag" and flag["rule"] == RULE
    ]
    assert [scopes for scopes, before in zip(said, [None, *said], strict=False) if scopes != before] == [
        [],
        ["household"],
        ["household", "member"],
        ["member"],
    ]


DECISIONS = (
    Scenario(
        "acknowledged by an officer: what was asked goes on",
        [*START, decide("acknowledge")],
        flags=[FLAG | {"status": "acknowledged"}],
        tasks=[CHECK],
        check=names_the_officer,
        any_order=True,
    ),
    Scenario(
        "acknowledged at one level, and then it is worse: an officer has to look again",
        [
            *feed(*PAIR, DAUGHTER, ADMITTED),
            decide("acknowledge"),
            *later(NOBODY_ELSE),
        ],
        flags=[FLAG | {"status": "active", "level": "very_high"}],
        tasks=[CHECK],
    ),
    Scenario(
        "snoozed: the flag stands, what nobody has seen is taken back",
        [*START, snooze()],
        flags=[FLAG],
        tasks=[HELD],
        check=names_the_officer,
        any_order=True,
    ),
    Scenario(
        "the snooze ends by itself: it asks again, and the clocks run from then",
        [*START, snooze(), Tick("2026-08-09T00:00:00.000Z"), Tick("2026-08-10T00:00:01.000Z")],
        flags=[FLAG | {"decisions": []}],
        tasks=[CHECK],
        check=asked_from_the_end_of_the_snooze,
        any_order=True,
    ),
    Scenario(
        "ticks that come late change nothing about it",
        [*START, snooze(), Tick("2026-08-10T05:00:00.000Z")],
        flags=[FLAG | {"decisions": []}],
        tasks=[CHECK],
        check=asked_from_the_end_of_the_snooze,
        any_order=True,
    ),
    Scenario(
        "snoozed while a unit is at work: it goes on",
        [*START, ACCEPT, snooze()],
        flags=[FLAG],
        tasks=[CHECK | {"status": "accepted"}],
    ),
    Scenario(
        "a unit declines while the flag is snoozed: nobody else is asked before it ends",
        [*START, snooze(until="2026-08-01T00:00:00.000Z"), Tick("2026-08-02T00:00:00.000Z")],
        flags=[FLAG],
        tasks=[CHECK],
    ),
    Scenario(
        "the officer lifts the snooze: it asks again, and the clocks run from then",
        [*START, snooze(), decide("unsnooze", at="2026-07-13T02:00:00.000Z")],
        flags=[FLAG | {"decisions": []}],
        tasks=[CHECK],
        check=asked_from_the_lifting,
        any_order=True,
    ),
    Scenario(
        "lifting the household's snooze does not lift the member's",
        [
            *START,
            snooze("household"),
            snooze("member"),
            decide("unsnooze", scope="household", at="2026-07-13T02:00:00.000Z"),
        ],
        flags=[FLAG],
        tasks=[HELD],
        cases=[30],
        check=both_reasons_in_turn,
        any_order=True,
    ),
    Scenario(
        "the member's snooze ends before the household's: it is still snoozed",
        [
            *START,
            snooze("household"),
            snooze("member", until="2026-08-01T00:00:00.000Z"),
            Tick("2026-08-02T00:00:00.000Z"),
        ],
        flags=[FLAG],
        tasks=[HELD],
        cases=[30],
    ),
    Scenario(
        "the member's snooze covers all that stood about them",
        [*feed(*PAIR, ADMITTED, CALL), snooze("member")],
        flags=[FLAG, STRAIN],
        tasks=[HELD, VISIT | {"status": "cancelled"}],
    ),
    Scenario(
        "the snooze of one flag leaves the member's others alone",
        [*feed(*PAIR, ADMITTED, CALL), snooze()],
        flags=[FLAG, STRAIN],
        tasks=[HELD, VISIT],
    ),
    Scenario(
        "two carers' flags share one task, and the first is snoozed: the second has it",
        [*feed(*TWO_CARERS, ADMITTED, CAROL), snooze(episode="V1")],
        flags=[FLAG | {"episode": "V1"}, FLAG | {"episode": "V2"}],
        tasks=[CHECK],
    ),
    Scenario(
        "two carers' flags share one task, and the first's snooze is lifted: still one task",
        [
            *feed(*TWO_CARERS, ADMITTED, CAROL),
            snooze(episode="V1"),
            decide("unsnooze", episode="V1", at="2026-07-13T02:00:00.000Z"),
        ],
        flags=[FLAG | {"episode": "V1"}, FLAG | {"episode": "V2"}],
        tasks=[CHECK],
    ),
    Scenario(
        "snoozed when a task could not be delivered: a unit may have seen it, so it is not taken back",
        [
            *START,
            Answer("ben", CHECKED, "delivery_failed", reason="gave_up", actor="delivery"),
            snooze(),
        ],
        flags=[FLAG],
        tasks=[
            CHECK | {"status": "requested", "business_status": "delivery_failed"},
        ],
    ),
    Scenario(
        "a unit is at work for a flag that is snoozed, and another carer's flag asks the same: it goes on for both",
        [*feed(*TWO_CARERS, ADMITTED), ACCEPT, snooze(episode="V1"), *later(CAROL)],
        flags=[FLAG | {"episode": "V1"}, FLAG | {"episode": "V2"}],
        tasks=[CHECK | {"status": "accepted"}],
    ),
    Scenario(
        "a task goes on for the one that is snoozed where the other carer comes home",
        [*feed(*TWO_CARERS, ADMITTED), ACCEPT, snooze(episode="V1"), *later(CAROL, CAROL_HOME)],
        flags=[FLAG | {"episode": "V1"}],
        tasks=[CHECK | {"status": "accepted"}],
    ),
    Scenario(
        "a flag that was snoozed before any unit had its task takes over none: who is at work for the other is told",
        [*feed(*TWO_CARERS, ADMITTED), snooze(episode="V1"), *later(CAROL), ACCEPT, *later(CAROL_HOME)],
        flags=[FLAG | {"episode": "V1"}],
        tasks=[HELD, CHECK | {"status": "accepted", "business_status": "cancellation_requested"}],
    ),
    Scenario(
        "the answer to another carer's flag leaves a snoozed one that no unit had: it asks on the day that was said",
        [
            *feed(*TWO_CARERS, ADMITTED),
            snooze(episode="V1"),
            *later(CAROL),
            ACCEPT,
            complete(CHECKED, "already_supported"),
            Tick("2026-08-10T05:00:00.000Z"),
        ],
        flags=[FLAG | {"episode": "V1"}, FLAG | {"episode": "V2", "status": "closed"}],
        tasks=[CHECK, CHECK | {"status": "completed"}],
    ),
    Scenario(
        "a new episode is not covered by an old snooze: it re-arms",
        [*START, snooze("household"), *later(GONE_HOME, SECOND_STAY)],
        flags=[FLAG | {"episode": "V2"}],
        tasks=[CHECK],
        as_of="2026-07-31T00:00:00.000Z",
    ),
    Scenario(
        "it gets worse while it is snoozed: it asks again",
        [
            *feed(*PAIR, DAUGHTER, ADMITTED),
            snooze(),
            *later(NOBODY_ELSE),
        ],
        flags=[FLAG | {"level": "very_high", "decisions": []}],
        tasks=[CHECK],
    ),
    Scenario(
        "a unit at work finds that nobody is there: the snooze ends, help is asked for",
        [*START, ACCEPT, snooze("household"), complete("check_arrangements", "follow_up_planned", "no_arrangement")],
        flags=[FLAG | {"decisions": []}],
        tasks=[
            CHECK | {"status": "completed"},
            {"who": "ben", "purpose": "arrange_emergency_support", "status": "requested", "priority": "stat"},
        ],
    ),
    Scenario(
        "a decision about what has changed since is refused: it never wins silently",
        [*START, *later(CANCELLED | {"id": "e-cancelled", "sequence": 99}), snooze(stale=1)],
        flags=[FLAG | {"status": "retracted"}],
        dead=["stale_revision"],
        check=never_snoozed,
    ),
    Scenario(
        "a flag that has ended cannot be acknowledged",
        [*START, *later(CANCELLED | {"id": "e-cancelled", "sequence": 99}), decide("acknowledge")],
        flags=[FLAG | {"status": "retracted"}],
        dead=["illegal_transition"],
    ),
    Scenario(
        "nothing to lift: refused, and says what there is",
        [*START, snooze("member"), decide("unsnooze", scope="household")],
        flags=[FLAG],
        tasks=[HELD],
        dead=["illegal_transition"],
    ),
    Scenario(
        "a decision that comes twice counts once; one id for two decisions is refused",
        [*START, decide("acknowledge", again="d-1"), decide("acknowledge", again="d-1", reason="another")],
        flags=[FLAG | {"status": "acknowledged"}],
        tasks=[CHECK],
        dead=["id_reused"],
    ),
    Scenario(
        "an officer closes it: what nobody has accepted is taken back",
        [*START, decide("close", outcome="arranged_already")],
        flags=[FLAG | {"status": "closed", "outcome": "arranged_already"}],
        tasks=[CHECK | {"status": "cancelled"}],
        check=names_the_officer,
        any_order=True,
    ),
    Scenario(
        "an officer closes it while a unit is at work: the unit is asked to stop, and decides",
        [*START, ACCEPT, decide("close", outcome="wrong_person")],
        flags=[FLAG | {"status": "closed", "outcome": "wrong_person"}],
        tasks=[CHECK | {"status": "accepted", "business_status": "cancellation_requested"}],
    ),
    Scenario(
        "closed by an officer, and a unit confirms it: it stays as the officer has said",
        [
            *START,
            ACCEPT,
            decide("close", outcome="duplicate"),
            complete("check_arrangements", "already_supported", "cover_confirmed"),
        ],
        flags=[FLAG | {"status": "closed", "outcome": "duplicate"}],
        tasks=[CHECK | {"status": "completed"}],
    ),
    Scenario(
        "closed by an officer, but a unit finds that nobody is there: it opens again and help is asked for",
        [
            *START,
            ACCEPT,
            decide("close", outcome="no_need"),
            complete("check_arrangements", "follow_up_planned", "no_arrangement"),
        ],
        flags=[FLAG | {"status": "active"}],
        tasks=[
            CHECK | {"status": "completed"},
            {"who": "ben", "purpose": "arrange_emergency_support", "status": "requested", "priority": "stat"},
        ],
    ),
    Scenario(
        "an officer was quicker than the desk: the decision waits for the revision that was seen",
        [
            *feed(*PAIR, DAUGHTER, ADMITTED),
            decide("acknowledge", stale=-1),
            *later(NOBODY_ELSE),
        ],
        flags=[FLAG | {"status": "acknowledged", "level": "very_high"}],
        tasks=[CHECK],
    ),
    Scenario(
        "a second group of carers changes nothing that matters: a decision about the revision before it holds",
        [
            *START,
            *later({**COHORT, "cohort": "high_risk_public_housing", "id": "e-cohort", "sequence": 99}),
            decide("acknowledge", stale=1),
        ],
        flags=[FLAG | {"status": "acknowledged"}],
        tasks=[CHECK],
    ),
)
