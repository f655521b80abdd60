"""What is fed: the simulator's records at a steady rate, duplicates, corrections and bad ones among them."""

import asyncio
from collections import Counter
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from contracts.control import ClockCommand
from contracts.instants import plus
from services.chaos.plan import Plan
from services.runtime.fold import Record
from services.runtime.settings import Settings
from services.simulator import Parameters, simulate
from services.simulator.dice import Dice

__all__ = ["COMMANDS", "Fed", "Feeder", "arrivals", "identity"]

COMMANDS = "clock.commands"

_RECORDS_PER_HOUSEHOLD = 3.4
"""A little less than what a month has with `_EVENTFUL` (4,167 households gave 14,362 records, 200 gave 906)."""

_EVENTFUL: dict[str, Any] = {"carer_share": 0.4, "carer_admissions_per_year": 5.0, "elderly_admissions_per_year": 2.0}
_SPOILT: dict[str, Any] = {"duplicate_share": 0.03, "bad_share": 0.01}
"""Turned up, so that the later hops (flags, tasks, answers) and dead letters have something to do as well."""

_TICK_SECONDS = 3.0
"""Real seconds between two ticks of the line; each brings the simulated hours that the feed has reached meanwhile."""

Identity = tuple[str, bytes, bytes, tuple[tuple[str, bytes], ...]]


def identity(record: Record) -> Identity:
    """What a record is, wherever it stands."""
    return (record.topic, record.key, record.value, tuple(record.headers))


def arrivals(plan: Plan) -> tuple[list[Record], list[str]]:
    """(the records in the order of sending, the simulated instant that each has reached).

    What the registers hold on the first day comes all month long, among the events: the mix is as at any time."""
    households = max(60, round(plan.inputs / _RECORDS_PER_HOUSEHOLD))
    simulation = simulate(Parameters(households=households, seed=plan.seed, **_EVENTFUL, **_SPOILT))
    dice, count = Dice(plan.seed, "order of arrival"), len(simulation.arrivals)
    start = f"{simulation.parameters.start:%Y-%m-%d}T00:00:00+08:00"
    first_day = plus(start, days=1)
    known = [arrival for arrival in simulation.arrivals if arrival.received < first_day]
    later = [arrival for arrival in simulation.arrivals if arrival.received >= first_day]
    mixed = [(dice.below(count) / count, arrival) for arrival in known]
    mixed += [(place / max(1, len(later)), arrival) for place, arrival in enumerate(later)]
    mixed.sort(key=lambda entry: entry[0])
    reached, instants, latest = [], [], first_day
    for _, arrival in mixed[: plan.inputs]:
        latest = max(latest, arrival.received)
        reached.append(arrival.record)
        instants.append(latest)
    return reached, instants


@dataclass
class Fed:
    """What was sent: acknowledged by Kafka, or in doubt; and the ticks that were asked for."""

    acknowledged: Counter[Identity] = field(default_factory=Counter)
    doubtful: Counter[Identity] = field(default_factory=Counter)
    ticks: dict[str, list[str]] = field(default_factory=lambda: {"clock.ticks": [], "units.ticks": []})
    as_of: str = ""

    @property
    def count(self) -> int:
        """Records sent so far."""
        return self.acknowledged.total() + self.doubtful.total()


class Feeder:
    """Sends at a steady rate, whatever the line does meanwhile."""

    def __init__(self, settings: Settings, plan: Plan) -> None:
        self._plan = plan
        self._producer = AIOKafkaProducer(
            bootstrap_servers=settings.kafka, enable_idempotence=True, acks="all", request_timeout_ms=60_000
        )
        self.fed = Fed()

    async def __aenter__(self) -> "Feeder":
        await self._producer.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._producer.stop()

    async def run(self, records: Sequence[Record], instants: Sequence[str]) -> None:
        """All records, and ticks on the way. Returns when all is acknowledged or in doubt."""
        loop = asyncio.get_running_loop()
        begun, next_tick = loop.time(), _TICK_SECONDS
        waiting: set[asyncio.Task[None]] = set()
        for number, (record, instant) in enumerate(zip(records, instants, strict=True)):
            await asyncio.sleep(begun + number / self._plan.rate - loop.time())
            self._later(waiting, self._send(record))
            if loop.time() - begun >= next_tick:
                next_tick += _TICK_SECONDS
                for topic in ("clock.ticks", "units.ticks"):
                    self._later(waiting, self.tick(topic, instant))
        if waiting:
            await asyncio.wait(waiting)

    def _later(self, waiting: set[asyncio.Task[None]], work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        waiting.add(task)
        task.add_done_callback(waiting.discard)

    async def _send(self, record: Record) -> None:
        try:
            await self._producer.send_and_wait(record.topic, record.value, key=record.key, headers=list(record.headers))
        except KafkaError:
            self.fed.doubtful[identity(record)] += 1
        else:
            self.fed.acknowledged[identity(record)] += 1

    async def tick(self, topic: str, as_of: str) -> None:
        """Commands the clock to publish one tick."""
        command = ClockCommand.model_validate({"as_of": as_of, "topic": topic})
        self.fed.ticks[topic].append(command.as_of)
        self.fed.as_of = max(self.fed.as_of, command.as_of)
        try:
            await self._producer.send_and_wait(COMMANDS, command.model_dump_json().encode())
        except KafkaError:
            return  # a tick too few changes nothing: the next one reveals the same
