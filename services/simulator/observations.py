"""What people on the ground notice, of whom they know by name or by a flat only; and what was behind it."""

from collections.abc import Callable
from typing import Any

from contracts.ids import household_of_address
from services.simulator.adt import Adt
from services.simulator.dice import Dice, Table
from services.simulator.people import Household, Person
from services.simulator.wire import DAY, Draft
from services.simulator.world import World, household_id

__all__ = ["tell_observations"]

_TOPIC = "community.observations"

_NOTICED: Table[tuple[str, str]] = [
    (("property_staff", "not_seen"), 0.22), (("property_staff", "no_answer"), 0.12), (("care_team", "strain"), 0.14),
    (("care_team", "frail"), 0.16), (("volunteer", "isolated"), 0.12), (("district_office", "isolated"), 0.05),
    (("welfare_unit", "strain"), 0.06), (("care_team", "hidden_household"), 0.02),
    (("police", "violence_reported"), 0.02), (("property_staff", "violence_reported"), 0.01),
    (("school", "child_at_risk_reported"), 0.02), (("welfare_unit", "mental_health_crisis_reported"), 0.02),
    (("self", "mental_health_crisis_reported"), 0.01), (("school", "youth_distress_reported"), 0.02),
    (("family", "youth_distress_reported"), 0.02),
]  # fmt: skip
"""By whom and what; assumed. Of violence, children and crises professionals tell, or those concerned, and now and then
somebody who cannot be sure."""

_FITS: dict[str, Callable[[Person], bool]] = {
    "child_at_risk_reported": lambda person: person.age < 18,
    "youth_distress_reported": lambda person: 10 <= person.age <= 24,
    "mental_health_crisis_reported": lambda person: person.age >= 16,
    "strain": lambda person: person.age >= 18,
}

_GRAVE = frozenset(
    {"violence_reported", "child_at_risk_reported", "mental_health_crisis_reported", "youth_distress_reported"}
)


def tell_observations(world: World, messages: list[Adt]) -> None:
    """Writes observations into the world's drafts, and what was behind the grave ones into its truth. `messages` are
    the hospital's: some who are not seen are in hospital."""
    homes = [home for home in world.households if home.members]
    _single(world, homes, messages)
    _visits_in_vain(world, homes)
    _hidden(world)


def _single(world: World, homes: list[Household], messages: list[Adt]) -> None:
    dice = world.dice("community")
    admitted = [message for message in messages if message.trigger == "A01"]
    residents = {person.hkid: person for person in world.residents()}
    for _ in range(dice.count(world.parameters.observations_per_household_month * len(homes) * world.months)):
        by, concern = dice.weighted(_NOTICED)
        person = _somebody(dice, homes, _FITS.get(concern))
        at = world.start + dice.below(world.parameters.days) * DAY + dice.between(8 * 60, 20 * 60) * 60
        in_hospital = False
        if concern == "not_seen" and admitted and dice.chance(0.15):
            message = dice.pick(admitted)
            person = residents.get(message.hkid, person)
            at = message.occurred + dice.between(3, 6) * DAY
            in_hospital = True
        if person is None or person in world.departed or person.home is None:
            continue
        days = {"days": dice.between(3, 10)} if concern == "not_seen" else {}
        _tell(world, dice, person, at, {"by": by, "concern": concern, **days})
        if concern in _GRAVE or concern == "not_seen":
            true = not in_hospital and dice.chance(world.parameters.report_true_share)
            _write(world, person, concern, true)


def _somebody(dice: Dice, homes: list[Household], fits: Callable[[Person], bool] | None) -> Person | None:
    """Anybody, or somebody of whom it could be said; None if no such person is found soon."""
    for _ in range(30):
        person = dice.pick(dice.pick(homes).members)
        if fits is None or fits(person):
            return person
    return None


def _tell(world: World, dice: Dice, person: Person, at: int, data: dict[str, Any]) -> None:
    """By name, or by the flat."""
    assert person.home is not None
    if data["by"] in ("self", "family", "school") or dice.chance(0.5):
        where: dict[str, Any] = {"person_id": person.person_id}
        subject = person.person_id
    else:
        where, subject = {"address": person.home.flat.address()}, person.home.flat.block
    received = at + dice.between(15, 180) * 60
    world.tell(Draft(_TOPIC, "community.observation", {**data, **where}, subject, at, at + 300, received))


def _write(world: World, person: Person, concern: str, true: bool) -> None:
    world.truth.append(
        {
            "kind": "report",
            "concern": concern,
            "household_id": household_id(person),
            "person_id": person.person_id,
            "needs": ["assessment"] if true else [],
        }
    )


def _visits_in_vain(world: World, homes: list[Household]) -> None:
    """Three or four visits at which nobody opens."""
    dice = world.dice("visits in vain")
    expected = world.parameters.repeated_visits_per_household_month * len(homes) * world.months
    for _ in range(dice.count(expected)):
        person = dice.pick(dice.pick(homes).members)
        if person in world.departed or person.home is None:
            continue
        at = world.start + dice.below(world.parameters.days) * DAY + dice.between(10 * 60, 18 * 60) * 60
        for _ in range(dice.between(3, 4)):
            _tell(world, dice, person, at, {"by": "care_team", "concern": "no_answer"})
            at += dice.between(2, 7) * DAY
        _write(world, person, "no_answer", dice.chance(world.parameters.report_true_share))


def _hidden(world: World) -> None:
    """Households in private housing of which a unit knows the address, and nobody anything else."""
    dice = world.dice("hidden households")
    expected = world.parameters.hidden_households_per_household_month * len(world.households) * world.months
    for number in range(dice.count(expected)):
        block = f"PRIVATE-B{dice.between(1, 40)}"
        flat = {
            "address_unit_id": f"{block}-{number + 1:04d}",
            "block_id": block,
            "estate_id": "PRIVATE",
            "district": "SSP",
        }
        at = world.start + dice.below(world.parameters.days) * DAY + dice.between(9 * 60, 18 * 60) * 60
        data = {"by": "welfare_unit", "concern": "hidden_household", "address": flat}
        world.tell(Draft(_TOPIC, "community.observation", data, block, at, at + 600, at + 3600))
        world.truth.append(
            {
                "kind": "report",
                "concern": "hidden_household",
                "household_id": household_of_address(flat["address_unit_id"]),
                "needs": ["assessment"] if dice.chance(world.parameters.report_true_share) else [],
            }
        )
