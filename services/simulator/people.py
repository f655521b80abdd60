"""The district: estates, households, persons, and who cares for whom. Nobody here exists."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from services.doors.identity import DEMO_KEY, Pseudonyms, check_digit
from services.simulator.dice import Dice, Table
from services.simulator.parameters import Parameters

__all__ = ["Flat", "Household", "Person", "Registry", "settle"]

THIS_YEAR = 2026

ESTATES: dict[str, tuple[str, ...]] = {
    "SSP": (
        "FU-CHEONG", "NAM-CHEONG", "LAI-KOK", "LAI-ON", "PAK-TIN", "NAM-SHAN", "TAI-HANG-TUNG", "UN-CHAU",
        "SO-UK", "HOI-LAI", "HOI-TAT", "CHAK-ON", "SHEK-KIP-MEI", "LEI-CHENG-UK", "YEE-CHING", "WING-CHEONG",
    ),
    "KTS": ("KWAI-HING", "KWAI-FONG", "KWAI-SHING-EAST", "SHEK-LEI", "CHEUNG-CHING", "CHEUNG-ON"),
}  # fmt: skip
"""Public rental estates by district: Sham Shui Po, and Kwai Tsing."""

_OLD_AGES: Table[tuple[int, int]] = [((65, 74), 0.53), ((75, 79), 0.18), ((80, 96), 0.29)]
"""Published: the age mix of persons 65+."""

_ELDERLY_SIZES: Table[int] = [(2, 0.85), (3, 0.15)]
_OTHER_SIZES: Table[int] = [(1, 0.15), (2, 0.24), (3, 0.28), (4, 0.24), (5, 0.07), (6, 0.02)]
"""With the all-elderly households the mean is 2.6."""

_MIXES: dict[int, Table[tuple[str, ...]]] = {
    1: [(("adult",), 1)],
    2: [(("adult", "spouse"), 0.35), (("adult", "child"), 0.3), (("adult", "parent"), 0.35)],
    3: [
        (("adult", "spouse", "child"), 0.6),
        (("adult", "parent", "child"), 0.2),
        (("adult", "spouse", "parent"), 0.2),
    ],
    4: [(("adult", "spouse", "child", "child"), 0.75), (("adult", "spouse", "child", "parent"), 0.25)],
    5: [(("adult", "spouse", "child", "child", "parent"), 1)],
    6: [(("adult", "spouse", "child", "child", "parent", "relative"), 1)],
}


@dataclass(slots=True, eq=False)
class Person:
    """`hkid` has a wrong check digit, so that it is nobody's."""

    hkid: str
    person_id: str
    birth_year: int
    role: str
    home: "Household | None" = None
    district: str = "SSP"
    needs: str = ""
    """`disabled` or `mental_recovery` for persons under 65 who are cared for."""

    @property
    def age(self) -> int:
        return THIS_YEAR - self.birth_year


@dataclass(frozen=True, slots=True)
class Flat:
    unit: str
    block: str
    estate: str
    district: str

    def address(self) -> dict[str, str]:
        """As the contracts write it."""
        return {
            "address_unit_id": self.unit,
            "block_id": self.block,
            "estate_id": self.estate,
            "district": self.district,
        }


@dataclass(slots=True, eq=False)
class Household:
    tenancy: str
    flat: Flat
    members: list[Person] = field(default_factory=list)
    years: int = 5
    """For how long the tenancy has lasted."""

    @property
    def all_elderly(self) -> bool:
        return all(member.age >= 60 for member in self.members)


class Registry:
    """Issues people and flats: each HKID once, each with a check digit that is wrong on purpose. `everybody`: all that
    were issued, in order."""

    def __init__(self, flats_per_block: int) -> None:
        self._pseudonyms = Pseudonyms(DEMO_KEY, digits="wrong")
        self._people = 0
        self.everybody: list[Person] = []
        self._flats_per_block = flats_per_block
        self._flats: dict[str, int] = {}

    def pseudonym(self, hkid: str) -> str:
        """The demonstration's pseudonym, made by the very function of the doors."""
        return self._pseudonyms.of(hkid)

    def hkid(self) -> str:
        """The next HKID: unique up to 22 million, never valid."""
        number = self._people
        self._people += 1
        letter = "ABCDEFGHJKLMNPRSTUVWYZ"[number % 22]
        digits = f"{(number // 22 * 7919 + 123457) % 1_000_000:06d}"  # 7919 is prime: each of a million once
        values = "0123456789A"
        wrong = values[(values.index(check_digit(letter, digits)) + 1 + number % 10) % 11]
        return f"{letter}{digits}({wrong})"

    def person(self, age: int, role: str, district: str, needs: str = "") -> Person:
        hkid = self.hkid()
        person = Person(hkid, self.pseudonym(hkid), THIS_YEAR - age, role, None, district, needs)
        self.everybody.append(person)
        return person

    def flat(self, district: str) -> Flat:
        """The next empty flat; blocks fill one after the other, estates in turn."""
        number = self._flats.get(district, 0)
        self._flats[district] = number + 1
        estates = ESTATES[district]
        block_number, place = divmod(number, self._flats_per_block)
        estate = estates[block_number % len(estates)]
        block = f"{estate}-B{block_number // len(estates) + 1}"
        floor, door = divmod(place, 20)
        return Flat(f"{block}-{floor + 2:02d}{door + 1:02d}", block, estate, district)


def settle(parameters: Parameters, registry: Registry) -> list[Household]:
    """All households, with flats and members."""
    dice = Dice(parameters.seed, "households")
    households = []
    for number in range(parameters.households):
        district = "KTS" if dice.chance(parameters.second_district_share) else "SSP"
        household = Household(f"T-{number + 1:07d}", registry.flat(district), years=dice.between(1, 30))
        for age, role in _composition(parameters, dice):
            person = registry.person(age, role, district, _needs(parameters, dice, age))
            person.home = household
            household.members.append(person)
        # nobody has lived here for longer than they have lived
        household.years = min([household.years, *(member.age for member in household.members)])
        households.append(household)
    return households


def _composition(parameters: Parameters, dice: Dice) -> Iterator[tuple[int, str]]:
    """Ages and roles of one household."""
    if dice.chance(parameters.all_elderly_share):
        yield _old_age(dice, from_sixty=True), "tenant"
        if not dice.chance(parameters.singleton_share):
            yield _old_age(dice, from_sixty=True), "spouse"
            if dice.weighted(_ELDERLY_SIZES) == 3:
                yield _old_age(dice, from_sixty=True), "relative"
        return
    adult = dice.between(26, 59)
    for place in dice.weighted(_MIXES[dice.weighted(_OTHER_SIZES)]):
        match place:
            case "adult":
                yield adult, "tenant"
            case "spouse":
                yield min(max(adult + dice.between(-5, 5), 24), 59), "spouse"
            case "child":
                yield max(adult - dice.between(24, 36), 0), "child"
            case "parent":
                yield max(_old_age(dice), min(adult + 20, 90)), "parent"
            case _:
                yield dice.between(20, 70), "relative"


def _old_age(dice: Dice, from_sixty: bool = False) -> int:
    if from_sixty and dice.chance(0.15):
        return dice.between(60, 64)
    return dice.between(*dice.weighted(_OLD_AGES))


def _needs(parameters: Parameters, dice: Dice, age: int) -> str:
    if 3 <= age < 65 and dice.chance(parameters.disabled_share):
        return "disabled"
    if 16 <= age < 65 and dice.chance(parameters.in_recovery_share):
        return "mental_recovery"
    return ""
