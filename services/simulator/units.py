"""What units say about themselves: whether they take on new tasks, and where respite and emergency places are free."""

from typing import Any

from services.simulator.dice import Table
from services.simulator.wire import DAY, HOUR, Draft, instant
from services.simulator.world import World

__all__ = ["HOMES", "UNITS", "tell_units"]

UNITS = (
    *(f"ssp-care-team-{number:02d}" for number in range(1, 26)),
    *(f"ssp-decc-{number}" for number in range(1, 4)),
    *(f"ssp-nec-{number:02d}" for number in range(1, 14)),
    *("ssp-ifsc-1", "ssp-ifsc-2", "ssp-iccmw", "ssp-dscp", "ssp-parents-1", "ssp-parents-2", "carers-rest-kw"),
    *("kts-care-team-01", "kts-care-team-02", "kts-decc-1", "kts-iccmw", "kts-iccmw-2", "kts-parents-1"),
)
"""Units of the default directory that declare their intake."""

HOMES = (("ssp-respite-1", "SSP"), ("ssp-respite-2", "SSP"), ("kts-respite-1", "KTS"), ("emergency-support-kw", "SSP"))
"""Who has respite and emergency places, and where."""

_INTAKES: Table[str] = [("accepting", 0.75), ("waiting_list", 0.17), ("closed", 0.08)]
"""Assumed."""


def tell_units(world: World) -> None:
    """Writes declarations, and their feeds' heartbeats, into the world's drafts. None where units declare nothing."""
    if not world.parameters.declarations_per_unit_month:
        return
    _intakes(world)
    _vacancies(world)
    for topic in ("units.declarations", "respite.vacancies"):
        for at in range(world.start + 7 * HOUR, world.end, DAY):
            world.tell(Draft(topic, "feed.heartbeat", {"every_seconds": DAY}, None, at, at, at))


def _intakes(world: World) -> None:
    """On Monday mornings, when units look at their lists."""
    dice = world.dice("intake")
    first = world.parameters.start.weekday()
    mondays = [day for day in range(world.parameters.days) if (first + day) % 7 == 0] or [0]
    for unit in UNITS:
        for _ in range(dice.count(world.parameters.declarations_per_unit_month * world.months)):
            at = world.start + dice.pick(mondays) * DAY + dice.between(9 * 60, 11 * 60) * 60
            intake = dice.weighted(_INTAKES)
            data: dict[str, Any] = {"unit": unit, "intake": intake, "as_of": instant(at)}
            match intake:
                case "accepting":
                    data["capacity"] = dice.between(1, 15)
                case "waiting_list":
                    data["waiting_days"] = dice.between(3, 60)
                case _:
                    data["valid_until"] = instant(at + dice.between(3, 14) * DAY)
            world.tell(Draft("units.declarations", "units.intake_declared", data, unit, at, at, at + 60))


def _vacancies(world: World) -> None:
    dice = world.dice("vacancies")
    for unit, district in HOMES:
        for kind in ("respite", "emergency"):
            for _ in range(dice.count(world.parameters.vacancies_per_home_month * world.months)):
                at = world.start + dice.below(world.parameters.days) * DAY + dice.between(8 * 60, 20 * 60) * 60
                data = {"unit": unit, "kind": kind, "district": district, "places": dice.between(0, 3)}
                draft = {**data, "as_of": instant(at)}
                world.tell(Draft("respite.vacancies", "respite.vacancy_declared", draft, unit, at, at, at + 60))
