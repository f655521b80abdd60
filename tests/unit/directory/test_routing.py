"""Who gets a task."""

from typing import Any

import pytest

from services.directory import Directory, Name, Unit
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
