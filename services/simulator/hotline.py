"""Calls to the carer hotline, round the clock: single ones, sequences of growing strain, announced
absences."""

from typing import Any

from services.simulator.dice import Dice, Table
from services.simulator.people import Person
from services.simulator.rates import HOTLINE_TOPIC_SHARES
from services.simulator.wire import DAY, HOUR, Draft, instant
from services.simulator.world import World

__all__ = ["tell_hotline"]

_TOPICS: Table[str] = [
    *HOTLINE_TOPIC_SHARES.items(), ("respite", 0.06), ("finance", 0.08), ("information", 0.1), ("other", 0.05),
    ("mental_health_crisis", 0.004), ("violence", 0.003), ("youth_distress", 0.002), ("child_at_risk", 0.001),
]  # fmt: skip
"""The first three are published; how the rest divides is assumed. The last four are reports by the caller."""

_REPORTS = {"mental_health_crisis", "violence", "youth_distress", "child_at_risk"}

_MATCHES: Table[str] = [("confirmed", 0.6), ("probable", 0.15), ("none", 0.25)]
_OUTCOMES: Table[str] = [
    ("advised", 0.6), ("referred", 0.15), ("call_back", 0.1), ("outreach_requested", 0.05),
    ("ended_by_caller", 0.1),
]  # fmt: skip


def tell_hotline(world: World) -> None:
    """Writes the calls into the world's drafts, and what the callers truly need into its truth."""
    carers = [carer for carer in world.circle.carers() if carer not in world.departed]
    if not carers:
        return
    _single_calls(world, carers)
    _strained(world, carers)
    _absences(world, carers)


def _call(world: World, person: Person, at: int, match: str, **said: Any) -> None:
    data = {
        "caller_match": match,
        "caller_person_id": None if match == "none" else person.person_id,
        "district": person.district,
        **said,
    }
    data = {name: value for name, value in data.items() if value is not None}
    subject = person.person_id if match == "confirmed" else None
    recorded = at + 300 + at % 600
    world.tell(Draft("hotline.contacts", "hotline.contact", data, subject, at, recorded, recorded + 60))


def _topics(dice: Dice) -> list[str]:
    first = dice.weighted(_TOPICS)
    second = dice.weighted(_TOPICS)
    return [first] if first == second or dice.chance(0.7) else [first, second]


def _single_calls(world: World, carers: list[Person]) -> None:
    dice = world.dice("hotline")
    for _ in range(dice.count(world.parameters.calls_per_carer_month * len(carers) * world.months)):
        person = dice.pick(carers)
        at = world.start + dice.below(world.parameters.days * DAY)
        danger = dice.chance(world.parameters.danger_share)
        gravity = "grave" if danger else dice.weighted([("routine", 0.9), ("raised", 0.08), ("grave", 0.02)])
        outcome = "referred" if danger else dice.weighted(_OUTCOMES)
        match = dice.weighted(_MATCHES)
        topics = _topics(dice)
        said = {"topics": topics, "gravity": gravity, "immediate_danger": danger, "outcome": outcome}
        _call(world, person, at, match, **said)
        if reported := sorted(_REPORTS.intersection(topics)):
            caller = person.person_id if match == "confirmed" else None
            needs = ["assessment"] if dice.chance(world.parameters.report_true_share) else []
            world.truth.append({"kind": "report", "concern": reported[0], "person_id": caller, "needs": needs})
        if danger or gravity == "grave":
            need = "immediate_help" if danger else "outreach"
            caller = person.person_id if match == "confirmed" else None
            world.truth.append({"kind": "call", "person_id": caller, "needs": [need]})


def _strained(world: World, carers: list[Person]) -> None:
    """Three to five calls within days, graver towards the end."""
    dice = world.dice("strain")
    for _ in range(dice.count(world.parameters.strained_carers_per_month * len(carers) * world.months)):
        person = dice.pick(carers)
        at = world.start + dice.below(world.parameters.days * DAY)
        calls = dice.between(3, 5)
        for number in range(calls):
            last = number == calls - 1
            gravity = "raised" if last or dice.chance(0.3) else "routine"
            outcome = "call_back" if last else "advised"
            _call(world, person, at, "confirmed", topics=["emotional"], gravity=gravity, outcome=outcome)
            at += dice.between(12, 60) * HOUR
        world.truth.append({"kind": "strain", "person_id": person.person_id, "needs": ["outreach"]})


def _absences(world: World, carers: list[Person]) -> None:
    dice = world.dice("hotline absences")
    for _ in range(dice.count(world.parameters.absences_per_carer_month * len(carers) * world.months / 2)):
        person = dice.pick(carers)
        at = world.start + dice.below(world.parameters.days * DAY)
        starts = at + dice.between(2, 20) * DAY
        absence = {
            "starts_at": instant(starts),
            "ends_at": instant(starts + dice.between(2, 14) * DAY),
            "reason": dice.weighted([("travel", 0.3), ("treatment", 0.5), ("helper_absent", 0.2)]),
        }
        _call(world, person, at, "confirmed", topics=["respite"], planned_absence=absence, outcome="referred")
        world.truth.append({"kind": "absence", "person_id": person.person_id, "needs": ["needs_respite"]})
