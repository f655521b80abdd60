"""What we know now about then, and what we knew then."""

from typing import Any

import pytest

from contracts.facts import Fact
from contracts.ids import household_of_person, household_of_tenancy
from services.correlator.membership import as_known, home_of, members_at
from services.correlator.view import Household
from tests.scenario import person
from tests.unit.correlator.households import SOURCES, household_of

T1, T2 = household_of_tenancy("T1"), household_of_tenancy("T2")
ANNA = person("anna")


def said(kind: str, household: str, at: str, received: str, value: dict[str, Any] | None, number: int) -> Any:
    return {
        "subject": ANNA,
        "kind": f"membership.{kind}",
        "key": household,
        "source": "hd-tenancies",
        "version": [received, number, f"e-{number}", -number, "d"],
        "at": at,
        "received": received,
        "value": value,
    }


HERE: dict[str, Any] = {"role": "tenant", "birth_year": 1950}
# She moved from T1 to T2 in March; the housing department told us in August, and corrected the day in September.
VERSIONS = [
    said("start", T1, "2020-01-01T00:00:00.000Z", "2020-01-05T00:00:00.000Z", HERE, 1),
    said("end", T1, "2026-03-01T00:00:00.000Z", "2026-08-01T00:00:00.000Z", {"reason": "moved_out"}, 2),
    said("start", T2, "2026-03-01T00:00:00.000Z", "2026-08-01T00:00:00.000Z", HERE, 3),
    said("end", T1, "2026-04-01T00:00:00.000Z", "2026-09-01T00:00:00.000Z", {"reason": "moved_out"}, 4),
    said("start", T2, "2026-04-01T00:00:00.000Z", "2026-09-01T00:00:00.000Z", HERE, 5),
]
MARCH, JUNE = "2026-03-15T00:00:00.000Z", "2026-06-15T00:00:00.000Z"
JULY, AUGUST, OCTOBER = "2026-07-01T00:00:00.000Z", "2026-08-15T00:00:00.000Z", "2026-10-01T00:00:00.000Z"


def test_what_we_know_now_about_then() -> None:
    assert home_of(ANNA, VERSIONS, MARCH) == T1
    assert home_of(ANNA, VERSIONS, JUNE) == T2


def test_who_moves_lives_in_the_new_home_from_that_instant_on() -> None:
    assert home_of(ANNA, VERSIONS, "2026-03-31T23:59:59.999Z") == T1
    assert home_of(ANNA, VERSIONS, "2026-04-01T00:00:00.000Z") == T2
    assert home_of(ANNA, VERSIONS[:1], "2020-01-01T00:00:00.000Z") == T1
    assert home_of(ANNA, VERSIONS[:1], "2019-12-31T23:59:59.999Z") == home_of(ANNA, VERSIONS[:1], JUNE)


def test_what_we_knew_then() -> None:
    assert home_of(ANNA, VERSIONS, JUNE, known_at=JULY) == T1
    assert home_of(ANNA, VERSIONS, JUNE, known_at=AUGUST) == T2
    assert home_of(ANNA, VERSIONS, MARCH, known_at=AUGUST) == T2  # corrected since
    assert home_of(ANNA, VERSIONS, MARCH, known_at=OCTOBER) == T1
    assert home_of(ANNA, VERSIONS, JUNE, known_at="2019-12-31T00:00:00.000Z") == household_of_person(ANNA)


def test_the_order_of_versions_does_not_matter_and_a_tombstone_is_one() -> None:
    assert as_known(reversed(VERSIONS)) == as_known(VERSIONS)
    gone = said("start", T2, "2026-04-01T00:00:00.000Z", "2026-11-01T00:00:00.000Z", None, 6)
    assert T2 not in {fact["key"] for fact in as_known([*VERSIONS, gone])}
    assert T2 in {fact["key"] for fact in as_known([*VERSIONS, gone], known_at=OCTOBER)}


COUPLE = {
    "type": "housing.tenancy_started",
    "tenancy": "T1",
    "members": {"anna": 1948, "ben": 1946},
    "at": "2020-01-01",
}


def names(lines: list[dict[str, Any]], at: str, known_at: str | None = None) -> set[str]:
    here = {person(name): name for name in ("anna", "ben", "carol")}
    return {here[member.id] for member in members_at(household_of(lines), at, known_at)}


def test_the_composition_as_of_a_date() -> None:
    lines = [
        COUPLE,
        {"type": "housing.member_added", "tenancy": "T1", "members": {"carol": 1990}, "at": "2026-05-01"},
        {"type": "housing.member_removed", "tenancy": "T1", "who": "ben", "at": "2026-06-10", "recorded": "2026-09-01"},
    ]
    assert names(lines, "2026-04-01T00:00:00.000Z") == {"anna", "ben"}
    assert names(lines, "2026-06-01T00:00:00.000Z") == {"anna", "ben", "carol"}
    assert names(lines, "2026-07-01T00:00:00.000Z") == {"anna", "carol"}
    assert names(lines, "2026-07-01T00:00:00.000Z", "2026-08-01T00:00:00.000Z") == {"anna", "ben", "carol"}
    assert names(lines, "2019-01-01T00:00:00.000Z") == set()


