"""Who gets a task."""

from collections.abc import Collection
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.directory import Directory, District, Name, Places, Unit
from services.directory.routing import MAX_DECLINES

NAME = Name.model_validate({"en": "a unit", "zh-Hant": "單位"})


def unit(name: str, kind: str = "care_team", districts: Any = ("SSP",), **more: Any) -> Unit:
    said = {"id": name, "kind": kind, "name": NAME, "districts": districts if districts == "all" else [*districts]}
    return Unit.model_validate(said | more)


UNITS = [
    unit("estate-team", estates=["estate-1"]),
    *(unit(f"team-{number}") for number in range(5)),
    unit("team-of-all", districts="all"),
    unit("office", "district_office"),
]
HOMES = [f"h-{number}" for number in range(200)]


def owner(
    district: str | None = "SSP", estate: str | None = None, home: str = "h-1", *declined: str
) -> tuple[str, str]:
    return Directory(UNITS).route("care_team", district, estate, home, declined)


def test_the_estates_own_unit_comes_first() -> None:
    assert {owner(estate="estate-1", home=home) for home in HOMES} == {("care_team", "estate-team")}


def test_an_estates_unit_serves_nobody_else() -> None:
    owners = {owner(estate="estate-2", home=home)[1] for home in HOMES}
    assert owners == {f"team-{number}" for number in range(5)}


def test_a_household_keeps_its_unit_in_whichever_order_the_file_names_them() -> None:
    other_way_round = Directory(UNITS[::-1])
    assert all(other_way_round.route("care_team", "SSP", None, home) == owner(home=home) for home in HOMES)
    assert len({owner(home=home) for home in HOMES}) == 5


def test_whoever_declined_is_not_asked_again() -> None:
    first = owner()[1]
    second = owner("SSP", None, "h-1", first)[1]
    assert second != first
    assert owner("SSP", None, "h-1", first, second)[1] not in (first, second)


def test_elsewhere_the_unit_of_the_territory() -> None:
    assert owner("TP") == owner(None) == ("care_team", "team-of-all")


def test_too_many_declines_go_to_the_duty_officer_though_units_are_left() -> None:
    declined = [f"team-{number}" for number in range(MAX_DECLINES)]
    assert owner("SSP", None, "h-1", *declined[:-1])[0] == "care_team"
    assert owner("SSP", None, "h-1", *declined) == ("district_office", "office")


@pytest.mark.parametrize(("district", "queue"), [("TP", "queue-TP"), (None, "queue-territory")])
def test_where_nobody_is_left_there_is_a_queue(district: str | None, queue: str) -> None:
    assert owner(district, None, "h-1", "team-of-all") == ("district_office", queue)


PLACES = Places(
    {
        "SSP": District.model_validate({"name": NAME, "sub_districts": {"SSP-WEST": ["A", "B"], "SSP-EAST": ["C"]}}),
        "KTS": District.model_validate({"name": NAME}),
    }
)
NEAR = Directory(
    [
        unit("for-b", estates=["B"]),
        unit("west", sub_districts=["SSP-WEST"]),
        unit("east-and-a", sub_districts=["SSP-EAST"], estates=["A"]),
        unit("ssp"),
        unit("kts", districts=["KTS"]),
        unit("all", districts="all"),
        unit("office", "district_office"),
    ],
    PLACES,
)


def near(district: str | None, estate: str | None) -> list[str]:
    return [one.id for one in NEAR.eligible("care_team", district, estate)]


def test_the_estates_unit_then_the_sub_districts_then_the_districts_then_the_territorys() -> None:
    assert near("SSP", "A") == ["east-and-a", "west", "ssp", "all"]
    assert near("SSP", "B") == ["for-b", "west", "ssp", "all"]
    assert near("SSP", "C") == ["east-and-a", "ssp", "all"]
    assert near("KTS", "A") == ["kts", "all"]  # an estate of another district says nothing here


def test_where_nobody_knows_the_sub_district_its_units_may_be_right() -> None:
    assert near("SSP", None) == near("SSP", "elsewhere") == ["ssp", "east-and-a", "west", "all"]
    assert near(None, None) == ["all"]
    assert NEAR.serves("care_team", "west", "SSP", "elsewhere")
    assert not NEAR.serves("care_team", "west", "SSP", "C")
    assert not NEAR.serves("district_office", "west", "SSP", "A")
    assert NEAR.serves("care_team", "queue-SSP", "SSP", "C")
    assert not NEAR.serves("care_team", "gone", "SSP", "A")


def chosen(waits: dict[str, int | None], known: Collection[str] = (), declined: Collection[str] = ()) -> str | None:
    return NEAR.choose("care_team", "SSP", "A", "h-1", declined, known, lambda one: waits.get(one, 0))


def test_who_accepts_before_who_has_a_waiting_list_the_shorter_first() -> None:
    assert chosen({}) == "east-and-a"
    assert chosen({"east-and-a": 3}) == "west"
    assert chosen({"east-and-a": 3, "west": 2, "ssp": 9, "all": 9}) == "west"


def test_one_that_is_closed_is_not_asked_even_where_it_knows_the_household() -> None:
    assert chosen({"east-and-a": None}) == "west"
    assert chosen({"ssp": None}, known={"ssp"}) == "east-and-a"
    everybody_shut = dict.fromkeys(("east-and-a", "west", "ssp", "all"))
    assert chosen(everybody_shut) is None
    route = NEAR.route("care_team", "SSP", "A", "h-1", waits=lambda one: everybody_shut.get(one, 0))
    assert route == ("district_office", "office")
    assert NEAR.route("care_team", "SSP", "A", "h-1", waits=lambda one: None) == ("district_office", "queue-SSP")


def test_a_waiting_list_is_for_those_who_are_new() -> None:
    assert chosen({"ssp": 60}, known={"ssp"}) == "ssp"
    assert chosen({"ssp": 60, "all": 1}, known={"ssp", "all"}) == "ssp"  # the nearer of two that know it
    assert chosen({"ssp": 60}, known={"ssp"}, declined=["ssp"]) == "east-and-a"


def test_a_unit_that_closes_moves_nobody_but_its_own() -> None:
    teams = Directory([unit(f"team-{number}") for number in range(7)])
    before = {home: teams.choose("care_team", "SSP", None, home) for home in HOMES}
    after = {
        home: teams.choose("care_team", "SSP", None, home, waits=lambda one: None if one == "team-3" else 0)
        for home in HOMES
    }
    assert {home for home in HOMES if before[home] != after[home]} == {h for h in HOMES if before[h] == "team-3"}
    assert "team-3" not in after.values()


TEAMS = [f"team-{number}" for number in range(5)]


@given(
    waits=st.dictionaries(st.sampled_from(TEAMS), st.none() | st.integers(0, 5)),
    declined=st.lists(st.sampled_from(TEAMS), unique=True),
    known=st.sets(st.sampled_from(TEAMS)),
    home=st.integers(0, 50),
)
def test_whoever_is_chosen_could_be_and_nobody_better_was_left(
    waits: dict[str, int | None], declined: list[str], known: set[str], home: int
) -> None:
    teams = Directory([unit(name) for name in TEAMS])
    picked = teams.choose("care_team", "SSP", None, f"h-{home}", declined, known, lambda one: waits.get(one, 0))
    left = {name: days for name in TEAMS if name not in declined and (days := waits.get(name, 0)) is not None}
    if not left:
        assert picked is None
        return
    assert picked in left
    if known & left.keys():
        assert picked in known
    else:
        assert left[picked] == min(left.values())
