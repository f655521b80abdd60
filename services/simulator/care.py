"""Who cares for whom, in which cohort, and which services the register knows."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from services.simulator.dice import Dice, Table
from services.simulator.parameters import Parameters
from services.simulator.people import Household, Person, Registry

__all__ = ["Care", "Circle", "arrange"]

_SERVICES: Table[str] = [
    ("elderly_centre", 0.35), ("home_care", 0.2), ("emergency_alarm", 0.2), ("day_care", 0.1),
    ("meal_delivery", 0.15),
]  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Care:
    """One person cares for another; `basis` and `group` in the words of the register."""

    carer: Person
    cared_for: Person
    group: str
    basis: str


@dataclass(slots=True)
class Circle:
    """Everything that the welfare register knows on the first day."""

    care: list[Care] = field(default_factory=list)
    cohorts: list[tuple[Person, str]] = field(default_factory=list)
    services: list[tuple[Person, str]] = field(default_factory=list)
    outsiders: list[Person] = field(default_factory=list)
    """Persons on the register who do not live in public rental housing."""
    pairs: set[tuple[Person, Person]] = field(default_factory=set, repr=False)
    """Who already cares for whom; asked, never walked through, so its order does not matter."""

    def carers(self) -> list[Person]:
        """Each carer once, in the order of the register."""
        return _once(care.carer for care in self.care)

    def carers_in_cohorts(self) -> list[Person]:
        return _once(person for person, _ in self.cohorts)

    def cared_for_by(self) -> dict[Person, list[Person]]:
        """For each carer, whom they care for."""
        out: dict[Person, list[Person]] = {}
        for care in self.care:
            out.setdefault(care.carer, []).append(care.cared_for)
        return out


def _once(people: Iterable[Person]) -> list[Person]:
    return list(dict.fromkeys(people))


def arrange(parameters: Parameters, households: list[Household], registry: Registry) -> Circle:
    """Finds the carers among the households (and some who live elsewhere) and writes the register."""
    circle = Circle()
    dice = Dice(parameters.seed, "care")
    target = max(1, round(parameters.carer_share * parameters.households))
    alone = [home for home in households if len(home.members) == 1 and home.members[0].age >= 70]
    carers = 0
    for home in dice.order(households):
        if carers >= target:
            break
        carers += _find_carer(parameters, dice, circle, registry, home, households)
    for care in list(circle.care):
        if alone and dice.chance(parameters.two_households_share):
            _care(circle, dice, care.carer, dice.pick(alone).members[0])
        if dice.chance(parameters.second_carer_share):
            _care(circle, dice, _outsider(circle, dice, registry, care.cared_for.district), care.cared_for)
    _cohorts(parameters, dice, circle)
    _services(parameters, circle, households)
    return circle


def _find_carer(
    parameters: Parameters,
    dice: Dice,
    circle: Circle,
    registry: Registry,
    home: Household,
    households: list[Household],
) -> int:
    """Writes the care in one household; returns how many carers were found (0: nobody here needs care)."""
    dependants = [member for member in home.members if member.needs or member.age >= 75]
    if home.all_elderly and len(home.members) >= 2:
        cared_for, carer = sorted(home.members[:2], key=lambda member: member.birth_year)
        _care(circle, dice, carer, cared_for)
        if dice.chance(parameters.mutual_care_share):
            _care(circle, dice, cared_for, carer)
            return 2
        return 1
    if not dependants:
        return 0
    cared_for = dice.pick(dependants)
    able = [member for member in home.members if _able(member) and member is not cared_for]
    if able:
        _care(circle, dice, dice.pick(able), cared_for)
        return 1
    if len(home.members) > 1:
        return 0
    if dice.chance(parameters.outsider_share):
        _care(circle, dice, _outsider(circle, dice, registry, cared_for.district), cared_for)
        return 1
    for _ in range(20):  # a carer who lives elsewhere in public housing
        other = dice.pick(households)
        able = [member for member in other.members if _able(member)]
        if able and other is not home:
            _care(circle, dice, able[0], cared_for)
            return 1
    return 0


def _able(person: Person) -> bool:
    return 18 <= person.age < 75 and not person.needs


def _outsider(circle: Circle, dice: Dice, registry: Registry, district: str) -> Person:
    person = registry.person(dice.between(35, 64), "other", district)
    circle.outsiders.append(person)
    return person


def _care(circle: Circle, dice: Dice, carer: Person, cared_for: Person) -> None:
    if carer is cared_for or (carer, cared_for) in circle.pairs:
        return
    circle.pairs.add((carer, cared_for))
    group = cared_for.needs or ("elderly" if cared_for.age >= 60 else "other")
    basis = dice.weighted([("allowance", 0.6), ("self_reported", 0.2), ("hotline", 0.1), ("visit", 0.1)])
    circle.care.append(Care(carer, cared_for, group, basis))


def _cohorts(parameters: Parameters, dice: Dice, circle: Circle) -> None:
    """The two low-income carers' allowances, and high-risk carers in public housing."""
    first_care = {care.carer: care for care in reversed(circle.care)}
    for carer in circle.carers():
        care = first_care[carer]
        if dice.chance(parameters.no_cohort_share):
            continue
        allowance = "allowance_carers_of_elderly" if care.group == "elderly" else "allowance_carers_of_disabled"
        in_public_housing = carer.home is not None
        risky = in_public_housing and care.basis != "allowance"
        circle.cohorts.append((carer, "high_risk_public_housing" if risky else allowance))
        if in_public_housing and not risky and dice.chance(0.1):
            circle.cohorts.append((carer, "high_risk_public_housing"))


def _services(parameters: Parameters, circle: Circle, households: list[Household]) -> None:
    dice = Dice(parameters.seed, "services")
    cared_for = dict.fromkeys(care.cared_for for care in circle.care)
    elderly = (member for home in households for member in home.members if member.age >= 65)
    for person in dict.fromkeys([*cared_for, *elderly]):
        if not dice.chance(parameters.services_known_share):
            continue
        if person.needs:
            circle.services.append((person, "disability_support" if person.needs == "disabled" else "mental_wellness"))
        else:
            kinds = {dice.weighted(_SERVICES) for _ in range(dice.between(1, 2))}
            circle.services += [(person, kind) for kind in sorted(kinds)]
    for carer in circle.carers():
        if dice.chance(0.1):
            circle.services.append((carer, "carer_resource"))
