"""No silent stall: what owes work and does not get on is said, and then the process ends to be started again.

Three hands, since each may be the one that is stuck:
- In the event loop, each second: publishes what every task owes and how far it is, and thereby that the loop comes
  round.
- A thread: judges what was published (`stalls`), tells the metric, and ends the process. It needs no loop.
- The interpreter's own alarm (`faulthandler`), which needs no interpreter: a regular expression, say, that never ends
  holds the lock without which no Python thread runs. Then the exit status is 1, and the stack is on stderr.

Not blamed: whoever has nothing to do; anybody while Kafka does not answer (ending would only add restarts to an
outage; it is logged, and the service is not ready); what gets on, however slowly. A process counts from its own start,
so the watchdog cannot restart anything more often than once in `stall_seconds`.
"""

import asyncio
import faulthandler
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from types import FrameType

from aiokafka import TopicPartition
from mode import Service

from contracts.instants import from_milliseconds
from services.runtime.ending import end_at_once
from services.runtime.logs import logger
from services.runtime.metrics import STALLED_SECONDS
from services.runtime.outside import readable_ends
from services.runtime.processor import ProcessorService
from services.runtime.settings import Settings
from services.runtime.stalls import LOOP, Judge, Look, Standing, Watched
from services.runtime.task import RunningTask

__all__ = ["Stall", "Watchdog", "watched"]

_log = logger(__name__)

_OFTEN = 1.0
"""Seconds between two looks, or a tenth of the patience where that is less."""

_GAP = 5
"""So many looks' time at most counts for one."""

_ANSWER_SECONDS = 10.0
"""Kafka is away when it has not answered for so long."""

_STACK = 12

_end = threading.Lock()
"""Several watchdogs share a process where several services do; one says it."""


class Stall(Exception):
    """Something that owed work did not get on."""


class Watchdog(Service):  # type: ignore[misc]
    """Watches the processors of one app, and its `duties`: conditions by name that must not stay false."""

    def __init__(
        self,
        name: str,
        settings: Settings,
        processors: Sequence[ProcessorService],
        duties: Mapping[str, Callable[[], bool]],
    ) -> None:
        super().__init__()
        self._name = name
        self._settings = settings
        self._processors = processors
        self._duties = duties
        self._often = min(_OFTEN, settings.stall_seconds / 10)
        self._seen = Look(beats=0, answers=True)
        self._ends: Mapping[TopicPartition, int] = {}
        self._standing: Mapping[tuple[str, str], float] = {}
        self._looked_at = time.monotonic()
        self._stop_looking = threading.Event()
        self._thread = threading.Thread(target=self._watch, name=f"watchdog {name}", daemon=True)
        self._hands: list[asyncio.Task[None]] = []

    @property
    def label(self) -> str:
        """As it is shown in logs."""
        return f"watchdog {self._name}"

    @property
    def answers(self) -> bool:
        """Whether Kafka answered when it was last asked."""
        return self._seen.answers

    @property
    def awake(self) -> bool:
        """Whether the thread still looks."""
        return time.monotonic() - self._looked_at < self._settings.stall_seconds

    def standing(self, processor: str, partition: int) -> float:
        """For how many seconds a task has owed something without getting on."""
        return self._standing.get((processor, str(partition)), 0.0)

    async def on_start(self) -> None:
        """Begins to watch."""
        self._loop_thread = threading.get_ident()
        self._hands = [asyncio.create_task(self._beat()), asyncio.create_task(self._ask())]
        self._looked_at = time.monotonic()
        self._thread.start()

    async def on_stop(self) -> None:
        """Watches no more."""
        self._stop_looking.set()
        for hand in self._hands:
            hand.cancel()
        if self._hands:
            await asyncio.wait(self._hands)
        with suppress(RuntimeError):  # never started
            await asyncio.to_thread(self._thread.join)
        faulthandler.cancel_dump_traceback_later()

    async def _beat(self) -> None:
        last_alarm = 0.0
        try:
            while True:
                things = tuple(watched(self._name, self._settings, self._processors, self._duties, self._ends))
                self._seen = Look(self._seen.beats + 1, self._seen.answers, things)
                if time.monotonic() - last_alarm > self._settings.stall_seconds / 4:
                    last_alarm = time.monotonic()
                    _set_alarm(2 * self._settings.stall_seconds)
                await asyncio.sleep(self._often)
        except BaseException as fault:  # cancelled by a stray exception of a library's, too
            if self._stop_looking.is_set():
                raise
            end_at_once(fault, watchdog=self._name)

    async def _ask(self) -> None:
        """Asks Kafka from outside how far the inputs go. What the tasks' own consumers know stands still with them."""
        try:
            while True:
                places = [tp for service in self._processors for task in service.tasks.values() for tp in task.inputs]
                ends = await readable_ends(self._settings, places, _ANSWER_SECONDS)
                answers = ends is not None
                if answers != self._seen.answers:
                    told = "Kafka answers again" if answers else "Kafka does not answer; waiting for it"
                    _log.warning(told, service=self._name)
                self._ends = ends or {}
                self._seen = Look(self._seen.beats, answers, self._seen.things)
                await asyncio.sleep(self._settings.stall_seconds / 4)
        except BaseException as fault:  # cancelled by a stray exception of a library's, too
            if self._stop_looking.is_set():
                raise
            end_at_once(fault, watchdog=self._name)

    def _watch(self) -> None:
        """The thread."""
        try:
            judge = Judge(self._settings.stall_seconds, _GAP * self._often)
            warned: set[tuple[str, str, str]] = set()
            while not self._stop_looking.wait(self._often):
                self._looked_at = time.monotonic()
                standing = judge.look(self._looked_at, self._seen)
                self._tell(standing, warned)
                for one in standing:
                    if one.stalled:
                        self._restart(one)
        except BaseException as fault:
            end_at_once(fault, watchdog=self._name)

    def _tell(self, standing: Sequence[Standing], warned: set[tuple[str, str, str]]) -> None:
        """The metric, and a warning at half of the patience."""
        seconds: dict[tuple[str, str], float] = {}
        late: set[tuple[str, str, str]] = set()
        for one in standing:
            thing = one.thing
            if thing.duty != LOOP:
                place = (thing.processor, thing.partition)
                seconds[place] = max(one.seconds, seconds.get(place, 0.0))
            if one.seconds * 2 >= thing.patience:
                late.add(name := (thing.processor, thing.partition, thing.duty))
                if name not in warned:
                    _log.warning("does not get on", **_where(one))
        for place in self._standing.keys() | seconds.keys():
            STALLED_SECONDS.labels(*place).set(seconds.get(place, 0.0))
        self._standing = seconds
        warned.clear()
        warned |= late

    def _restart(self, one: Standing) -> None:
        # Held for ever: who comes second waits for the end of the process.
        _end.acquire()
        where = _where(one)
        if one.thing.duty == LOOP:
            where |= _stack(sys._current_frames().get(self._loop_thread))
        end_at_once(Stall(_sentence(one)), **where)


