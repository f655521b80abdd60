"""What the community's feed tells beside single observations: cover that was seen, what happens to whole blocks; and
every feed's heartbeat."""

from contracts.ids import household_of_block
from services.simulator.adt import Adt
from services.simulator.dice import Table
from services.simulator.observations import tell_observations
from services.simulator.people import Person
from services.simulator.wire import DAY, HOUR, Draft
from services.simulator.world import World

__all__ = ["tell_community", "tell_heartbeats"]

_TOPIC = "community.observations"

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
    tell_observations(world, messages)
    _cover(world, messages)
    _incidents(world)


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
        needs = [] if data["kind"] == "other" else ["coordinated_response"]
        world.truth.append({"kind": "incident", "household_id": household_of_block(block), "needs": needs})


def tell_heartbeats(world: World) -> None:
    """Silence is an alarm, so every feed says that it is alive."""
    for offset, (topic, every) in enumerate(_HEARTBEATS.items()):
        for at in range(world.start + 7 * HOUR + offset * 60, world.end, every):
            world.tell(Draft(topic, "feed.heartbeat", {"every_seconds": every}, None, at, at, at))