def test_the_dead_lived_there_until_then() -> None:
    died = {"type": "person.deceased", "subject": "ben", "confidence": "confirmed", "at": "2026-06-10"}
    assert names([COUPLE, died], "2026-06-01T00:00:00.000Z") == {"anna", "ben"}
    assert names([COUPLE, died], "2026-06-20T00:00:00.000Z") == {"anna"}


def test_a_list_of_all_who_live_there_closes_what_it_does_not_name() -> None:
    listed = {"type": "housing.snapshot_asserted", "tenancy": "T1", "members": {"anna": 1948}, "at": "2026-06-10"}
    assert names([COUPLE, listed], "2026-06-01T00:00:00.000Z") == {"anna", "ben"}
    assert names([COUPLE, listed], "2026-06-20T00:00:00.000Z") == {"anna"}


def test_of_two_lists_of_one_day_the_newer_counts() -> None:
    listed = {"type": "housing.snapshot_asserted", "tenancy": "T1", "at": "2026-06-10"}
    lines = [
        COUPLE,
        {**listed, "members": {"anna": 1948}, "recorded": "2026-06-11"},
        {**listed, "members": {"ben": 1946}, "recorded": "2026-06-12"},
    ]
    for said in (lines, [lines[0], lines[2], lines[1]]):
        assert names(said, "2026-06-20T00:00:00.000Z") == {"ben"}
        assert {member.id for member in household_of(said).members} == {person("ben")}


def test_a_list_of_the_day_on_which_somebody_moves_in_leaves_them_out_or_not() -> None:
    listed = {"type": "housing.snapshot_asserted", "tenancy": "T1", "members": {"anna": 1948}, "at": "2020-01-01"}
    assert names([COUPLE, listed], "2026-06-20T00:00:00.000Z") == {"anna"}
    assert {member.id for member in household_of([COUPLE, listed]).members} == {ANNA}


def test_a_list_that_names_the_dead_does_not_bring_them_back() -> None:
    died = {"type": "person.deceased", "subject": "ben", "confidence": "confirmed", "at": "2026-06-05"}
    listed = {"type": "housing.snapshot_asserted", "tenancy": "T1", "members": COUPLE["members"], "at": "2026-06-10"}
    assert {member.id for member in household_of([COUPLE, died, listed]).members} == {ANNA}


def test_a_list_may_name_somebody_by_another_number() -> None:
    merged = {"type": "identity.merged", "subject": "anna", "retired": "zoe"}
    listed = {"type": "housing.snapshot_asserted", "tenancy": "T1", "members": {"zoe": 1948, "ben": 1946}}
    household = household_of([COUPLE, merged, {**listed, "at": "2026-06-10"}])
    assert not household.half_told
    assert len(household.members) == 2


def test_a_list_counts_as_soon_as_it_was_known() -> None:
    listed = {"type": "housing.snapshot_asserted", "tenancy": "T1", "members": {"anna": 1948}, "at": "2026-06-10"}
    lines = [COUPLE, {**listed, "recorded": "2026-08-10"}]
    assert names(lines, "2026-06-20T00:00:00.000Z", "2026-08-01T00:00:00.000Z") == {"anna", "ben"}
    assert names(lines, "2026-06-20T00:00:00.000Z", "2026-08-11T00:00:00.000Z") == {"anna"}


@pytest.mark.parametrize(
    ("left_at", "lives_at"),
    [(None, "U2"), ("2026-06-10T00:00:00.000Z", None), ("2026-06-05T00:00:00.000Z", None), ("2026-06-01", "U2")],
)
def test_where_they_moved_to_is_their_address_before_that_flat_has_told_it(
    left_at: str | None, lives_at: str | None
) -> None:
    to = {"unit": "U2", "block": "block-2", "estate": "estate-2", "district": "KTS"}
    moved = {"reason": "transferred", "moved_to": to}
    begun = [of_flat("occupancy.start", "U1", "2020-01-01T00:00:00.000Z", {"unit": "U1"})]
    ended = [of_flat("occupancy.end", "U1", "2026-06-05T00:00:00.000Z", moved)]
    if left_at is not None:
        ended.append(of_flat("occupancy.end", "U2", left_at, {"reason": "ended"}))
    for said in (ended, ended[::-1]):
        flat = {"occupancy.start": begun, "occupancy.end": said}
        address = Household(T1, {"flat": flat}, frozenset(flat), SOURCES).address
        assert (address and (address["value"] or {})["unit"]) == lives_at


def of_flat(kind: str, unit: str, at: str, value: dict[str, Any]) -> Fact:
    version = (at, 1, f"e-{unit}-{kind}", 0, "d")
    key = f"{unit}|{T1}"
    return Fact(
        subject="block", kind=kind, key=key, source="hd-tenancies", version=version, at=at, received=at, value=value
    )


def test_whoever_has_no_tenancy_is_a_household_of_one() -> None:
    call = {"type": "hotline.contact", "subject": "anna", "topics": ["care"]}
    alone = household_of([call], "anna")
    assert [member.id for member in members_at(alone, JUNE)] == [ANNA]
    caller = {"type": "hotline.contact", "caller_match": "none", "topics": ["care"], "id": "e-001"}
    assert members_at(household_of([caller], "caller e-001"), JUNE) == []
