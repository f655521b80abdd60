"""Episodes: what is one stay, who is away with whom, who has died, and what explains an absence."""

from tests.scenarios.answers import ACCEPT, CHECKED, LATER, START, complete, later
from tests.scenarios.feeds import ADMITTED, CARE, CHECK, COHORT, COUPLE, DISCHARGED, FLAG, HOME_CARE, PAIR
from tests.scenarios.model import Ends, Scenario, feed

__all__ = ["EPISODES"]

ELSEWHERE = {"hospital": "hospital-2", "visit": "V2", "subject": "anna"}
LEFT = {**DISCHARGED, "at": "2026-07-12T14:00"}
CAME = {"type": "hospital.admitted", **ELSEWHERE, "at": "2026-07-12T16:30"}
HOME = {"type": "hospital.discharged", **ELSEWHERE, "at": "2026-07-20T11:00"}
OTHER_FEED = {**ADMITTED, "visit": "X-77", "source": "private-hospitals", "at": "2026-07-10T10:40"}
TWO_CARERS = (
    {"type": "housing.tenancy_started", "tenancy": "T1", "members": {"anna": 1948, "ben": 1946, "carol": 1950}},
    CARE,
    {**CARE, "subject": "carol"},
    COHORT,
    {**COHORT, "subject": "carol"},
    {**HOME_CARE, "subject": "ben"},
)
CAROL = {**ADMITTED, "subject": "carol", "visit": "V2", "at": "2026-07-11T09:00"}
BEN_IN = {**ADMITTED, "subject": "ben", "visit": "V3", "at": "2026-07-12T09:00"}
BEN_OUT = {**DISCHARGED, "subject": "ben", "visit": "V3", "at": "2026-07-15T15:00"}
BOTH_AWAY = FLAG | {"status": "mitigated", "cause": "in_hospital"}
DIED = {"type": "person.deceased", "subject": "anna", "confidence": "confirmed", "at": "2026-07-14"}
SUPPORTED = {"type": "register.service_enrolled", "subject": "ben", "kind": "home_care"}
NOT_SEEN = {
    "type": "community.observation",
    "subject": "ben",
    "by": "property_staff",
    "concern": "not_seen",
    "days": 5,
    "at": "2026-07-15T10:00",
}
REPORT = {
    "type": "community.observation",
    "subject": "anna",
    "by": "welfare_unit",
    "concern": "violence_reported",
    "at": "2026-07-10T10:00",
}
REFUGE = {
    "type": "housing.tenancy_started",
    "tenancy": "T-refuge",
    "members": {"anna": 1948},
    "flat": {"unit": "unit-refuge", "block": "block-refuge", "estate": "estate-refuge", "district": "KTS"},
    "at": "2026-07-12",
    "id": "e-l2",
    "sequence": 100,
}


def both_ids_are_evidence(ends: Ends) -> None:
    """The flag names the events of both visits."""
    (flag,) = [flag for flag in ends.flags.values() if flag["rule"] == "carer-admitted"]
    said = {event for one in flag["evidence"] for event in one["event_ids"]}
    told = {item["episode"] for kind, item in ends.published if kind == "flag"}
    assert told <= {"V1", "X-77", "since-2026-06-01"}
    assert {"e-005", "e-006"} <= said


def old_news(ends: Ends) -> None:
    """What the register knew late says so: the evidence carries the age of what was seen, and who said it."""
    (flag,) = [flag for flag in ends.flags.values() if flag["rule"] == "little-support" and flag["status"] == "active"]
    kind = next(one for one in flag["evidence"] if one["clause"].startswith("household.kind"))
    assert kind["source"] == "hd-tenancies"
    assert kind["age"] > 24 * 100


def no_refuge_in_anything_said(ends: Ends) -> None:
    """Where she lives now stands in no flag and no task of the home that she left."""
    old = [item for _, item in ends.published if item["household_id"] == ends.published[0][1]["household_id"]]
    assert old
    assert all("refuge" not in str(item) and "KTS" not in str(item) for item in old)


