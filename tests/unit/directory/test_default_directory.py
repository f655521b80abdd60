"""The directory of the repository: the published figures, every kind everywhere, nobody's real telephone."""

import re
from collections import Counter

import pytest

from contracts.tasks import UNIT_KINDS
from services.directory import Directory
from services.policy import load_directory
from services.simulator.people import ESTATES
from services.simulator.units import HOMES, UNITS
from tests.scenarios.memory import POLICY

DIRECTORY = load_directory(POLICY)
SSP = [unit for unit in DIRECTORY.units.values() if unit.districts == ["SSP"]]


def many(kind: str, prefix: str = "") -> int:
    return sum(unit.kind == kind and unit.id.startswith(prefix) for unit in SSP)


def test_sham_shui_po_is_as_published() -> None:
    assert many("care_team") == len(DIRECTORY.places.districts["SSP"].sub_districts) == 25
    assert (many("elderly_centre", "ssp-decc-"), many("elderly_centre", "ssp-nec-")) == (3, 13)
    assert many("day_care") == 9
    assert many("disability_support") == 1
    assert many("mental_wellness") == 1
    assert many("carer_resource", "ssp-parents-") == 2
    recovery = DIRECTORY.units["carers-rest-kw"]
    assert recovery.districts == ["SSP", "KC", "YTM", "TW", "KTS"]


def test_the_territory_is_as_published() -> None:
    kinds = Counter(unit.kind for unit in DIRECTORY.units.values())
    assert len(DIRECTORY.places.districts) == 18
    assert kinds["mental_wellness"] == 24
    assert sum(re.search("-parents-", name) is not None for name in DIRECTORY.units) == 19 + 4


@pytest.mark.parametrize("kind", UNIT_KINDS)
def test_every_kind_is_there_for_every_estate(kind: str) -> None:
    for code, district in DIRECTORY.places.districts.items():
        for estates in district.sub_districts.values():
            for estate in (*estates, "an-estate-nobody-knows", None):
                assert DIRECTORY.eligible(kind, code, estate), (kind, code, estate)


def test_it_has_no_gaps() -> None:
    assert DIRECTORY.gaps() == {}


def test_gaps_are_named_by_district_or_where_they_are_in_part_of_one_by_sub_district() -> None:
    gone = {"ssp-care-team-07", "kts-dscp"}
    units = [unit for unit in DIRECTORY.units.values() if unit.id not in gone and unit.kind != "volunteer_team"]
    assert Directory(units, DIRECTORY.places).gaps() == {
        "care_team": ["SSP-NAM-CHEONG-CENTRAL"],
        "disability_support": ["KTS"],
        "volunteer_team": [*DIRECTORY.places.districts],
    }


def test_each_sub_district_has_its_care_team_and_its_elderly_centre() -> None:
    for code, district in DIRECTORY.places.districts.items():
        for part in district.sub_districts:
            for kind in ("care_team", "elderly_centre"):
                mine = [u for u in DIRECTORY.units.values() if u.kind == kind and part in u.sub_districts]
                assert mine, (code, part, kind)
            assert sum(unit.kind == "care_team" and part in unit.sub_districts for unit in SSP) == (code == "SSP")


def test_the_simulated_people_live_in_places_that_it_knows() -> None:
    for district, estates in ESTATES.items():
        for estate in estates:
            assert DIRECTORY.places.place(district, estate).sub_district is not None, estate
    assert {*UNITS} <= DIRECTORY.units.keys()
    assert {district for _, district in HOMES} <= DIRECTORY.places.districts.keys()


def test_no_telephone_and_no_address_stands_in_it() -> None:
    text = (POLICY / "units.yaml").read_text(encoding="utf-8")
    assert not re.search(r"https?:|@", text)
    assert {*re.findall(r"\d{5,}", text)} == {"182183"}


def test_units_take_tasks_in_all_the_ways_there_are() -> None:
    assert {unit.channel for unit in DIRECTORY.units.values()} == {"desk", "webhook", "fhir", "csv"}
