"""Stays in hospital, as the hospitals' systems tell them: one batch every morning."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from services.doors.events import feed_record
from services.doors.identity import event_id
from services.simulator.adt import TRIGGERS, Adt
from services.simulator.dice import Dice, Table
from services.simulator.people import Person
from services.simulator.wire import DAY, HOUR, Arrival, instant
from services.simulator.world import World, household_id

__all__ = ["BATCH_HOUR", "hospital_arrivals", "hospital_messages"]

BATCH_HOUR = 7
"""Published: one batch every morning; the hour is assumed."""

_CUT = HOUR // 2
"""What is recorded less than this before the batch waits for the next."""

_HOSPITALS: dict[str, Table[str]] = {
    "SSP": [("CMC", 0.55), ("PMH", 0.2), ("KWH", 0.15), ("QEH", 0.1)],
    "KTS": [("PMH", 0.65), ("YCH", 0.25), ("CMC", 0.1)],
}

_STAY_HOURS: Table[tuple[int, int]] = [
    ((5, 12), 0.08), ((18, 36), 0.18), ((36, 60), 0.16), ((60, 84), 0.13), ((84, 132), 0.16), ((132, 192),
    0.09), ((192, 288), 0.08), ((288, 400), 0.06), ((400, 600), 0.035), ((600, 900), 0.02), ((900, 1500),
    0.005),
]  # fmt: skip
"""Assumed: mean 5-7 days, with a long tail."""


Say = Callable[..., Adt]
"""Writes one message of the stay at hand: `say(trigger, occurred, **what is different)`."""


@dataclass(frozen=True, slots=True)
class _Stay:
    """One visit. `hkid` is the person's, or a second one under which they were registered by mistake."""

    person: Person
    hkid: str
    hospital: str
    visit: str
    admitted: int
    discharged: int


def hospital_messages(world: World) -> list[Adt]:
    """All messages in the order in which they were recorded, numbered; those after the last batch are left
    out.

    Writes the true need of every carer's admission into the world's truth."""
    return _numbered(world, list(_story(world)))


def hospital_arrivals(world: World, messages: list[Adt]) -> list[Arrival]:
    """The same messages as feed records, as the door makes them."""
    return [_arrival(world, message) for message in messages]


def _story(world: World) -> Iterator[Adt]:
    dice = world.dice("hospital")
    visits = 0
    cared_for = world.circle.cared_for_by()
    carers = set(world.circle.carers_in_cohorts())
    p = world.parameters
    for person in [*world.residents(), *world.circle.outsiders]:
        if person in world.departed:
            continue
        if person in carers:
            rate = p.carer_admissions_per_year
        else:
            rate = p.elderly_admissions_per_year if person.age >= 65 else p.other_admissions_per_year
        # from the day before, so that the first morning's batch is not empty
        free_from = world.start - DAY
        starts = [free_from + dice.below((p.days + 1) * DAY) for _ in range(dice.count(rate * (p.days + 1) / 365))]
        starts.sort()
        while starts:
            start = starts.pop(0)
            if start < free_from:
                continue
            visits += 1
            stay = _stay(world, dice, person, start, f"HN26{visits:08d}")
            messages = list(_visit(world, dice, stay))
            yield from messages
            free_from = max(message.occurred for message in messages) + DAY
            cancelled = any(message.trigger == "A11" for message in messages)
            admitted = any(message.trigger == "A01" for message in messages)
            if person in carers and admitted and not cancelled:
                _write_needs(world, dice, stay, cared_for.get(person, []))
            if any(message.deceased for message in messages):
                world.departed.add(person)
                break
            if person.age >= 65 and dice.chance(p.readmitted_share):
                starts = sorted([*starts, free_from + dice.below(27 * DAY)])


def _stay(world: World, dice: Dice, person: Person, start: int, visit: str) -> _Stay:
    low, high = dice.weighted(_STAY_HOURS)
    wrong = dice.chance(world.parameters.merged_share * 3)  # about three messages a visit
    hkid = world.registry.hkid() if wrong else person.hkid
    hospital = dice.weighted(_HOSPITALS[person.district])
    return _Stay(person, hkid, hospital, visit, start, start + dice.between(low * 60, high * 60) * 60)


