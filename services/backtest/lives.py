"""A shard of a feed lived through under one policy, as the services would have: the same folds, time and all.

Records are taken in the order in which they came in. Before each, time moves to when it came in, and stops on the way
at every instant at which something is due, as if the clock ticked at just those; so rules about what did *not* happen,
and flags that expire, show. Nobody answers: no unit, no officer.
"""

from collections.abc import Container, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson

from contracts.events import FEEDS
from contracts.flags import OPEN
from contracts.ids import is_person
from contracts.instants import canonical, day_of
from services.backtest.groups import Group, group_of, households
from services.backtest.life import Asked, Life, Raised
from services.line import Line, line_processors
from services.policy import load_sources
from services.referral.matters import MATTERS
from services.runtime.fold import TICKS, Record, Store, Turn
from services.shards import EVERYWHERE, Lines, Tell, read_shard

__all__ = ["live"]


class _Watch:
    """Sees flags and tasks go by, and keeps those that still stand when time moves on."""

    def __init__(self) -> None:
        self.flags: dict[str, dict[str, Any]] = {}
        self.raised_at: dict[str, str] = {}
        self.levels: dict[str, str] = {}
        self.tasks: dict[str, Asked] = {}
        self.seen: set[str] = set()
        self._new_flags: set[str] = set()
        self._new_tasks: dict[str, dict[str, Any]] = {}

    def see(self, turn: Turn) -> None:
        for output in turn.outputs:
            if output.topic == "risk.flags":
                flag = orjson.loads(output.value)
                self.flags[flag["flag_id"]] = flag
                if _stands(flag):
                    self._new_flags.add(flag["flag_id"])
            elif output.topic.startswith("referral.tasks."):
                task = orjson.loads(output.value)
                if task["purpose"] in MATTERS:
                    continue  # an officer is asked because nobody answers here: that is no work of the rule's
                if task["task_id"] not in self.tasks:
                    self._new_tasks[task["task_id"]] = task

    def moment_ends(self, as_of: str) -> None:
        """What was raised and asked in this moment, and has not been taken back in it, counts."""
        for flag_id in self._new_flags:
            flag = self.flags[flag_id]
            self.seen.add(flag_id)
            if _stands(flag):
                self.raised_at.setdefault(flag_id, as_of)
                self.levels[flag_id] = max(self.levels.get(flag_id, "low"), flag["level"], key=_LEVELS.index)
        for task_id, task in self._new_tasks.items():
            if task["status"] == "requested":
                day = day_of(as_of).isoformat()
                self.tasks[task_id] = Asked(task["typology"], task["unit_kind"], task["unit"], day, task["attempt"])
        self._new_flags.clear()
        self._new_tasks.clear()


_LEVELS = ("low", "medium", "high", "very_high")


def _stands(flag: dict[str, Any]) -> bool:
    return flag["status"] in OPEN or flag["status"] == "shadow"


def live(
    path: Path, lines: Lines, policy: Path, until: str, wanted: frozenset[str], first: bool, taken: Tell | None
) -> Life:
    """Lives through a shard under a policy, to the end of the feed. `wanted`: ids of persons and households whose
    groups are to be told. `first`: whether it is the shard in which what stands in every one is counted. Raises
    Problem."""
    line = Line(line_processors(policy))
    life, watch = Life(), _Watch()
    as_of = ""

    def counts(record: Record) -> bool:
        return first or record.topic not in EVERYWHERE

    def run(record: Record) -> None:
        for _, turn in line.take(record):
            watch.see(turn)
            if turn.record is record and record.topic in FEEDS and counts(record):
                life.duplicates += turn.duplicate and not turn.dead
                life.dead_letters += len(turn.dead)

    def move(instant: str) -> None:
        nonlocal as_of
        while as_of < instant:
            due = line.next_due()
            if due is None or due > as_of or not as_of:
                watch.moment_ends(as_of)
                as_of = instant if due is None or not as_of else min(instant, due)
            tick()

    def tick() -> None:
        """What is due by now wakes, and what that makes due by now too."""
        run(Record(TICKS, b"", orjson.dumps({"as_of": as_of})))

    for record in read_shard(path, lines, taken):
        received = _received(record)
        if received is not None:
            move(received)
        life.records += counts(record)
        run(record)
    move(until)
    tick()
    watch.moment_ends(as_of)
    _conclude(life, watch, line, policy, as_of, wanted)
    return life


def _received(record: Record) -> str | None:
    """When a record came in; None where its stamp is damaged."""
    for name, value in record.headers:
        if name == "ce_receivedtime":
            return _canonical(value)
    return None


@lru_cache(maxsize=64)  # a morning's batch came in at once
def _canonical(stamp: bytes) -> str | None:
    try:
        return canonical(stamp.decode())
    except ValueError:
        return None


def _conclude(life: Life, watch: _Watch, line: Line, policy: Path, as_of: str, wanted: frozenset[str]) -> None:
    """Fills in what is known at the end: who lives where, of whom the feed told what, how each flag ended."""
    stores: dict[str, Store] = {task.processor.name: task.store for task in line.tasks}
    told: dict[str, str] = {}
    heard: dict[str, set[str]] = {"contact": set(), "absence": set()}
    for person, event, kind in _told_of_persons(stores["people"], heard):
        heard[kind].add(person)
        told[event] = person
    of_households: dict[str, Group] = {}
    asked_for = wanted | heard["contact"] | heard["absence"]
    for household in households(stores["correlator"], load_sources(policy)):
        group = of_households[household.id] = group_of(household, as_of)
        if household.id in wanted:
            life.groups[household.id] = group
        if household.members:
            life.population[group] += 1
        for member in household.members:
            life.groups |= dict.fromkeys(asked_for.intersection(member.ids), group)
    elsewhere = Group.unknown()
    life.callers = {person: life.groups.get(person, elsewhere) for person in heard["contact"]}
    life.announcers = {person: life.groups.get(person, elsewhere) for person in heard["absence"]}
    life.asked = list(watch.tasks.values())
    life.fleeting = len(watch.seen - watch.raised_at.keys())
    for flag_id, at in watch.raised_at.items():
        flag = watch.flags[flag_id]
        if flag["status"] == "superseded":
            continue  # its heir tells the same need
        events = {event for one in flag["evidence"] if one["rule"] == flag["rule"] for event in one["event_ids"]}
        life.raised.append(
            Raised(
                flag_id=flag_id,
                rule=flag["typology"],
                shadow=flag["status"] == "shadow",
                subject=flag["subject"],
                episode=flag["episode"],
                household=flag["household_id"],
                level=watch.levels[flag_id],
                at=at,
                ended=None if _stands(flag) else flag["cause"] or flag["status"],
                ended_at=None if _stands(flag) else flag["as_of"],
                listed=any(ask.get("release") == "wave" for ask in flag["asks"]),
                persons=frozenset([flag["subject"], *(told[event] for event in events if event in told)]),
                group=of_households.get(flag["household_id"], elsewhere),
            )
        )


def _told_of_persons(people: Store, kinds: Container[str]) -> Iterator[tuple[str, str, str]]:
    """(person, event id, kind) of the facts of some kinds that hold of persons."""
    for person, state in people.items():
        if is_person(person):
            for versions in state["facts"].values():
                fact = versions[-1]
                if fact["kind"] in kinds and fact["value"] is not None:
                    yield person, fact["version"][2], fact["kind"]
