"""Households of twelve facts, as many as are wanted: those of the simulated month, and their twins."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import orjson

from benchmarks.corpus import AS_OF, household_facts
from services.correlator.household import correlator, due
from services.policy import load_rules, load_sources
from services.runtime.fold import Processor, Record, Value
from services.runtime.folding import MemoryStore, Task
from services.runtime.settings import Settings

__all__ = ["FACTS", "at_rest", "processor", "states", "updates"]

FACTS = 12
_MONTH = 20_000
"""Records of the corpus: more than the month has, so all of it and some twins."""

_ID = re.compile(rb"\b([hpc]-)([0-9a-f]{8})")
_NEWER = 1_000
"""Revisions from here on are newer than any of the simulated month."""


@cache
def processor() -> Processor:
    """The correlator, with the rules in force."""
    policy = Settings().policy_dir
    return correlator(load_rules(policy), load_sources(policy))


@cache
def at_rest() -> tuple[tuple[str, Value], ...]:
    """(id, state) of the month's households of twelve facts without a flag. (A flag is as much again: it explains
    itself.)"""
    task = Task(processor(), MemoryStore(), AS_OF)
    for record in household_facts(_MONTH):
        for _ in task.take(record):
            pass
    return tuple(
        (household, state)
        for household, state in sorted(task.store.items())
        if not state["flags"] and sum(len(_facts(origin)) for origin in state["origins"].values()) == FACTS
    )


@dataclass(frozen=True, slots=True)
class _Mould:
    """Bytes between the ids in them; with other ids, it is the same said of others."""

    pieces: tuple[bytes, ...]
    ids: tuple[int, ...]

    @classmethod
    def of(cls, text: bytes) -> "_Mould":
        pieces = _ID.split(text)  # text, "h-", eight digits, text, …
        between = [pieces[0]]
        for at in range(1, len(pieces), 3):
            between[-1] += pieces[at]
            between.append(pieces[at + 2])
        return cls(tuple(between), tuple(int(digits, 16) for digits in pieces[2::3]))

    def cast(self, number: int) -> bytes:
        other = number * 0x9E3779B1 & 0xFFFFFFFF  # odd, so different for each number
        made = [self.pieces[0]]
        for digits, piece in zip(self.ids, self.pieces[1:], strict=True):
            made.append(b"%08x" % (digits ^ other))
            made.append(piece)
        return b"".join(made)


def states(count: int) -> Iterator[tuple[str, str | None, bytes]]:
    """(id, due instant, JSON of the state) of so many households."""
    moulds = [(_Mould.of(key.encode()), due(state), _Mould.of(orjson.dumps(state))) for key, state in at_rest()]
    for number in range(count):
        key, instant, state = moulds[number % len(moulds)]
        yield key.cast(number).decode(), instant, state.cast(number)


def updates(count: int, households: int) -> list[Record]:
    """So many records of `household.facts`, each a newer revision of what one origin says of one of the first
    `households` of `states`; spread evenly, in no order."""
    moulds = []
    for key, state in at_rest():
        origin, said = sorted(state["origins"].items())[0]
        said = {"household_id": key, "origin": origin, "revision": -1, "facts": _facts(said)}
        value = orjson.dumps(said)
        moulds.append((_Mould.of(key.encode()), _Mould.of(value)))
    made = []
    for at in range(count):
        number = at * 7_919 % households  # a prime: each comes once before any comes again
        whose, what = moulds[number % len(moulds)]
        newer = b'"revision":%d' % (_NEWER + at // households)
        made.append(Record("", whose.cast(number), what.cast(number).replace(b'"revision":-1', newer, 1)))
    return made


def _facts(said: Value) -> list[Value]:
    """What one origin says, as a projection has it; the state holds it by kind."""
    return [fact for facts in said["facts"].values() for fact in facts]
