"""A file of records cut into shards that have nothing to do with each other, and a process for each core to take them.

One quick pass finds which records are connected (`connected.py`); each component goes to one shard, whole and in its
order. Processes share nothing: each reads its own lines of the file. Ticks, and what units declare, go to every shard.
"""

import gc
import mmap
import os
import signal
from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from heapq import heapify, heapreplace
from multiprocessing import get_context
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import orjson

from contracts.events import FEEDS
from contracts.instants import EPOCH, canonical
from services.connected import Connections
from services.runtime.errors import Problem
from services.runtime.fold import TICK_TOPICS, TICKS, Record
from services.runtime.lines import NO_RECORD, no_record, raw_lines, record_of

__all__ = ["EVERYWHERE", "Lines", "Split", "Tell", "cores", "in_processes", "read_shard", "split", "worth"]

T = TypeVar("T")

EVERYWHERE = frozenset({*TICK_TOPICS, "units.declarations", "respite.vacancies", "units.status"})
"""What goes to every shard: time moves for all, and what a unit declares counts for whoever is asked next."""

Lines: TypeAlias = "array[int]"
"""Where the lines of a shard begin in the file, in bytes, in the order in which they are to be taken."""

Tell = Callable[[int], None]
"""Is told how many lines more have been taken."""

LINES_OF_A_SHARD = 20_000
"""Enough that starting on a shard costs nothing beside it, and so few that its state (some 10 KB for each household)
stays small: what is in memory at a time is one shard for each process."""

LINES_WORTH_A_PROCESS = 4_000

