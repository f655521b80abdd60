"""Flats: an observation belongs to whoever lived there when it was made. Blocks: one response for all concerned."""

from itertools import permutations

from contracts.ids import household_of_address, household_of_block, household_of_tenancy
from tests.scenario import expand
from tests.unit.test_line import lived

HERE = {"unit": "U1"}
STARTED = {"type": "housing.tenancy_started", "flat": HERE}
FIRST = {**STARTED, "tenancy": "T1", "members": {"anna": 1948}, "at": "2026-05-01"}
LEFT = {"type": "housing.tenancy_ended", "tenancy": "T1", "flat": HERE, "at": "2026-06-01"}
NEXT = {**STARTED, "tenancy": "T2", "members": {"ben": 1950}, "at": "2026-06-05"}
SEEN = {"type": "community.observation", "tenancy": "T1", "flat": HERE, "concern": "not_seen"}


def observed(tenancy: str, lines: list[dict[str, object]]) -> int:
    """How many observations of the flat the household of a tenancy knows."""
    _, facts = lived(expand(lines))
    known = facts.get(household_of_tenancy(tenancy), {}).get("unit:U1", [])
    return sum(fact["kind"] == "observation" for fact in known)  # type: ignore[attr-defined]


def test_of_two_who_lived_there_the_one_who_did_then() -> None:
    for at, first, second in (("2026-05-20", 1, 0), ("2026-06-20", 0, 1), ("2026-06-03", 0, 0), ("2026-04-01", 0, 0)):
        lines = [{**SEEN, "at": at}, FIRST, LEFT, NEXT]
        assert (observed("T1", lines), observed("T2", lines)) == (first, second), at


def test_whoever_has_not_moved_out_gives_way_to_who_moved_in() -> None:
    lines = [FIRST, NEXT, {**SEEN, "at": "2026-06-20"}]
    assert (observed("T1", lines), observed("T2", lines)) == (0, 1)


def test_a_flat_whose_id_holds_a_bar_is_one_flat() -> None:
    barred = {"unit": "estate|block|U1"}
    other = {"unit": "estate|block|U2"}
    lines = [
        {**FIRST, "flat": barred},
        {**NEXT, "flat": other},
        {**SEEN, "flat": barred, "at": "2026-06-20"},
    ]
    _, facts = lived(expand(lines))
    kinds = {
        origin: [fact["kind"] for fact in said]  # type: ignore[attr-defined]
        for household in (household_of_tenancy("T1"), household_of_tenancy("T2"))
        for origin, said in facts[household].items()
        if origin.startswith("unit:")
    }
    assert kinds == {
        "unit:estate|block|U1": ["occupancy.start", "observation"],
        "unit:estate|block|U2": ["occupancy.start"],
    }


# A flat of which no tenancy is known


FOUND = {**SEEN, "by": "welfare_unit", "concern": "hidden_household", "at": "2026-07-10"}
AT_U1 = household_of_address("U1")


def test_what_was_noticed_where_nobody_is_known_to_live_has_a_household_of_the_flat() -> None:
    ends, facts = lived(expand([FOUND]))
    assert [fact["kind"] for fact in facts[AT_U1]["unit:U1"]] == ["observation"]  # type: ignore[attr-defined]
    (flag,) = ends.flags.values()
    assert (flag["household_id"], flag["subject"], flag["district"]) == (AT_U1, AT_U1, "SSP")


def test_once_a_tenancy_is_known_it_is_told_of_that_household() -> None:
    for lines in ([FOUND, FIRST], [FIRST, FOUND]):
        ends, facts = lived(expand(lines))
        assert AT_U1 not in facts
        found = [flag for flag in ends.flags.values() if flag["rule"] == "hidden-household"]
        (open_,) = [flag for flag in found if flag["status"] == "active"]
        assert open_["household_id"] == household_of_tenancy("T1")
        assert {flag["cause"] for flag in found if flag is not open_} <= {"household_known"}


