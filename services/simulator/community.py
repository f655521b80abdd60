"""What people on the ground notice, what happens to whole blocks, and every feed's heartbeat."""

from typing import Any

from services.simulator.adt import Adt
from services.simulator.dice import Table
from services.simulator.people import Person
from services.simulator.wire import DAY, HOUR, Draft
from services.simulator.world import World

__all__ = ["tell_community", "tell_heartbeats"]

_TOPIC = "community.observations"

_NOTICED: Table[tuple[str, str]] = [
    (("property_staff", "not_seen"), 0.22), (("property_staff", "no_answer"), 0.12), (("care_team",
    "strain"), 0.14), (("care_team", "frail"), 0.16), (("volunteer", "isolated"), 0.12), (("district_office",
    "isolated"), 0.05), (("welfare_unit", "strain"), 0.06), (("care_team", "hidden_household"), 0.03),
    (("police", "violence_reported"), 0.02), (("school", "child_at_risk_reported"), 0.02),
    (("welfare_unit", "mental_health_crisis_reported"), 0.03), (("school", "youth_distress_reported"), 0.03),
]  # fmt: skip
"""By whom and what. Violence, children and crises come from professionals only."""

_INCIDENTS: Table[str] = [
    ("power_cut", 0.35), ("flood", 0.2), ("fire", 0.15), ("death", 0.1), ("outbreak", 0.1), ("other", 0.1),
]  # fmt: skip

_HEARTBEATS = {
    "hospital.admissions": DAY,
    "housing.tenancies": DAY,
    "welfare.register": DAY,
    "hotline.contacts": 6 * HOUR,
    "community.observations": DAY,
}
"""How often each feed says that it is alive."""


def tell_community(world: World, messages: list[Adt]) -> None:
    """Writes observations and incidents into the world's drafts. `messages` are the hospital's: some who are
    not seen are in hospital, and some carers' cover is confirmed by a visitor."""
    _observations(world, messages)
    _cover(world, messages)
    _incidents(world)


def _observations(world: World, messages: list[Adt]) -> None:
    dice = world.dice("community")
    admitted = [message for message in messages if message.trigger == "A01"]
    residents = {person.hkid: person for person in world.residents()}
    homes = [home for home in world.households if home.members]
    for _ in range(dice.count(world.parameters.observations_per_household_month * len(homes) * world.months)):
        by, concern = dice.weighted(_NOTICED)
        person = dice.pick(dice.pick(homes).members)
        at = world.start + dice.below(world.parameters.days) * DAY + dice.between(8 * 60, 20 * 60) * 60
        if concern == "not_seen" and admitted and dice.chance(0.15):
            message = dice.pick(admitted)
            person = residents.get(message.hkid, person)
            at = message.occurred + dice.between(3, 6) * DAY
        if person in world.departed or person.home is None:
            continue
        data: dict[str, Any] = {"by": by, "concern": concern}
        subject = person.person_id
        if dice.chance(0.5):
            data["person_id"] = person.person_id
        else:
            data["address"] = person.home.flat.address()
            subject = person.home.flat.block
        if concern == "not_seen":
            data["days"] = dice.between(3, 10)
        received = at + dice.between(15, 180) * 60
        world.tell(Draft(_TOPIC, "community.observation", data, subject, at, at + 300, received))


def _cover(world: World, messages: list[Adt]) -> None:
    """After some carers' admissions, a care team sees for itself that somebody looks after the cared-for
    person."""
    dice = world.dice("cover")
    cared_for = world.circle.cared_for_by()
    carers: dict[str, Person] = {carer.hkid: carer for carer in world.circle.carers()}
    for message in messages:
        if message.trigger != "A01" or message.hkid not in carers or not dice.chance(0.1):
            continue
        person = dice.pick(cared_for[carers[message.hkid]])
        at = message.batch + dice.between(4, 48) * HOUR
        data = {"by": "care_team", "concern": "care_covered", "person_id": person.person_id}
        world.tell(Draft(_TOPIC, "community.observation", data, person.person_id, at, at + 300, at + HOUR))


def _incidents(world: World) -> None:
    dice = world.dice("incidents")
    blocks = sorted({(home.flat.block, home.flat.district) for home in world.households})
    for _ in range(dice.count(world.parameters.incidents_per_block_month * len(blocks) * world.months)):
        block, district = dice.pick(blocks)
        at = world.start + dice.below(world.parameters.days * DAY)
        data = {"kind": dice.weighted(_INCIDENTS), "block_id": block, "district": district}
        world.tell(Draft(_TOPIC, "community.incident", data, block, at, at + 600, at + 900))


def tell_heartbeats(world: World) -> None:
    """Silence is an alarm, so every feed says that it is alive."""
    for offset, (topic, every) in enumerate(_HEARTBEATS.items()):
        for at in range(world.start + 7 * HOUR + offset * 60, world.end, every):
            world.tell(Draft(topic, "feed.heartbeat", {"every_seconds": every}, None, at, at, at))