TOLD_EVERY = 500
"""Lines, to one telling of progress."""


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def worth(lines: int) -> int:
    """How many processes so many lines are worth: one that has just started has cost as much as a few thousand."""
    return max(1, min(cores(), lines // LINES_WORTH_A_PROCESS))


@dataclass(frozen=True, slots=True)
class Split:
    """A file cut into shards. `first` and `last` receipt are those stamped on feed records (EPOCH: none has a stamp);
    `ticks` says how many records of clock.ticks there are, `left_out` how many lines are in no shard."""

    path: Path
    shards: tuple[Lines, ...]
    lines: int
    first_receipt: str
    last_receipt: str
    ticks: int
    left_out: int


def split(path: Path, least: int = 1, by_receipt: bool = False, feeds_only: bool = False) -> Split:
    """Cuts a file into at least so many shards (fewer where there are fewer components), each in the file's order or,
    `by_receipt`, in the order in which records came in. `feeds_only` leaves ticks, answers and decisions out.
    Raises Problem naming file and line."""
    connections = Connections()
    starts, numbers, receipts = array("q"), array("q"), list[str]()
    received, first, last, ticks, left_out = EPOCH, "", EPOCH, 0, 0
    for number, start, line in raw_lines(path):
        try:
            said = orjson.loads(line)
            topic, headers = said["topic"], said.get("headers", {})
            of_feed, component = topic in FEEDS, -1
            if topic in EVERYWHERE:
                ticks += topic == TICKS
            else:
                key = said["key"] if "key" in said else said["key_base64"]
                source, event = headers.get("ce_source", ""), headers.get("ce_id", "")
                component = connections.enter(topic, key, _content(said), source, event)
            if of_feed and (stamp := _instant(headers.get("ce_receivedtime", ""))):
                first, last, received = min(first or stamp, stamp), max(last, stamp), stamp
        except NO_RECORD as fault:
            raise no_record(path, number, fault) from None
        if of_feed or not feeds_only:
            starts.append(start)
            numbers.append(component)
            receipts.append(received)
        else:
            left_out += 1
    connections.complete()
    order: Sequence[int] = range(len(starts))
    if by_receipt:
        order = sorted(order, key=receipts.__getitem__)  # stable: what came in at once keeps its order
    root = connections.forest.root
    roots = array("q", [root(number) if number >= 0 else -1 for number in numbers])
    shards = _dealt(starts, roots, order, max(least, (len(starts) - roots.count(-1)) // LINES_OF_A_SHARD))
    return Split(path, shards, len(starts), first or EPOCH, last, ticks, left_out)


def _content(said: dict[str, Any]) -> Any:
    """A record's value as JSON has it; None where it is none. (A line has it as a text where its bytes matter.)"""
    value = said.get("value")
    if type(value) is not str:
        return value
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError:
        return None


@lru_cache(maxsize=4096)  # a morning's batch came in at once
def _instant(stamp: str) -> str | None:
    """None for a damaged stamp: the record will be refused, and is no measure of time."""
    try:
        return canonical(stamp)
    except ValueError:
        return None


def _dealt(starts: Lines, roots: Lines, order: Sequence[int], shards: int) -> tuple[Lines, ...]:
    """The largest component first, each to the shard that has least so far."""
    sizes = Counter(roots)
    broadcast = sizes.pop(-1, 0)
    count = max(1, min(shards, len(sizes)))
    loads = [(0, number) for number in range(count)]
    heapify(loads)
    shard_of: dict[int, int] = {}
    for component, size in sizes.most_common():
        load, number = loads[0]
        shard_of[component] = number
        heapreplace(loads, (load + size, number))
    dealt = tuple(array("q") for _ in range(count))
    for place in order:
        component = roots[place]
        if component >= 0:
            dealt[shard_of[component]].append(starts[place])
        elif broadcast:
            for shard in dealt:
                shard.append(starts[place])
    return dealt


def read_shard(path: Path, lines: Lines, taken: Tell | None = None) -> Iterator[Record]:
    """The records of a shard, in its order. Raises Problem naming file and line."""
    if not lines:
        return
    count = 0
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        for start in lines:
            end = content.find(b"\n", start)
            try:
                record = record_of(content[start : end if end >= 0 else None])
            except NO_RECORD as fault:
                raise no_record(path, content[:start].count(b"\n") + 1, fault) from None
            yield record
            count += 1
            if taken is not None and count == TOLD_EVERY:
                taken(count)
                count = 0
    if taken is not None:
        taken(count)


def in_processes(
    work: Callable[..., T], jobs: Sequence[tuple[Any, ...]], processes: int, tell: Tell | None
) -> Iterator[T]:
    """`work(*job, taken)` for every job, in the order of jobs, in so many processes (1: in this one). Raises what the
    work raises, and Problem where a process was ended from outside."""
    if processes == 1 or len(jobs) == 1:
        with _seldom_collecting():
            for job in jobs:
                yield work(*job, tell)
        return
    context = get_context("spawn")  # no copy of threads, locks and memory that somebody else is using
    counter = context.Value("q", 0)
    shown = 0
    with ProcessPoolExecutor(min(processes, len(jobs)), context, _begin, (counter,)) as pool:
        running = [pool.submit(_taken_by, work, job) for job in jobs]
        try:
            unfinished = set(running)
            while unfinished:
                _, unfinished = wait(unfinished, timeout=0.2, return_when=FIRST_COMPLETED)
                now = counter.value
                if tell is not None:
                    tell(now - shown)
                shown = now
                for one in running:
                    if one.done() and one.exception() is not None:
                        one.result()
            yield from (one.result() for one in running)
        except BaseException as fault:
            with counter.get_lock():
                counter.value = _STOP
            if not isinstance(fault, BrokenProcessPool):
                raise
            raise Problem(
                "a process was ended from outside, perhaps for want of memory; try fewer --jobs, or free some memory"
            ) from None
        finally:
            pool.shutdown(cancel_futures=True)


_SELDOM = (100_000, 50, 100)
"""Thresholds for the garbage collector: what a shard's state is made of is no garbage, and to look for some costs more
the more there is (with Python's own, a fifth of a replay)."""


@contextmanager
def _seldom_collecting() -> Iterator[None]:
    before = gc.get_threshold()
    gc.set_threshold(*_SELDOM)
    try:
        yield
    finally:
        gc.set_threshold(*before)


_STOP = -(2**62)
"""What the counter of lines says once nobody waits for the results any more."""

_counter: "Synchronized[int]"
_parent: int


def _begin(counter: "Synchronized[int]") -> None:
    global _counter, _parent
    _counter, _parent = counter, os.getppid()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the one who started us
    gc.set_threshold(*_SELDOM)


class _Stopped(Exception):
    """Ends a shard that nobody waits for."""


def _taken_by(work: Callable[..., T], job: tuple[Any, ...]) -> T:
    def taken(count: int) -> None:
        with _counter.get_lock():
            _counter.value += count
            stopped = _counter.value < 0
        if os.getppid() != _parent:
            signal.raise_signal(signal.SIGKILL)  # killed without a word to us; nobody reads what we would say
        if stopped:
            raise _Stopped

    return work(*job, taken)
