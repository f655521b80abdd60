"""Random small histories of feed events, for Hypothesis: few people, few flats, few ids, so that things collide."""

from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from contracts.instants import plus
from services.runtime.fold import Record
from tests.scenario import expand, resend

__all__ = ["histories"]

PEOPLE = ("anna", "ben", "carol", "dora")
BEGIN = "2026-06-28T00:00:00.000Z"
BASIS = (
    {"type": "housing.tenancy_started", "tenancy": "T1", "members": {"anna": 1948, "ben": 1946}},
    {
        "type": "register.care_relationship_asserted",
        "subject": "anna",
        "cared_for": "ben",
        "group": "elderly",
    },
    {"type": "register.cohort_asserted", "subject": "anna", "cohort": "allowance_carers_of_elderly"},
    {"type": "hospital.admitted", "subject": "anna", "visit": "V1"},
)

who = st.sampled_from(PEOPLE)
hours = st.integers(0, 24 * 30)
tenancy = st.sampled_from(["T1", "T2"])
flat = st.sampled_from(
    [{"unit": "U1"}, {"unit": "U2", "block": "block-2"}, {"unit": "U3", "block": "b3", "district": "KTS"}]
)
born = st.sampled_from([1940, 1950, 1980, 2010])
members = st.dictionaries(who, born, min_size=1, max_size=3)


def _at(value: int) -> str:
    return plus(BEGIN, hours=value)


def _event(type_: str, **fields: SearchStrategy[Any]) -> SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({"type": st.just(type_), **fields})