EPISODES = (
    Scenario(
        "a transfer that is told as a discharge and an admission is one stay: one flag, one task",
        feed(*PAIR, ADMITTED, LEFT, CAME),
        flags=[FLAG | {"episode": "V1", "episode_at": "2026-07-10T02:00Z"}],
        tasks=[CHECK],
        cases=[6],
    ),
    Scenario(
        "a transfer, and home from the second hospital: nothing more to ask",
        feed(*PAIR, ADMITTED, LEFT, CAME, HOME),
        cases=[6],
    ),
    Scenario(
        "the second hospital tells first: its flag is the first one's when that is known, and the unit goes on",
        [*feed(*PAIR, CAME), ACCEPT, *later({**ADMITTED, **LATER}, {**LEFT, "id": "e-l2", "sequence": 100})],
        flags=[
            FLAG | {"episode": "V2", "status": "superseded", "cause": "same_episode"},
            FLAG | {"episode": "V1"},
        ],
        tasks=[CHECK | {"status": "accepted", "attempt": 1}],
        cases=[6],
    ),
    Scenario(
        "home for three nights between two stays: two episodes",
        feed(*PAIR, ADMITTED, LEFT, {**CAME, "at": "2026-07-15T16:30"}),
        flags=[FLAG | {"episode": "V2"}],
        tasks=[CHECK],
        cases=[6],
    ),
    Scenario(
        "one admission told by two feeds: one flag, and both are evidence",
        feed(*PAIR, ADMITTED, OTHER_FEED),
        flags=[FLAG | {"episode": "V1"}],
        tasks=[CHECK],
        cases=[5],
        check=both_ids_are_evidence,
        any_order=False,
    ),
    Scenario(
        "one admission told by two feeds, of which one tells the return: the carer is home",
        feed(*PAIR, ADMITTED, OTHER_FEED, DISCHARGED),
        cases=[5],
    ),
    Scenario(
        "two feeds tell of two hospitals: two visits, until both have ended",
        feed(*PAIR, ADMITTED, {**OTHER_FEED, "hospital": "hospital-2"}, DISCHARGED),
        flags=[FLAG | {"episode": "X-77"}],
        tasks=[CHECK],
        cases=[5],
    ),
    Scenario(
        "an admission with its return home in one morning batch raises nothing that stays",
        feed(*PAIR, ADMITTED, {**DISCHARGED, "at": "2026-07-10T18:00"}),
        cases=[8],
    ),
    Scenario(
        "a heartbeat says that a feed is alive, and nothing of anybody",
        feed(*PAIR, {"type": "feed.heartbeat", "subject": "anna"}),
        cases=[9],
    ),
    Scenario(
        "two carers are in hospital: a flag for each visit, one task for both, the level raised",
        feed(*TWO_CARERS, ADMITTED, CAROL),
        flags=[FLAG | {"episode": "V1", "level": "very_high"}, FLAG | {"episode": "V2", "level": "very_high"}],
        tasks=[CHECK | {"level": "very_high", "due_ack": "2026-07-11T02:00Z"}],
        cases=[11],
    ),
    Scenario(
        "two carers, and a unit had accepted the first one's check: it is the check for both",
        [*feed(*TWO_CARERS, CAROL), ACCEPT, *later({**ADMITTED, **LATER})],
        flags=[FLAG | {"episode": "V1"}, FLAG | {"episode": "V2"}],
        tasks=[CHECK | {"status": "accepted"}],
        cases=[11],
    ),
    Scenario(
        "two carers, one is home again: the task goes on for the other",
        [*feed(*TWO_CARERS, ADMITTED, CAROL), ACCEPT, *later({**DISCHARGED, **LATER})],
        flags=[FLAG | {"episode": "V1", "status": "retracted"}, FLAG | {"episode": "V2"}],
        tasks=[CHECK | {"status": "accepted", "business_status": "delivered"}],
        cases=[11],
    ),
    Scenario(
        "two carers, and somebody has confirmed that care is covered: both flags are closed",
        [*feed(*TWO_CARERS, ADMITTED, CAROL), ACCEPT, complete(CHECKED, "already_supported", "cover_confirmed")],
        flags=[
            FLAG | {"episode": "V1", "status": "closed", "outcome": "arranged_already"},
            FLAG | {"episode": "V2", "status": "closed", "outcome": "arranged_already"},
        ],
        tasks=[CHECK | {"status": "completed"}],
        cases=[11],
    ),
    Scenario(
        "both of a couple are in hospital: nobody is at home, nobody is asked",
        feed(*PAIR, ADMITTED, BEN_IN),
        cases=[12],
    ),
    Scenario(
        "both of a couple are in hospital when a unit had accepted: its check is on hold",
        [*START, ACCEPT, *later({**BEN_IN, **LATER})],
        flags=[BOTH_AWAY],
        tasks=[CHECK | {"status": "on-hold", "status_reason": "in_hospital", "resumes_as": "accepted"}],
        cases=[12],
    ),
    Scenario(
        "he comes home while his carer is still in hospital: a new flag, and urgent; nobody is at home to care",
        feed(*PAIR, ADMITTED, BEN_IN, BEN_OUT),
        flags=[
            {"who": "ben", "rule": "cared-for-home-first", "status": "active", "level": "very_high", "episode": "V3"}
        ],
        tasks=[CHECK | {"priority": "asap", "typology": "cared-for-home-first"}],
        cases=[12, 14],
    ),
    Scenario(
        "he comes home, and so does she the day after: nothing more to ask",
        feed(*PAIR, ADMITTED, BEN_IN, BEN_OUT, {**DISCHARGED, "at": "2026-07-16T10:00"}),
        cases=[14],
    ),
    Scenario(
        "the housing department knows of a move months late: the evidence says how old the news is",
        feed({**COUPLE, "at": "2026-01-05", "recorded": "2026-06-20"}),
        flags=[{"who": "household T1", "rule": "little-support", "status": "active"}],
        cases=[17],
        check=old_news,
        any_order=True,
    ),
    Scenario(
        "the unit finds that they have moved: a person's word, the flag is closed as of the wrong household",
        [*START, ACCEPT, complete(CHECKED, "moved")],
        flags=[FLAG | {"status": "closed", "outcome": "wrong_person"}],
        tasks=[CHECK | {"status": "completed", "outcome": "moved"}],
        cases=[17],
    ),
    Scenario(
        "a carer dies: urgent for the one she cared for, and her own planned visit is taken back",
        feed(*PAIR, SUPPORTED, DIED),
        flags=[{"who": "ben", "rule": "carer-died", "status": "active", "level": "very_high"}],
        tasks=[{**CHECK, "typology": "carer-died"}],
        cases=[24],
    ),
    Scenario(
        "a death that was told in error and taken back: as if it had not been",
        feed(
            *PAIR,
            SUPPORTED,
            ADMITTED,
            {**DISCHARGED, "deceased": True},
            {"type": "hospital.discharge_cancelled", "subject": "anna", "visit": "V1", "at": "2026-07-14T16:00"},
        ),
        flags=[FLAG],
        tasks=[CHECK],
        cases=[24],
    ),
    Scenario(
        "not seen for five days, and in hospital: no welfare check",
        feed(*PAIR, BEN_IN, NOT_SEEN),
        flags=[],
        cases=[32],
    ),
    Scenario(
        "not seen for five days, and nobody knows why: somebody goes and looks",
        feed(*PAIR, NOT_SEEN),
        flags=[{"who": "ben", "rule": "not-seen", "status": "active"}],
        tasks=[{"who": "ben", "purpose": "check_welfare", "unit_kind": "care_team", "status": "requested"}],
        cases=[32],
    ),
    Scenario(
        "not seen, somebody goes; then the hospital tells that he was admitted: the check is taken back",
        [*feed(*PAIR, NOT_SEEN), *later({**BEN_IN, **LATER})],
        flags=[{"who": "ben", "rule": "not-seen", "status": "mitigated"}],
        tasks=[{"who": "ben", "purpose": "check_welfare", "status": "cancelled"}],
        cases=[32],
    ),
    Scenario(
        "violence was reported, and she has moved to a refuge: the old home's flag and task know nothing of it",
        [
            *feed(*PAIR, SUPPORTED, REPORT),
            *later(
                {"type": "housing.member_removed", "tenancy": "T1", "who": "anna", "at": "2026-07-12", **LATER}, REFUGE
            ),
        ],
        flags=[{"who": "anna", "rule": "violence-or-child-at-risk", "status": "active", "home": "household T1"}],
        tasks=[{"who": "anna", "purpose": "protect", "unit_kind": "family_protection", "district": "SSP"}],
        cases=[38],
        check=no_refuge_in_anything_said,
        any_order=True,
    ),
)
