"""Does to the workers and brokers what the plan says, and sees to it that they come back."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

from services.chaos.plan import LONGER, Fault, Plan, chooser, faults
from services.chaos.workers import Fleet, Worker
from services.runtime.cluster import admin
from services.runtime.errors import Problem
from services.runtime.kafka_dev import Broker
from services.runtime.settings import Settings

__all__ = ["Faults"]

_TEND_SECONDS = 0.2

_BROKER_DOWN_SECONDS = 4.0
_IN_SYNC_SECONDS = 60.0

Say = Callable[[str], None]


class Faults:
    """`kills` and `broker_kills` are when they happened, in the event loop's time. `pauses` counts the zombies."""

    def __init__(self, plan: Plan, fleet: Fleet, broker: Broker | None, say: Say) -> None:
        """`broker`: the cluster whose brokers may be killed, if any."""
        self._plan = plan
        self._fleet = fleet
        self._broker = broker
        self._say = say
        self._dice = chooser(plan)
        self._away: set[str] = set()
        self._later: set[asyncio.Task[None]] = set()
        self._broker_busy = False
        self.kills: list[float] = []
        self.broker_kills: list[float] = []
        self.pauses = 0

    async def run(self) -> None:
        """The plan from its first second to its last."""
        loop = asyncio.get_running_loop()
        begun, ahead = loop.time(), faults(self._plan)
        following = next(ahead, None)
        while (passed := loop.time() - begun) < self._plan.seconds:
            self._tend()
            if following is not None and passed >= following.at:
                self._do(following, passed)
                following = next(ahead, None)
            for task in [task for task in self._later if task.done()]:
                self._later.discard(task)
                task.result()  # raises what ended it
            await asyncio.sleep(_TEND_SECONDS)

    async def mend(self) -> None:
        """Waits until all that was away, paused or dead is there again."""
        while self._later:
            self._tend()
            done, self._later = await asyncio.wait(self._later, timeout=_TEND_SECONDS)
            for task in done:
                task.result()

    async def tend(self) -> None:
        """Starts again who ends, without end."""
        while True:
            self._tend()
            await asyncio.sleep(_TEND_SECONDS)

    def _tend(self) -> None:
        for worker, why in self._fleet.tend(self._away):
            self._say(f"{worker.name} has ended by itself, {why}; started again")

    def _do(self, fault: Fault, passed: float) -> None:
        if fault.kind == "broker":
            if self._broker is not None and not self._broker_busy:
                self._go(self._kill_broker(self._broker, passed))
            return
        at_work = self._fleet.at_work()
        # one at a time is gone for longer than its session: the others, who may be killed too, must take over
        all_there = len(at_work) == self._plan.workers
        if not at_work or (fault.kind == "pause" and not all_there):
            return
        worker = self._dice.pick(at_work)
        if fault.kind == "pause":
            self._go(self._pause(worker, passed))
            return
        stays_away = fault.kind == "away" and all_there
        worker.kill()
        self.kills.append(asyncio.get_running_loop().time())
        if stays_away:
            self._away.add(worker.name)
            self._go(self._return(worker, passed))
        else:
            worker.start()
        self._say(f"{passed:6.1f} s  kill -9 {worker.name}" + (", for longer than its session" if stays_away else ""))

    def _go(self, work: Coroutine[Any, Any, None]) -> None:
        self._later.add(asyncio.ensure_future(work))

    async def _return(self, worker: Worker, passed: float) -> None:
        await asyncio.sleep(self._plan.session + LONGER)
        worker.start()
        self._away.discard(worker.name)
        self._say(f"        {worker.name}, killed at {passed:.1f} s, is back")

    async def _pause(self, worker: Worker, passed: float) -> None:
        worker.pause()
        self.pauses += 1
        self._say(f"{passed:6.1f} s  SIGSTOP {worker.name}, for longer than its session")
        await asyncio.sleep(self._plan.session + LONGER)
        worker.resume()
        self._say(f"        SIGCONT {worker.name}, stopped at {passed:.1f} s: a zombie wakes")

    async def _kill_broker(self, broker: Broker, passed: float) -> None:
        self._broker_busy = True
        number = 1 + self._dice.below(broker.nodes)
        broker.kill(number)
        self.broker_kills.append(asyncio.get_running_loop().time())
        self._say(f"{passed:6.1f} s  kill -9 broker {number}")
        await asyncio.sleep(_BROKER_DOWN_SECONDS)
        await asyncio.to_thread(broker.revive, number)
        # The next one only when all replicas are there again: two of three away at once is more than is promised.
        caught_up = await in_sync(broker.bootstrap)
        self._say(f"        broker {number} is back" + ("" if caught_up else ", and not yet in sync"))
        self._broker_busy = not caught_up


async def in_sync(bootstrap: str) -> bool:
    """Waits until every partition has all its replicas in sync; False where that takes too long."""
    with suppress(TimeoutError, Problem):
        async with asyncio.timeout(_IN_SYNC_SECONDS), admin(Settings(kafka=bootstrap)) as client:
            while True:
                described = await client.describe_topics()
                parts = [part for topic in described for part in topic["partitions"]]
                if parts and all(len(part["isr"]) == len(part["replicas"]) for part in parts):
                    return True
                await asyncio.sleep(0.5)
    return False