def test_a_tenancy_that_began_later_is_somebody_elses() -> None:
    _, facts = lived(expand([{**FOUND, "at": "2026-05-01"}, NEXT]))
    assert AT_U1 in facts


# Incidents of a block


FIRE = {"type": "community.incident", "block_id": "block-1", "kind": "fire", "at": "2026-07-25", "id": "e-fire"}
BLOCK = household_of_block("block-1")
T1, T2 = household_of_tenancy("T1"), household_of_tenancy("T2")
OTHER_FLAT = {**NEXT, "flat": {"unit": "U2"}, "at": "2026-05-05"}
OTHER_BLOCK = {**NEXT, "tenancy": "T3", "flat": {"unit": "U3", "block": "block-3"}, "members": {"carol": 1950}}


def concerned(lines: list[dict[str, object]]) -> list[str]:
    _, facts = lived(expand(lines))
    (incident,) = facts[BLOCK]["block:block-1"]  # type: ignore[misc]
    return incident["value"]["households"]  # type: ignore[no-any-return]


def test_an_incident_concerns_all_who_lived_in_the_block_then_in_whatever_order_it_is_told() -> None:
    lines = [FIRST, OTHER_FLAT, OTHER_BLOCK, FIRE]
    for order in permutations(lines):
        assert concerned(list(order)) == sorted([T1, T2])


def test_who_had_left_or_comes_later_is_not_concerned() -> None:
    assert concerned([FIRST, {**LEFT, "at": "2026-07-20"}, OTHER_FLAT, FIRE]) == [T2]
    assert concerned([FIRST, {**OTHER_FLAT, "at": "2026-07-26"}, FIRE]) == [T1]


def test_there_is_one_flag_and_one_task_for_the_block_and_none_for_its_households() -> None:
    ends, _ = lived(expand([FIRST, OTHER_FLAT, FIRE]))
    about = [flag for flag in ends.flags.values() if flag["rule"] == "block-incident" and flag["status"] == "active"]
    (flag,) = about
    assert (flag["subject"], flag["household_id"], flag["estate"]) == ("block-1", BLOCK, "estate-1")
    listed = next(one for one in flag["evidence"] if one["clause"].startswith("incident.households"))
    assert listed["value"] == sorted([T1, T2])
    (task,) = [task for task in ends.tasks.values() if task["purpose"] == "coordinate_response"]
    assert (task["for"], task["unit_kind"], task["unit"]) == ("block-1", "district_office", "ssp-district-office")
    assert {f["household_id"] for f in ends.flags.values() if "fire" in f["episode"]} == {BLOCK}


def test_two_incidents_are_two() -> None:
    flood = {**FIRE, "kind": "flood", "at": "2026-07-26", "id": "e-flood"}
    ends, _ = lived(expand([FIRST, FIRE, flood]))
    assert len({flag["episode"] for flag in ends.flags.values() if flag["rule"] == "block-incident"}) == 2


def test_many_flats_are_listed_in_parts() -> None:
    many = [
        {**STARTED, "tenancy": f"T{n}", "members": {f"m{n}": 1980}, "flat": {"unit": f"U{n}"}, "at": "2026-05-01"}
        for n in range(60)
    ]
    assert len(concerned([*many, FIRE])) == 60


# Where nobody may learn an address


def test_after_a_report_of_violence_no_flag_of_the_household_names_the_estate() -> None:
    report = {**SEEN, "by": "police", "concern": "violence_reported", "at": "2026-05-10"}
    ends, _ = lived(expand([FIRST, report, {**SEEN, "days": 5, "at": "2026-05-20"}]))
    flags = [flag for flag in ends.flags.values() if flag["status"] == "active"]
    assert {flag["rule"] for flag in flags} >= {"violence-or-child-at-risk", "not-seen"}
    assert all(flag["protected"] and flag["estate"] is None for flag in flags)
    ends, _ = lived(expand([FIRST, {**SEEN, "days": 5, "at": "2026-05-20"}]))
    assert not any(flag["protected"] for flag in ends.flags.values())
    assert {flag["estate"] for flag in ends.flags.values()} == {"estate-1"}
