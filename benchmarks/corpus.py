"""The records that are folded: the same for every contender, and the same bytes every time."""

import re
from functools import cache

import orjson

from contracts.instants import EPOCH
from services.line import Line, line_processors
from services.runtime.fold import Record
from services.runtime.settings import Settings
from services.simulator import Parameters, simulate

__all__ = ["AS_OF", "DAYS", "HOUSEHOLDS", "events", "household_facts", "twin"]

HOUSEHOLDS = 2_000
DAYS = 30

AS_OF = "2026-08-01T00:00:00.000Z"
"""The end of the simulated month. No ticks flow: all is seen from there, so that the result does not hang on how a
contender happens to interleave ticks and facts."""

_COUNTED_HOUSEHOLDS = 10_000

_ID = re.compile(rb"\b([hpc]-)([0-9a-f]{8})")
"""The beginning of the id of a household, a person or an unidentified contact."""


def household_facts(count: int | None = None, households: int = HOUSEHOLDS) -> list[Record]:
    """What reaches the correlator in a simulated month: the feeds through the line's own folds, in memory. Where that
    is less than `count`, every household gets twins with ids of their own, and all live through the month at once.
    (None: as it is.)"""
    month = _month(households)
    copies = 1 if count is None else -(-count // len(month))
    return [twin(record, number) for record in month for number in range(copies)][:count]


@cache
def _month(households: int) -> tuple[Record, ...]:
    feeds = simulate(Parameters(households=households, days=DAYS)).records()
    before = [p for p in line_processors(Settings().policy_dir) if p.name not in ("correlator", "referral")]
    line = Line(before, EPOCH)
    return tuple(
        Record(output.topic, output.key, output.value, output.headers)
        for record in feeds
        for _, turn in line.take(record)
        for output in turn.outputs
        if output.topic == "household.facts"
    )


def twin(record: Record, number: int) -> Record:
    """The same said of another household of other people; number 0 is the record itself."""
    if number == 0:
        return record

    def other(found: re.Match[bytes]) -> bytes:
        # times an odd number: different for each `number`, and all over the id
        return found[1] + b"%08x" % (int(found[2], 16) ^ (number * 0x9E3779B1 & 0xFFFFFFFF))

    return Record(record.topic, _ID.sub(other, record.key), _ID.sub(other, record.value), record.headers)


def events(count: int) -> list[Record]:
    """Small events (some 150 bytes) of 10,000 households, which come in no order."""
    made = []
    for number in range(count):
        household = f"h-{number * 7_919 % _COUNTED_HOUSEHOLDS:08d}"
        event = {
            "id": f"e-{number:012d}",
            "household_id": household,
            "number": number,
            "kind": "hotline.contact",
            "at": "2026-07-01T08:00:00.000Z",
            "district": "SSP",
        }
        # a copy: what orjson returns holds on to the kilobyte that it grew in, and there are a million of them
        made.append(Record("events", household.encode(), bytes(bytearray(orjson.dumps(event)))))
    return made