def watched(
    name: str,
    settings: Settings,
    processors: Sequence[ProcessorService],
    duties: Mapping[str, Callable[[], bool]],
    ends: Mapping[TopicPartition, int],
) -> Iterator[Watched]:
    """All that has to get on in an app at this moment; `ends` are the readable ends as of some moments ago."""
    patience = settings.stall_seconds
    for service in processors:
        # In a rebalance everybody waits for the slowest member, which may take its full time, and then once more.
        group = max(patience, 2 * settings.rebalance_timeout_ms / 1000)
        yield Watched(service.processor.name, "", "is given its partitions", not service.joined, None, group)
        for task in service.tasks.values():
            yield from _of_task(service.processor.name, task, patience, ends)
    for duty, holds in duties.items():
        yield Watched(name, "", duty, not holds(), None, patience)


def _of_task(
    processor: str, task: RunningTask, patience: float, ends: Mapping[TopicPartition, int]
) -> Iterator[Watched]:
    partition, inbox = str(task.partition), task.inbox
    # A task that was replaced by another of the same number has begun anew.
    progress = (id(task), task.state, task.progress)
    if inbox is None:
        yield Watched(processor, partition, "restores its state", True, progress, patience)
        return
    waiting = sum(map(inbox.waiting, task.inputs))
    behind = [max(0, ends[tp] - inbox.positions[tp]) for tp in task.inputs if tp in ends]
    lag = waiting + sum(behind) if behind else None
    told = (patience, lag, task.last_commit)
    # Twice, since a trickle of fetched records must not hide that none of them is committed.
    yield Watched(processor, partition, "commits", not task.idle or waiting > 0, progress, *told)
    fetched = (id(task), *(inbox.positions[tp] for tp in task.inputs))
    yield Watched(processor, partition, "fetches", any(behind) and not waiting, fetched, *told)


def _set_alarm(seconds: float) -> None:
    if sys.__stderr__ is not None:
        faulthandler.dump_traceback_later(seconds, exit=True, file=sys.__stderr__)


def _where(one: Standing) -> dict[str, object]:
    thing = one.thing
    return {
        "processor": thing.processor,
        "partition": thing.partition,
        "duty": thing.duty,
        "seconds": round(one.seconds, 1),
        "lag": thing.lag,
        "last_commit": _instant(thing.last_commit),
    }


def _instant(seconds: float) -> str | None:
    return from_milliseconds(int(seconds * 1000)) if seconds else None


def _sentence(one: Standing) -> str:
    thing = one.thing
    who = "-".join(filter(None, (thing.processor, thing.partition))) or "the process"
    return f"{who} owes work and for {one.seconds:.0f} s has not got on (what it should do: {thing.duty})"


def _stack(frame: FrameType | None) -> dict[str, object]:
    """Where the loop's thread stands: the lines of code (no values), and the task in whose fold."""
    found: dict[str, object] = {"stack": [] if frame is None else traceback.format_stack(frame)[-_STACK:]}
    while frame is not None:
        owner = frame.f_locals.get("self")
        if isinstance(owner, RunningTask):
            processor, _, partition = owner.name.rpartition("-")
            last_commit = _instant(owner.last_commit)
            return {**found, "processor": processor, "partition": partition, "last_commit": last_commit}
        frame = frame.f_back
    return found