def _visit(world: World, dice: Dice, stay: _Stay) -> Iterator[Adt]:
    """The messages of one visit, in the order of their times."""
    p = world.parameters

    def say(trigger: str, occurred: int, lag: tuple[int, int] = (1, 40), **more: object) -> Adt:
        recorded = occurred + dice.between(*lag) * 60
        message = Adt(trigger, stay.hkid, stay.hospital, stay.visit, occurred, recorded, 0, admitted=stay.admitted)
        return replace(message, **more)  # type: ignore[arg-type]

    if stay.hkid != stay.person.hkid:
        yield from _merge(world, dice, say, stay)
    planned = dice.chance(p.planned_admission_share)
    if planned:
        yield say("A05", stay.admitted - dice.between(24, 96) * HOUR, admitted=None)
    elif dice.chance(p.through_emergency_share):
        arrived = stay.admitted - dice.between(60, 480) * 60
        yield say("A04", arrived, admitted=arrived)
        if dice.chance(p.emergency_only_share):
            yield say("A03", stay.admitted, admitted=arrived, discharged=stay.admitted)
            return
    yield say("A01", stay.admitted)
    if dice.chance(p.cancelled_share):
        yield say("A11", stay.admitted + dice.between(1, 20) * HOUR)
        return
    if dice.chance(p.corrected_share):
        yield _correction(dice, say, stay)
    hours = (stay.discharged - stay.admitted) // HOUR
    if hours >= 48 and dice.chance(p.transfer_share):
        at = stay.admitted + dice.between(24, hours - 12) * HOUR
        other = dice.pick([name for name in ("CMC", "PMH", "KWH", "QEH", "YCH") if name != stay.hospital])
        if dice.chance(p.transfer_as_discharge_share):
            yield say("A03", at, discharged=at)
            visit, again = stay.visit + "T", at + dice.between(30, 90) * 60
            yield say("A01", again, hospital=other, visit=visit, admitted=again)
            yield say(
                "A03",
                stay.discharged,
                hospital=other,
                visit=visit,
                admitted=again,
                discharged=stay.discharged,
            )
            return
        yield say("A02", at, hospital=other)
        if dice.chance(p.transfer_cancelled_share):
            yield say("A12", at + dice.between(1, 6) * HOUR)
    elif hours >= 168 and dice.chance(p.leave_share):
        left = stay.admitted + dice.between(72, hours - 60) * HOUR
        yield say("A21", left)
        yield say("A22", left + dice.between(20, 48) * HOUR)
    yield from _discharge(world, dice, say, stay)


def _discharge(world: World, dice: Dice, say: Say, stay: _Stay) -> Iterator[Adt]:
    p = world.parameters
    if stay.person.age >= 65 and dice.chance(p.death_share):
        yield say("A03", stay.discharged, discharged=stay.discharged, deceased=True)
        return
    yield say("A03", stay.discharged, discharged=stay.discharged)
    if dice.chance(p.discharge_cancelled_share):
        yield say("A13", stay.discharged + dice.between(1, 5) * HOUR)
        later = stay.discharged + dice.between(20, 72) * HOUR
        yield say("A03", later, discharged=later)


def _correction(dice: Dice, say: Say, stay: _Stay) -> Adt:
    """Half of the corrections move the admission to an earlier time; none moves it past the discharge."""
    earlier = dice.chance(0.5)
    shift = -dice.between(30, 1200) if earlier else min(dice.between(10, 120), (stay.discharged - stay.admitted) // 120)
    said = stay.admitted + dice.between(3, 60) * HOUR
    discharged = stay.discharged if said > stay.discharged + HOUR else None
    return say("A08", said, admitted=stay.admitted + shift * 60, discharged=discharged)


def _merge(world: World, dice: Dice, say: Say, stay: _Stay) -> Iterator[Adt]:
    at = stay.admitted + dice.between(4, 48) * HOUR
    link = {"hkid": stay.person.hkid, "retired_hkid": stay.hkid, "visit": "", "admitted": None}
    yield say("A40", at, **link)
    if dice.chance(world.parameters.unmerged_share):
        yield say("A37", at + dice.between(24, 96) * HOUR, **link)


def _write_needs(world: World, dice: Dice, stay: _Stay, cared_for: list[Person]) -> None:
    """A person with nobody else able at home is likelier to be left without care."""
    for person in cared_for:
        at_home = person.home.members if person.home else []
        others = [m for m in at_home if m is not stay.person and m is not person and 18 <= m.age < 75]
        share = world.parameters.true_need_share * (0.5 if others else 1.25)
        world.truth.append(
            {
                "kind": "carer_admitted",
                "household_id": household_id(person),
                "person_id": person.person_id,
                "carer_person_id": stay.person.person_id,
                "visit_id": stay.visit,
                "needs": ["emergency_support"] if dice.chance(share) else [],
            }
        )


def _numbered(world: World, messages: list[Adt]) -> list[Adt]:
    """Puts each message into its morning's batch (a few come days late) and numbers them as recorded."""
    dice = world.dice("batches")
    first = world.start + BATCH_HOUR * HOUR
    out: list[Adt] = []
    for message in sorted(messages, key=lambda message: message.recorded):
        morning = max(0, -(-(message.recorded + _CUT - first) // DAY))
        if dice.chance(world.parameters.late_share):
            morning += dice.between(1, 3)
        if morning >= world.parameters.days or message.recorded < world.start - 5 * DAY:
            continue
        number = len(out) + 1
        out.append(
            replace(
                message,
                batch=first + morning * DAY,
                sequence=number,
                control=f"{message.hospital}{number:08d}",
            )
        )
    return out


def _arrival(world: World, message: Adt) -> Arrival:
    kind = TRIGGERS[message.trigger]
    data: dict[str, object]
    if kind.startswith("identity."):
        data = {"retired_person_id": world.registry.pseudonym(message.retired_hkid)}
    else:
        data = {"visit_id": message.visit, "hospital": message.hospital}
    if kind == "hospital.discharged":
        data["deceased"] = message.deceased
    if kind == "hospital.corrected":
        times = {"admitted_at": message.admitted, "discharged_at": message.discharged}
        data |= {name: instant(at) for name, at in times.items() if at is not None}
    received = instant(message.batch)
    record = feed_record(
        "hospital.admissions",
        data,
        id=event_id(message.hospital, message.control),
        source="ha-cms",
        type=kind,
        time=instant(message.occurred),
        subject=world.registry.pseudonym(message.hkid),
        sequence=message.sequence,
        recordedtime=instant(message.recorded),
        receivedtime=received,
        testdata=True,
    )
    return Arrival(received, record, adt=message)
