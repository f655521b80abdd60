"""One running task: a partition number over all inputs of a processor, from assignment to revocation."""

import asyncio
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import CommitFailedError, IllegalStateError
from prometheus_client import Gauge

from contracts.instants import milliseconds
from services.runtime import metrics
from services.runtime.batch import Inbox, in_order
from services.runtime.changelog import committed_offsets, restore
from services.runtime.cluster import DEAD_LETTERS, group_of
from services.runtime.ending import end_at_once
from services.runtime.fold import Dead, Processor
from services.runtime.folding import Task
from services.runtime.letters import Sealer
from services.runtime.logs import logger
from services.runtime.marker import MARKER_KEY, Marker, agree, committed_marker
from services.runtime.now import now_ms
from services.runtime.partitions import partition_of
from services.runtime.settings import Settings
from services.runtime.steps import Step, steps
from services.runtime.store import PackedStore
from services.runtime.tally import Tally
from services.runtime.transaction import Writer

__all__ = ["Place", "RunningTask"]

_log = logger(__name__)

_REST = 0.01
"""Seconds between a task's transactions. The broker still writes the markers of one when the next begins; who comes
too early is told CONCURRENT_TRANSACTIONS, and aiokafka then waits a hard-coded 20 ms (one after the other took 28 ms
each without a rest, 6 ms with one of 5, and with eight tasks at once it took 10). Records gather meanwhile."""

_OLDEST_MS = 86_400_000
"""Outputs are never dated further back than a day. Retention goes by the timestamp: when a feed that keeps 400 days is
read from its beginning, facts dated like it would go from a topic that keeps 35 before anybody had read them."""

_LONGEST_KEY = 1_000
"""Of the original key, so many bytes are the dead letter's own key."""


@dataclass(frozen=True, slots=True)
class Place:
    """What all tasks of one processor share."""

    processor: Processor
    settings: Settings
    consumer: AIOKafkaConsumer
    admin: AIOKafkaAdminClient
    counts: Mapping[str, int]
    sealer: Sealer


