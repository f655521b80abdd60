"""The welfare register: what it knows on the first day, and how that changes."""

from typing import Any

from services.simulator.dice import Dice, Table
from services.simulator.people import Person
from services.simulator.wire import DAY, HOUR, Draft, instant
from services.simulator.world import World

__all__ = ["tell_register"]

_TOPIC = "welfare.register"

_CHANGES: Table[str] = [
    ("care_ended", 0.12), ("care_asserted", 0.18), ("cohort_asserted", 0.1), ("cohort_ended", 0.06),
    ("service_enrolled", 0.25), ("service_ended", 0.07), ("consent_granted", 0.1), ("consent_withdrawn",
    0.04), ("deceased", 0.08),
]  # fmt: skip

Said = tuple[str, Person, dict[str, Any]]
"""Event type without its prefix, subject, data."""


def tell_register(world: World) -> None:
    """Writes the first day's register and the changes of the days into the world's drafts."""
    stock = _stock(world)
    dice = world.dice("register stock")
    for number, (kind, person, data) in enumerate(stock):
        world.tell(
            Draft(
                _TOPIC,
                "register." + kind,
                data,
                person.person_id,
                world.start - dice.between(30, 1500) * DAY,
                world.start - 6 * HOUR + number // 10 % (5 * HOUR),
                world.start + HOUR // 2 + number * 4 * HOUR // len(stock),
            )
        )
    _changes(world)
    _absences(world)


def _stock(world: World) -> list[Said]:
    circle = world.circle
    said: list[Said] = [
        ("residence_asserted", person, {"district": person.district, "birth_year": person.birth_year})
        for person in circle.outsiders
    ]
    said += [
        (
            "care_relationship_asserted",
            care.carer,
            {
                "cared_for_person_id": care.cared_for.person_id,
                "basis": care.basis,
                "cared_for_group": care.group,
            },
        )
        for care in circle.care
    ]
    said += [("cohort_asserted", person, {"cohort": cohort}) for person, cohort in circle.cohorts]
    said += [("service_enrolled", person, {"kind": kind}) for person, kind in circle.services]
    dice = world.dice("consent")
    said += [("consent_granted", carer, {"scope": "outreach"}) for carer in circle.carers() if dice.chance(0.5)]
    return said


def _changes(world: World) -> None:
    dice = world.dice("register changes")
    expected = world.parameters.care_changes_per_year * len(world.circle.carers()) * world.parameters.days / 365
    moments = sorted(_office_hour(world, dice) for _ in range(dice.count(expected)))
    for recorded in moments:
        said = _change(world, dice)
        if said is None:
            continue
        kind, person, data = said
        name = "person.deceased" if kind == "deceased" else "register." + kind
        low, high = world.parameters.register_lag_days if kind in ("care_ended", "deceased") else (1, 30)
        happened = recorded - dice.between(low, high) * DAY
        received = recorded + dice.between(5, 90) * 60
        world.tell(Draft(_TOPIC, name, data, person.person_id, happened, recorded, received))


def _office_hour(world: World, dice: Dice) -> int:
    return world.start + dice.below(world.parameters.days) * DAY + dice.between(9 * 60, 17 * 60) * 60


def _change(world: World, dice: Dice) -> Said | None:
    circle = world.circle
    care = dice.pick(circle.care)
    match dice.weighted(_CHANGES):
        case "care_ended":
            return (
                "care_relationship_ended",
                care.carer,
                {
                    "cared_for_person_id": care.cared_for.person_id,
                    "basis": care.basis,
                },
            )
        case "care_asserted":
            home = dice.pick(world.households)
            elders = [member for member in home.members if member.age >= 70 and member not in world.departed]
            carer = dice.pick(circle.carers())
            if not elders or elders[0] is carer:
                return None
            return (
                "care_relationship_asserted",
                carer,
                {
                    "cared_for_person_id": elders[0].person_id,
                    "basis": "visit",
                    "cared_for_group": "elderly",
                },
            )
        case "cohort_asserted":
            return "cohort_asserted", care.carer, {"cohort": "high_risk_public_housing"}
        case "cohort_ended" if circle.cohorts:
            person, cohort = dice.pick(circle.cohorts)
            return "cohort_ended", person, {"cohort": cohort}
        case "service_enrolled":
            return (
                "service_enrolled",
                care.cared_for,
                {"kind": dice.pick(("home_care", "day_care", "emergency_alarm"))},
            )
        case "service_ended" if circle.services:
            person, service = dice.pick(circle.services)
            return "service_ended", person, {"kind": service}
        case "consent_granted":
            return "consent_granted", care.carer, {"scope": "outreach"}
        case "consent_withdrawn":
            return "consent_withdrawn", care.carer, {"scope": "outreach"}
        case "deceased":
            world.departed.add(care.cared_for)
            confidence = "confirmed" if dice.chance(0.8) else "reported"
            return "deceased", care.cared_for, {"confidence": confidence}
    return None


def _absences(world: World) -> None:
    """Planned absences that carers announced at an office; half of all, the hotline hears the others."""
    dice = world.dice("register absences")
    carers = world.circle.carers()
    expected = world.parameters.absences_per_carer_month * len(carers) * world.months / 2
    for number in range(dice.count(expected)):
        carer = dice.pick(carers)
        recorded = _office_hour(world, dice)
        starts = recorded + dice.between(3, 20) * DAY
        absence = {
            "absence_id": f"absence-{number + 1:05d}",
            "starts_at": instant(starts),
            "ends_at": instant(starts + dice.between(2, 14) * DAY),
            "reason": dice.pick(("travel", "treatment", "helper_absent")),
        }
        said = [("care_absence_planned", recorded)]
        if dice.chance(0.1):
            said.append(("care_absence_cancelled", recorded + 2 * DAY))
        else:
            world.truth.append({"kind": "absence", "person_id": carer.person_id, "needs": ["needs_respite"]})
        for kind, at in said:
            world.tell(Draft(_TOPIC, "register." + kind, absence, carer.person_id, at - 600, at, at + 900))
