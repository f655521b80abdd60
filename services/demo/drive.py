"""Drives the line through simulated time, step by step, and keeps the log of what went in.

A step is a tick for the units (the simulated ones act, those outside look at their lists), a tick (the line reveals
what has come due), and the records that came in since, slab by slab. The next part begins when the line is quiet and
the unit books are at rest, so that the log's order is the order in which every processor took what concerns one
household.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence

import orjson
from aiokafka import AIOKafkaProducer

from contracts.control import ClockCommand, OfficerDecision
from contracts.flags import Flag
from contracts.instants import plus
from services.demo.observer import ANSWERS, Observer
from services.demo.slabs import Step
from services.demo.town import Town
from services.referral.waves import candidates, choose, decision_record, decisions_for
from services.runtime.fold import TICKS, UNIT_TICKS, Record
from services.runtime.quiet import Quiet

__all__ = ["Driver"]

_PAUSE = 0.02

WAVE_LIST = "little-support"
WAVE_EVERY_STEPS = 9
"""The demo's officer releases a wave every third simulated day (three steps a day)…"""
_NO_WAVE = 0
"""A step's number at which the demo's officer releases nothing."""
WAVE_SHARE = 0.25
"""…of a quarter of the candidates that wait: Care Teams take what they can visit in a week."""


class Driver:
    """Sends steps and records them. `recorded` is the log in order: feeds, ticks, answers, decisions."""

    def __init__(
        self, producer: AIOKafkaProducer, quiet: Quiet, observer: Observer, town: Town, check: Callable[[], None]
    ) -> None:
        self._producer = producer
        self._town = town
        self._quiet = quiet
        self._observer = observer
        self._check = check
        self.recorded: list[Record] = []
        self.as_of = ""

    async def step(self, number: int, step: Step) -> None:
        """One moment of the month."""
        # Units first: what they did in these hours they did in time, before the line finds that a clock has run out.
        await self._tick(UNIT_TICKS, step.as_of)
        if await self._town.act(step.as_of):
            await self._rest()
        await self._tick(TICKS, step.as_of)
        for slab in step.slabs:
            await self._send(slab)
        if number % WAVE_EVERY_STEPS == 1:
            await self._release_wave(number, step.as_of)
        self.as_of = step.as_of

    async def go_on(self) -> None:
        """After the month: time passes as it does outside, and units act, until this is cancelled."""
        begun, start = time.monotonic(), self.as_of
        while True:
            await asyncio.sleep(1)
            passed = int(time.monotonic() - begun)
            await self.step(_NO_WAVE, Step(plus(start, seconds=passed), ()))

    async def _tick(self, topic: str, as_of: str) -> None:
        if topic == TICKS:
            self.recorded.append(Record(TICKS, b"0", orjson.dumps({"as_of": as_of})))
        command = ClockCommand.model_validate({"as_of": as_of, "topic": topic})
        await self._producer.send_and_wait("clock.commands", command.model_dump_json().encode())
        await self._observer.ticked(topic, as_of)
        await self._rest()

    async def _send(self, records: Sequence[Record]) -> None:
        self.recorded += records
        await self._send_all(records)
        await self._rest()

    async def _send_all(self, records: Iterable[Record]) -> None:
        for record in records:
            await self._producer.send(record.topic, record.value, key=record.key, headers=list(record.headers))
        await self._producer.flush()

    async def _rest(self) -> None:
        """Until nothing is under way: a task that reaches a unit's system makes an answer (its receipt), and that a
        revision, which goes to the unit."""
        while True:
            self._check()
            await self._quiet.wait()
            if await self._town.at_rest() and await self._quiet.now():
                break
            await asyncio.sleep(_PAUSE)
        await self._record_answers()

    async def _record_answers(self) -> None:
        await self._observer.caught_up(ANSWERS)
        self.recorded += self._observer.take_answers()

    async def _release_wave(self, number: int, as_of: str) -> None:
        """An officer looks at the list and releases the next wave."""
        await self._observer.caught_up(["risk.flags"])
        flags = [Flag.model_validate(flag) for flag in self._observer.books.flags.values()]
        waiting = candidates(flags, self._decisions(), WAVE_LIST)
        chosen = choose(waiting, None, max(1, int(len(waiting) * WAVE_SHARE)))
        decisions = decisions_for(chosen, officer="demo-officer", wave=f"demo-{number:03d}", at=as_of)
        records = [decision_record(decision) for decision in decisions]
        if records:
            await self._send_all(records)  # recorded as they are seen on the topic, as answers are
            await self._rest()

    def _decisions(self) -> Sequence[OfficerDecision]:
        return [OfficerDecision.model_validate_json(record.value) for record in self._observer.decided]
