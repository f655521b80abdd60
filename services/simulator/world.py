"""All that the feeds' stories stand on, and the true needs that they write down."""

from dataclasses import dataclass, field
from typing import Any

from contracts.ids import household_of_person, household_of_tenancy
from services.simulator.care import Circle, arrange
from services.simulator.dice import Dice
from services.simulator.parameters import Parameters
from services.simulator.people import Household, Person, Registry, settle
from services.simulator.wire import DAY, Draft, midnight

__all__ = ["Truth", "World", "build", "household_id"]

Truth = dict[str, Any]
"""One line of the truth file."""


@dataclass(slots=True)
class World:
    """The district on the first day, and what has been told of it so far."""

    parameters: Parameters
    registry: Registry
    households: list[Household]
    circle: Circle
    start: int
    drafts: list[Draft] = field(default_factory=list)
    truth: list[Truth] = field(default_factory=list)
    departed: set[Person] = field(default_factory=set)
    """Dead, whether or not a register knows; asked, never walked through."""

    @property
    def end(self) -> int:
        return self.start + self.parameters.days * DAY

    @property
    def months(self) -> float:
        return self.parameters.days / 30

    def dice(self, name: str) -> Dice:
        """A stream of chance of its own for each part of the story."""
        return Dice(self.parameters.seed, name)

    def residents(self) -> list[Person]:
        """All who live in public rental housing, in the order of the tenancies."""
        return [member for home in self.households for member in home.members]

    def tell(self, draft: Draft) -> None:
        """Keeps a draft unless it would come in after the end."""
        if draft.received < self.end:
            self.drafts.append(draft)


def household_id(person: Person) -> str:
    """The household as Kithline names it."""
    return household_of_tenancy(person.home.tenancy) if person.home else household_of_person(person.person_id)


def build(parameters: Parameters) -> World:
    """The district, before anything happens. The true needs of its households are drawn here."""
    registry = Registry(parameters.flats_per_block)
    households = settle(parameters, registry)
    world = World(
        parameters,
        registry,
        households,
        arrange(parameters, households, registry),
        midnight(parameters.start),
    )
    _household_needs(world)
    return world


_NEEDS_OF_ELDERLY = [
    ("needs_elderly_service", 0.7),
    ("needs_family_service", 0.15),
    ("needs_mental_wellness", 0.15),
]
_NEEDS_OF_CARERS = [
    ("needs_carer_support", 0.5), ("needs_elderly_service", 0.2), ("needs_disability_support", 0.15),
    ("needs_respite", 0.15),
]  # fmt: skip


def _household_needs(world: World) -> None:
    """What a visit to a household with little support would find, had somebody gone."""
    dice = world.dice("household needs")
    caring = {person for care in world.circle.care for person in (care.carer, care.cared_for)}
    alarmed = {person for person, kind in world.circle.services if kind == "emergency_alarm"}
    for home in world.households:
        elderly = home.all_elderly and len(home.members) <= 2
        carers = any(member in caring for member in home.members)
        if not elderly and not carers:
            continue
        needs = []
        if dice.chance(world.parameters.referral_need_share):
            needs.append(dice.weighted(_NEEDS_OF_CARERS if carers else _NEEDS_OF_ELDERLY))
        unalarmed = elderly and not any(member in alarmed for member in home.members)
        if unalarmed and dice.chance(world.parameters.alarm_wish_share):
            needs.append("wishes_alarm")
        world.truth.append(
            {"kind": "household_support", "household_id": household_of_tenancy(home.tenancy), "needs": needs}
        )