def _hospital() -> SearchStrategy[dict[str, Any]]:
    visit = {
        "subject": who,
        "visit": st.sampled_from(["V1", "V2", "V3"]),
        "source": st.sampled_from(["ha-cms", "ha-cms", "private-hospitals"]),
    }
    plain = (
        "admitted",
        "discharge_cancelled",
        "admission_cancelled",
        "leave_started",
        "leave_ended",
        "transferred",
    )
    return st.one_of(
        *(_event(f"hospital.{name}", **visit) for name in plain),
        _event("hospital.admitted", **visit),
        _event("hospital.discharged", **visit, deceased=st.booleans()),
        _event("hospital.corrected", **visit, admitted_at=hours.map(lambda h: _at(h // 2))),
        _event(
            "hospital.corrected",
            **visit,
            discharged_at=hours.map(lambda h: _at(h // 2)),
            deceased=st.booleans(),
        ),
    )


def _links() -> SearchStrategy[dict[str, Any]]:
    return st.tuples(st.sampled_from(["merged", "merged", "unmerged"]), who, who).map(
        lambda drawn: {"type": f"identity.{drawn[0]}", "subject": drawn[1], "retired": drawn[2]}
    )


def _housing() -> SearchStrategy[dict[str, Any]]:
    one = st.tuples(who, born).map(lambda pair: dict([pair]))
    return st.one_of(
        _event("housing.tenancy_started", tenancy=tenancy, members=members, flat=flat),
        _event("housing.snapshot_asserted", tenancy=tenancy, members=members, flat=flat),
        _event("housing.tenancy_ended", tenancy=tenancy, flat=flat),
        _event("housing.member_added", tenancy=tenancy, members=one),
        _event(
            "housing.member_removed",
            tenancy=tenancy,
            who=who,
            reason=st.sampled_from(["moved_out", "deceased"]),
        ),
        _event("housing.transferred", tenancy=tenancy, flat=flat, to=flat),
    )


def _register() -> SearchStrategy[dict[str, Any]]:
    care = {"subject": who, "cared_for": who, "basis": st.sampled_from(["allowance", "hotline"])}
    cohort = st.sampled_from(["allowance_carers_of_elderly", "high_risk_public_housing"])
    service = st.sampled_from(["home_care", "emergency_alarm"])
    scope = st.sampled_from(["outreach", "data_sharing"])
    absence = {
        "subject": who,
        "absence": st.sampled_from(["A1", "A2"]),
        "starts": st.just("2026-07-20"),
        "ends": st.sampled_from(["2026-07-25", "2026-08-20"]),
    }
    return st.one_of(
        _event(
            "register.care_relationship_asserted",
            **care,
            group=st.sampled_from(["elderly", "disabled", "mental_recovery", "other"]),
        ),
        _event("register.care_relationship_asserted", **care, group=st.just("elderly")),
        _event("register.care_relationship_ended", **care),
        _event("register.cohort_asserted", subject=who, cohort=cohort),
        _event("register.cohort_ended", subject=who, cohort=cohort),
        _event("register.service_enrolled", subject=who, kind=service),
        _event("register.service_enrolled", subject=who, kind=service, unit=st.just("ssp-care-team-03")),
        _event("register.consent_withdrawn", subject=who, scope=scope),
        _event("register.consent_granted", subject=who, scope=scope),
        _event("register.service_ended", subject=who, kind=service),
        _event("register.service_applied_for", subject=who, kind=service),
        _event("register.service_application_withdrawn", subject=who, kind=service),
        _event("register.care_absence_planned", **absence),
        _event("register.care_absence_cancelled", **absence),
        _event(
            "register.residence_asserted",
            subject=who,
            district=st.sampled_from(["SSP", "KTS"]),
            birth_year=born,
        ),
        _event("person.deceased", subject=who, confidence=st.sampled_from(["confirmed", "reported"])),
    )


def _told() -> SearchStrategy[dict[str, Any]]:
    call = {
        "topics": st.sampled_from([["emotional"], ["care"], ["finance"], ["violence"], ["mental_health_crisis"]]),
        "gravity": st.sampled_from(["routine", "grave"]),
        "immediate_danger": st.booleans(),
    }
    concern = st.sampled_from(
        ["care_covered", "carer_home", "not_seen", "no_answer", "hidden_household", "child_at_risk_reported", "frail"]
    )
    noticed = {"concern": concern, "by": st.sampled_from(["care_team", "school", "family"]), "days": st.just(4)}
    return st.one_of(
        _event("hotline.contact", subject=who, **call),
        _event("hotline.contact", caller_match=st.just("none"), **call),
        _event(
            "hotline.contact",
            subject=who,
            **call,
            planned_absence=st.just({"starts": "2026-07-20", "ends": "2026-08-02"}),
        ),
        _event("community.observation", subject=who, **noticed),
        _event("community.observation", tenancy=tenancy, flat=flat, **noticed),
        _event(
            "community.incident",
            block_id=st.sampled_from(["block-1", "block-2"]),
            kind=st.sampled_from(["fire", "power_cut"]),
        ),
    )


EVENTS = st.one_of(_hospital(), _hospital(), _links(), _housing(), _register(), _told())


@st.composite
def histories(draw: DrawFn, most: int = 10) -> list[Record]:
    """Records in the order of telling: a couple whose carer is in hospital (mostly), and up to `most` things more.

    Ids and sequence numbers are drawn from few, so that one id stands over two bodies now and then, and versions tie;
    some records are sent twice, with another receipt."""
    lines: list[dict[str, Any]] = [dict(line) for line in draw(st.sampled_from([BASIS, BASIS, BASIS[1:], ()]))]
    for number, event in enumerate(draw(st.lists(EVENTS, min_size=1, max_size=most)), 10):
        if event.get("subject") is not None and event["subject"] in (
            event.get("retired"),
            event.get("cared_for"),
        ):
            event = {**event, "subject": PEOPLE[(PEOPLE.index(event["subject"]) + 1) % len(PEOPLE)]}
        at = draw(hours)
        recorded = at + draw(st.sampled_from([0, 0, 20, 400]))
        lines.append(
            {
                **event,
                "at": _at(at),
                "recorded": _at(max(recorded, 24 * 16) if "corrected" in event["type"] else recorded),
                "received": _at(max(recorded, 24 * 16) + draw(st.sampled_from([1, 12]))),
                "id": f"e-{draw(st.sampled_from([number, number, number, 10, 11]))}",
                "sequence": draw(st.integers(0, 2)),
            }
        )
    records = expand(lines)
    twice = draw(st.lists(st.tuples(st.sampled_from(records), st.sampled_from([700, 1000, 1500])), max_size=4))
    return records + [resend(record, _at(at)) for record, at in twice]
