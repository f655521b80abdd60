"""What is sent: small events for one hop, and for the whole line the feeds of a busy month."""

from collections.abc import Iterator
from datetime import date, timedelta

import orjson

from services.line import line_processors
from services.runtime.fold import Processor, Record
from services.runtime.settings import Settings
from services.simulator import Parameters, simulate

__all__ = ["busy_month", "events", "hops_of_the_line"]

_HOUSEHOLDS = 10_000
_DAYS = 30
_STREAM_PER_HOUSEHOLD = 2.0
"""Records that a household of the busy month gives after the first day; 2.4 were seen."""


def events(topic: str, count: int) -> Iterator[Record]:
    """Events of the `count` job, of which each has an output (in the throughput race one in twenty has): so that every
    one is a sample."""
    for number in range(count):
        household = f"h-{number * 7_919 % _HOUSEHOLDS:08d}"
        event = {
            "id": f"e-{number:012d}",
            "household_id": household,
            "number": number * 20,
            "kind": "hotline.contact",
            "at": "2026-07-01T08:00:00.000Z",
            "district": "SSP",
        }
        yield Record(topic, household.encode(), orjson.dumps(event))


def busy_month(stream: int, today: date) -> tuple[list[Record], list[Record]]:
    """(what the registers say before, at least `stream` records that come after), in the order of receipt, of the month
    before today. The simulator's mix of feeds, with eight times as many admissions and calls, so that fewer households
    have to be set up for as many records."""
    usual = Parameters()
    start = today - timedelta(days=_DAYS)
    parameters = Parameters(
        households=round(stream / _STREAM_PER_HOUSEHOLD) + 500,
        days=_DAYS,
        start=start,
        carer_admissions_per_year=usual.carer_admissions_per_year * 8,
        elderly_admissions_per_year=usual.elderly_admissions_per_year * 8,
        other_admissions_per_year=usual.other_admissions_per_year * 8,
        calls_per_carer_month=usual.calls_per_carer_month * 8,
        absences_per_carer_month=usual.absences_per_carer_month * 8,
        observations_per_household_month=usual.observations_per_household_month * 8,
    )
    first_day = (start + timedelta(days=1)).isoformat().encode()
    before: list[Record] = []
    after: list[Record] = []
    for record in simulate(parameters).records():
        # in the order of receipt, so all after the first is later; a bad record may not say when it came
        late = bool(after) or dict(record.headers).get("ce_receivedtime", b"") >= first_day
        (after if late else before).append(record)
    return before, after[:stream]


def hops_of_the_line() -> int:
    """How many processors, each with a transaction, lie between a feed and a task, on the shortest way."""
    processors: tuple[Processor, ...] = line_processors(Settings().policy_dir)
    reached, hops = {"hospital.admissions"}, 0
    while not any(topic.startswith("referral.tasks.") for topic in reached):
        reached = {
            topic
            for processor in processors
            if reached & set(processor.inputs)
            for topic in processor.outputs
            if topic != "dead.letters"
        }
        hops += 1
    return hops
