"""Tenancies: the whole stock on the first day, then changes that the department learns of months later."""

from typing import Any

from services.simulator.dice import Dice, Table
from services.simulator.people import Household, Person
from services.simulator.wire import DAY, HOUR, Draft, instant
from services.simulator.world import World

__all__ = ["tell_housing"]

_TOPIC = "housing.tenancies"

_CHANGES: Table[str] = [
    ("moved_out", 0.3), ("deceased", 0.14), ("marriage", 0.04), ("added", 0.22), ("transferred", 0.12),
    ("continued", 0.04), ("ended", 0.06), ("snapshot", 0.08),
]  # fmt: skip


def tell_housing(world: World) -> None:
    """Writes the first day's tenancies and the changes of the days into the world's drafts."""
    _stock(world)
    dice = world.dice("housing changes")
    expected = world.parameters.tenancy_changes_per_year * len(world.households) * world.parameters.days / 365
    moments = sorted(
        world.start + dice.below(world.parameters.days) * DAY + dice.between(9 * 60, 17 * 60) * 60
        for _ in range(dice.count(expected))
    )
    homes = list(world.households)
    for recorded in moments:
        _change(world, dice, dice.pick(homes), recorded)


def _stock(world: World) -> None:
    """Recorded on the evening before, received in the first hours of the first day."""
    count = len(world.households)
    for number, home in enumerate(world.households):
        world.tell(
            Draft(
                _TOPIC,
                "housing.tenancy_started",
                {"tenancy_id": home.tenancy, "address": home.flat.address(), "members": _members(home)},
                home.tenancy,
                world.start - max(home.years * 365, 30) * DAY,
                world.start - 6 * HOUR + number // 10 % (5 * HOUR),
                world.start + number * 4 * HOUR // count,
            )
        )


def _members(home: Household) -> list[dict[str, Any]]:
    return [_member(person) for person in home.members]


def _member(person: Person) -> dict[str, Any]:
    role = "tenant" if person.role == "adult" else person.role
    return {"person_id": person.person_id, "role": role, "birth_year": person.birth_year}


def _change(world: World, dice: Dice, home: Household, recorded: int) -> None:
    kind = dice.weighted(_CHANGES)
    low, high = world.parameters.register_lag_days
    happened = recorded - dice.between(low, high) * DAY
    received = recorded + dice.between(5, 60) * 60

    def tell(event: str, data: dict[str, Any], time: int, tenancy: str = home.tenancy) -> None:
        draft = Draft(_TOPIC, "housing." + event, {"tenancy_id": tenancy, **data}, tenancy, time, recorded, received)
        world.tell(draft)

    match kind:
        case "moved_out" | "marriage" | "deceased":
            if len(home.members) < 2:
                return
            person = max(home.members, key=lambda m: m.age) if kind == "deceased" else dice.pick(home.members[1:])
            if kind == "deceased":
                world.departed.add(person)
            elif person.age < 18:
                return
            home.members.remove(person)
            tell("member_removed", {"person_id": person.person_id, "reason": kind}, happened)
            if kind == "moved_out" and dice.chance(0.3):
                _own_tenancy(world, person, happened, recorded, received)
        case "added":
            age = dice.weighted([(0, 0.5), (dice.between(60, 85), 0.3), (dice.between(20, 50), 0.2)])
            role = "child" if age == 0 else "parent" if age >= 60 else "relative"
            person = world.registry.person(age, role, home.flat.district)
            person.home = home
            home.members.append(person)
            tell("member_added", {"member": _member(person)}, happened)
        case "transferred":
            before, home.flat = home.flat, world.registry.flat(home.flat.district)
            addresses = {"from_unit": before.address(), "to_unit": home.flat.address()}
            tell("transferred", addresses, recorded - dice.between(1, 7) * DAY)
        case "continued":
            _continue_elsewhere(world, home, recorded, tell)
        case "ended":
            tell("tenancy_ended", {"address": home.flat.address(), "reason": "moved_out"}, happened)
        case _:
            asserted = {
                "address": home.flat.address(),
                "members": _members(home),
                "as_of": instant(recorded - HOUR),
            }
            tell("snapshot_asserted", asserted, recorded - HOUR)


def _own_tenancy(world: World, person: Person, happened: int, recorded: int, received: int) -> None:
    """Who moved out has a flat of their own now: a household splits."""
    flat = world.registry.flat(person.district)
    home = Household(f"T-{9_000_000 + len(world.drafts):07d}", flat, [person], 0)
    person.home, person.role = home, "tenant"
    data = {"tenancy_id": home.tenancy, "address": flat.address(), "members": _members(home)}
    world.tell(Draft(_TOPIC, "housing.tenancy_started", data, home.tenancy, happened, recorded, received))


def _continue_elsewhere(world: World, home: Household, recorded: int, tell: Any) -> None:
    """A move under a new tenancy, which names the household's first: still the same household."""
    moved = recorded - 3 * DAY
    first = home.tenancy
    tell("tenancy_ended", {"address": home.flat.address(), "reason": "transferred"}, moved)
    home.flat = world.registry.flat(home.flat.district)
    tenancy = first + "-2"
    data = {"household_tenancy_id": first, "address": home.flat.address(), "members": _members(home)}
    tell("tenancy_started", data, moved, tenancy)
