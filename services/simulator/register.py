"""The welfare register: what it knows on the first day, and how that changes."""

from typing import Any

from services.simulator.dice import Dice, Table
from services.simulator.people import Person
from services.simulator.wire import DAY, HOUR, Draft, instant
from services.simulator.world import World, household_id

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
    _alarms(world)


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
            confidence = "confirmed" if dice.chance(0.8) else "reported"
            carer_died = dice.chance(world.parameters.carer_deaths_share)
            person = care.carer if carer_died else care.cared_for
            if carer_died and person not in world.departed:
                _write_needs(world, dice, person)
            world.departed.add(person)
            return "deceased", person, {"confidence": confidence}
    return None


def _write_needs(world: World, dice: Dice, carer: Person) -> None:
    for person in world.circle.cared_for_by()[carer]:
        world.truth.append(
            {
                "kind": "carer_died",
                "household_id": household_id(person),
                "person_id": person.person_id,
                "needs": ["emergency_support"] if dice.chance(world.parameters.need_after_death_share) else [],
            }
        )


def _alarms(world: World) -> None:
    """Emergency alarms: applied for before the first day or in its course, fitted or not; and given up."""
    dice = world.dice("alarms")
    p = world.parameters
    fitted = [person for person, kind in world.circle.services if kind == "emergency_alarm"]
    without = set(fitted)
    elderly = [person for person in world.residents() if person.age >= 65 and person not in without]
    kind = {"kind": "emergency_alarm"}
    for person in dice.order(elderly)[: dice.count(p.alarm_applications_per_elderly_month * 2 * len(elderly))]:
        applied = world.start + dice.between(-45, 15) * DAY + dice.between(9 * 60, 17 * 60) * 60
        came = applied + dice.between(3, 28) * DAY
        never = dice.chance(p.alarm_never_fitted_share)
        if not never and came < world.start:
            continue  # part of what the register knows on the first day
        recorded = max(applied + HOUR, world.start - HOUR)
        world.tell(
            Draft(
                _TOPIC,
                "register.service_applied_for",
                kind,
                person.person_id,
                applied,
                recorded,
                max(recorded + 900, world.start + HOUR // 2),
            )
        )
        if never:
            withdrawn = dice.chance(0.3)
            if withdrawn:
                at = max(came, recorded + DAY)
                given_up = "register.service_application_withdrawn"
                world.tell(Draft(_TOPIC, given_up, kind, person.person_id, at, at + HOUR, at + 2 * HOUR))
            needs = [] if withdrawn else ["emergency_alarm"]
            world.truth.append({"kind": "alarm", "person_id": person.person_id, "needs": needs})
        else:
            world.tell(
                Draft(_TOPIC, "register.service_enrolled", kind, person.person_id, came, came + HOUR, came + 2 * HOUR)
            )
    for person in dice.order(fitted)[: dice.count(p.alarms_given_up_per_month * len(fitted) * world.months)]:
        at = _office_hour(world, dice)
        world.tell(Draft(_TOPIC, "register.service_ended", kind, person.person_id, at, at + HOUR, at + 2 * HOUR))
        needs = ["emergency_alarm"] if dice.chance(0.5) else []
        world.truth.append({"kind": "alarm", "person_id": person.person_id, "needs": needs})


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