class RunningTask:
    """Order that matters: start the producer (fences a predecessor) → read the committed position → restore the
    state → seek → process. On any doubt about a transaction the whole process ends (see `ending`)."""

    def __init__(self, place: Place, partition: int) -> None:
        self._place = place
        self.partition = partition
        self.name = f"{place.processor.name}-{partition}"
        self.inputs = [TopicPartition(topic, partition) for topic in place.processor.inputs]
        self._store = PackedStore(place.processor.due)
        self._marker = Marker()
        self._committed: dict[TopicPartition, int] = {}
        self._stopping = False
        self._waiting = True  # in something that may be cancelled: nothing is open and nothing would be lost
        self.state: Literal["restoring", "ready"] = "restoring"
        self.inbox: Inbox | None = None
        self.last_commit = 0.0
        self.progress = 0
        """Grows whenever the task gets on: with records that it restores, and with every commit (see `watchdog`)."""
        self._rest_until = 0.0
        self.idle = True
        self._labels = (place.processor.name, str(partition))
        self._runner = asyncio.ensure_future(self._run())

    async def stop(self) -> None:
        """Finishes the batch in hand, lets go of the producer and drops the state. A task that cannot must not live on
        beside its successor: then the process ends."""
        self._stopping = True
        if self._waiting:
            self._runner.cancel()
        _, unfinished = await asyncio.wait([self._runner], timeout=self._place.settings.rebalance_timeout_ms / 1000)
        if unfinished:
            end_at_once(TimeoutError("the batch in hand did not end"), task=self.name)

    async def _run(self) -> None:
        settings, name = self._place.settings, self._place.processor.name
        writer = Writer(settings, f"kithline-{name}-{self.partition}", group_of(name))
        try:
            await writer.start()
            task = await self._restore()
            inbox = self._open_inbox()
            while not self._stopping:
                self._waiting = True
                await inbox.news()
                await asyncio.sleep(self._rest_until - time.monotonic())
                self._waiting = False
                await self._process(task, writer, *inbox.take())
        except asyncio.CancelledError as stray:
            if not self._stopping:  # no order of ours: aiokafka lets some of its own out (upstream #647)
                end_at_once(stray, processor=name, partition=self.partition)
        except Exception as fault:
            await writer.give_up()
            end_at_once(fault, processor=name, partition=self.partition)
        finally:
            for gauge in (metrics.TASK_READY, metrics.STATE_KEYS, metrics.LAST_COMMIT, metrics.AS_OF):
                _forget(gauge, *self._labels)
            for place in self.inputs:
                _forget(metrics.LAG, name, place.topic, str(self.partition))
        await writer.stop()

    async def _restore(self) -> Task:
        place, started = self._place, time.monotonic()
        metrics.TASK_READY.labels(*self._labels).set(0)
        async with asyncio.timeout(place.settings.transaction_timeout_ms / 1000):
            committed = await committed_offsets(place.admin, group_of(place.processor.name), self.inputs)
        restored = await restore(place.settings, place.processor.changelog, self.partition, self._store, self._get_on)
        position = committed_marker(at.metadata for at in committed.values())
        self._marker = agree(self.name, position, restored, len(self._store))
        # In a thread: it looks through the whole state for what is due, and heartbeats must go on meanwhile.
        task = await asyncio.to_thread(Task, place.processor, self._store, self._marker.as_of)
        self._committed = {tp: at.offset for tp, at in committed.items()}
        fresh = [tp for tp in self.inputs if tp not in committed]
        if fresh:
            # Committed at once, so that from outside "nothing committed" means "never started" (see `quiet`).
            beginnings = await place.consumer.beginning_offsets(fresh)
            await self._commit_position(beginnings)
            self._committed.update(beginnings)
        took = time.monotonic() - started
        metrics.TASK_READY.labels(*self._labels).set(1)
        metrics.RESTORE_SECONDS.labels(*self._labels).set(took)
        metrics.LAST_COMMIT.labels(*self._labels).set(0)
        self._tell_state(task)
        _log.info(
            "task ready",
            task=self.name,
            keys=len(self._store),
            number=self._marker.number,
            seconds=round(took, 3),
        )
        return task

    def _open_inbox(self) -> Inbox:
        """Lets records in, from the committed position on. All at once: what was fetched before is void."""
        for tp in self.inputs:
            self._place.consumer.seek(tp, self._committed[tp])
        self._place.consumer.resume(*self.inputs)
        self.inbox = Inbox(self._committed)
        self.state = "ready"
        return self.inbox

    async def _process(
        self,
        task: Task,
        writer: Writer,
        fetched: Mapping[TopicPartition, list[ConsumerRecord]],
        positions: dict[TopicPartition, int],
    ) -> None:
        self.idle = False
        left = sum(map(len, fetched.values()))
        if not left:
            await self._commit_position(positions)
        ahead = steps(task, in_order(fetched))
        reached = dict(self._committed)
        while left and not self._stopping:
            started = time.monotonic()
            tally = Tally()
            left -= await self._fold(ahead, writer, tally, reached)
            await self._commit(task, writer, reached if left else positions)
            tally.tell(self._place.processor.name, time.monotonic() - started)
        self.idle = True
        self._tell_state(task)

    async def _fold(
        self, ahead: Iterator[Step], writer: Writer, tally: Tally, reached: dict[TopicPartition, int]
    ) -> int:
        """Takes steps until there are no more or it is time to commit; returns how many records are done.

        One tick may wake half a city. It is committed in parts, each under the position before the tick: a successor
        takes the tick again and finds due what was left."""
        settings = self._place.settings
        done, spent, begun = 0, 0.0, time.monotonic()
        for step in ahead:
            self._collect(step, writer, tally)
            self._warn_if_slow(step, time.monotonic() - begun)
            if step.records:
                reached[step.place] = step.records[-1].offset + 1
                done += len(step.records)
            spent += time.monotonic() - begun
            if done >= settings.batch_records or spent > settings.batch_seconds:
                break
            await asyncio.sleep(0)  # heartbeats, other tasks and web pages share the loop
            begun = time.monotonic()
        return done

    def _warn_if_slow(self, step: Step, seconds: float) -> None:
        """A fold that holds the loop for a session has been put out of its group when it ends. Alone it comes back, and
        goes on; where others stand by, its heir fences it, is put out at the same record, and so on: nothing is lost
        and nothing gets on. Whoever looks for the cause is told where it is."""
        if seconds > self._place.settings.session_timeout_ms / 2000:
            first, last = (step.records[0].offset, step.records[-1].offset) if step.records else (None, None)
            where = {"topic": step.place.topic, "partition": self.partition, "offsets": [first, last]}
            _log.warning("a fold held the process", task=self.name, seconds=round(seconds, 1), **where)

    def _collect(self, step: Step, writer: Writer, tally: Tally) -> None:
        """Adds what a step sends to the transaction. Outputs carry the timestamp of the record that caused them, so
        that latency adds up along the line (up to a day)."""
        tally.step(step)
        if not step.turn.outputs and not step.turn.dead:
            return
        now = now_ms()
        oldest = now - _OLDEST_MS
        for output in step.turn.outputs:
            count, timestamp = self._place.counts[output.topic], max(output.timestamp, oldest)
            for partition in range(count) if output.everywhere else (partition_of(output.key, count),):
                writer.add(output.topic, partition, output.key, output.value, timestamp, output.headers)
            if output.everywhere:
                tally.copies(output.topic, count - 1)
        for dead in step.turn.dead:
            self._bury(dead, now, writer)

    def _bury(self, dead: Dead, timestamp: int, writer: Writer) -> None:
        letter = self._place.sealer.letter(self._place.processor.name, dead)
        # A key may hold the identity for which the letter is sealed; one of a megabyte stands in the letter already.
        key = None if letter.sealed else dead.record.key[:_LONGEST_KEY] or None
        partition = self.partition % self._place.counts[DEAD_LETTERS]
        writer.add(DEAD_LETTERS, partition, key, letter.model_dump_json().encode(), timestamp)

    async def _commit(self, task: Task, writer: Writer, positions: Mapping[TopicPartition, int]) -> None:
        """Ends a batch: one transaction of outputs, state, marker and offsets; only offsets where nothing changed."""
        changes = self._store.changes()
        if writer.empty and not changes:
            self._marker = Marker(self._marker.number, task.as_of)
            await self._commit_position(positions, always=True)
            return
        marker = Marker(self._marker.number + 1, task.as_of)
        changelog, now = self._place.processor.changelog, now_ms()
        for key, packed in changes:
            writer.add(changelog, self.partition, key.encode(), packed, now)
        by_topic = {tp.topic: offset for tp, offset in positions.items()}
        writer.add(changelog, self.partition, MARKER_KEY, marker.packed(by_topic, len(self._store)), now)
        await writer.commit({tp: (offset, marker.metadata()) for tp, offset in positions.items()})
        self._rest_until = time.monotonic() + _REST
        self._marker = marker
        self._committed = dict(positions)
        self._get_on()
        self._note_commit()

    async def _commit_position(self, positions: Mapping[TopicPartition, int], *, always: bool = False) -> None:
        """Commits the position alone. The group's generation guards it: a member that was put out cannot commit.

        Also when idle, because transaction markers move the position without a record; so `committed = end offset`
        tells from outside that everything has been read (see `quiet`).
        """
        moved = {tp: (at, self._marker.metadata()) for tp, at in positions.items() if at != self._committed.get(tp)}
        if not moved:
            return
        waiting, self._waiting = self._waiting, True
        try:
            await self._place.consumer.commit(moved)
        except (CommitFailedError, IllegalStateError):
            # A rebalance is under way. These records changed nothing; whoever reads them next finds that too.
            _log.info("position not committed: the group is rebalancing", task=self.name)
            return
        finally:
            self._waiting = waiting
        self._committed.update({tp: at for tp, (at, _) in moved.items()})
        self._get_on()
        if always:
            self._note_commit()

    def _get_on(self) -> None:
        self.progress += 1

    def _note_commit(self) -> None:
        self.last_commit = time.time()
        metrics.LAST_COMMIT.labels(*self._labels).set(self.last_commit)

    def _tell_state(self, task: Task) -> None:
        metrics.STATE_KEYS.labels(*self._labels).set(len(self._store))
        if self._place.processor.ticks:
            metrics.AS_OF.labels(*self._labels).set(milliseconds(task.as_of) / 1000)


def _forget(gauge: Gauge, *labels: str) -> None:
    """A task that moved elsewhere is no longer told of here."""
    try:
        gauge.remove(*labels)
    except KeyError:
        return
