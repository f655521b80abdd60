"""A processor as a service of a Faust app: joins the group, and runs one task per partition number it is given."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, suppress

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, ConsumerRecord, TopicPartition
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.errors import CorruptRecordException, IllegalStateError
from mode import Service

from services.runtime import metrics
from services.runtime.batch import Inbox
from services.runtime.cluster import admin, check_processor, connection, group_of
from services.runtime.ending import end_at_once
from services.runtime.errors import Problem
from services.runtime.fold import Processor
from services.runtime.letters import Sealer
from services.runtime.logs import logger
from services.runtime.settings import Settings
from services.runtime.task import Place, RunningTask
from services.runtime.unreadable import unreadable

__all__ = ["ProcessorService"]

_log = logger(__name__)

_POLL_MS = 250
"""How long a poll waits when all is read. Records end the wait at once; this bounds how late it is seen that a
position has moved over transaction markers alone, and that a full inbox has been emptied."""

_EAGER_POLL_MS = 20
"""…and while there is more to come."""

_FULL = 1
"""An input is paused when more than this many batches of it wait."""

_AT_ONCE = 5_000
"""Records that one poll takes over at most: some 10 ms of aiokafka's time, in which nothing else runs."""


class ProcessorService(Service):  # type: ignore[misc]
    """Exactly once: each batch of a task is one Kafka transaction. `tasks` is by partition number; `joined` tells
    that the group has given us our share, which may be none."""

    def __init__(self, processor: Processor, settings: Settings) -> None:
        super().__init__()
        self.processor = processor
        self._settings = settings
        self._open = AsyncExitStack()
        self.tasks: dict[int, RunningTask] = {}
        self.joined = False
        self._pump: asyncio.Task[None] | None = None
        self._read_all = False

    @property
    def label(self) -> str:
        """As it is shown in logs."""
        return f"processor {self.processor.name}"

    async def on_start(self) -> None:
        """Checks cluster and topics, then joins the group. A problem ends the process with one clear line."""
        try:
            await self._join()
        except Exception as fault:
            end_at_once(fault, processor=self.processor.name)

    async def _join(self) -> None:
        settings, processor = self._settings, self.processor
        sealer = Sealer(settings.vault_public_key)
        client = await self._open.enter_async_context(admin(settings))
        counts = await check_processor(client, processor, settings.kafka)
        consumer = AIOKafkaConsumer(
            **connection(settings),
            group_id=group_of(processor.name),
            group_instance_id=f"{processor.name}-{settings.member}" if settings.member else None,
            isolation_level="read_committed",
            auto_offset_reset="earliest",
            enable_auto_commit=False,
            # A task needs the same partition number of every input; aiokafka's default, round-robin, gives others.
            partition_assignment_strategy=(RangePartitionAssignor,),
            session_timeout_ms=settings.session_timeout_ms,
            heartbeat_interval_ms=settings.heartbeat_interval_ms,
            rebalance_timeout_ms=settings.rebalance_timeout_ms,
            max_partition_fetch_bytes=settings.max_partition_fetch_bytes,
            fetch_max_wait_ms=settings.fetch_wait_ms,
        )
        if self.should_stop:  # told to while we waited for the cluster
            return
        self._place = Place(processor, settings, consumer, client, counts, sealer)
        consumer.subscribe(topics=list(processor.inputs), listener=_Assignments(self))
        # Stopped first, so that the group need not wait for our session to run out. (A member with a name of its own
        # does not leave: it is expected back, and its partitions wait for it until then.)
        self._open.push_async_callback(consumer.stop)
        await consumer.start()
        if not self.should_stop:
            self._pump = asyncio.create_task(self._feed_tasks())

    async def on_stop(self) -> None:
        """Finishes the batches in hand, leaves the group, lets go of the connections."""
        await self.drop_tasks()
        if self._pump is not None:  # a stop may come while we still wait for the cluster
            self._pump.cancel()
            await asyncio.wait([self._pump])
        await self._open.aclose()

    async def _feed_tasks(self) -> None:
        """Moves what is fetched to the tasks' inboxes, without end."""
        consumer = self._place.consumer
        try:
            while True:
                timeout = _POLL_MS if self._read_all else _EAGER_POLL_MS
                fetched = await consumer.getmany(timeout_ms=timeout, max_records=_AT_ONCE)
                self._read_all = True
                for task in self.tasks.values():
                    if task.inbox is not None:
                        # not assigned any more: a rebalance came between, and the tasks are on their way out
                        with suppress(IllegalStateError):
                            await self._feed(task, task.inbox, fetched)
        except (UnicodeDecodeError, CorruptRecordException) as fault:
            end_at_once(await unreadable(consumer, fault), processor=self.processor.name)
        except asyncio.CancelledError as stray:
            if not self.should_stop:  # see `RunningTask`
                end_at_once(stray, processor=self.processor.name)
        except Exception as fault:
            end_at_once(fault, processor=self.processor.name)

    async def _feed(
        self, task: RunningTask, inbox: Inbox, fetched: Mapping[TopicPartition, Sequence[ConsumerRecord]]
    ) -> None:
        consumer, limit = self._place.consumer, _FULL * self._settings.batch_records
        paused = consumer.paused()
        for tp in task.inputs:
            position, end = await consumer.position(tp), consumer.highwater(tp)
            inbox.add(tp, fetched.get(tp, ()), position)
            if end is not None:
                self._read_all &= position >= end
                metrics.LAG.labels(self.processor.name, tp.topic, str(tp.partition)).set(max(0, end - position))
            # What was fetched of a paused partition is dropped, and fetched again later.
            if inbox.waiting(tp) > limit:
                consumer.pause(tp)
            elif tp in paused:
                consumer.resume(tp)

    def start_tasks(self, assigned: Iterable[TopicPartition]) -> None:
        """Starts a task for each partition number that was assigned with all inputs. Nothing is fetched before it has
        been restored. The work is done in tasks of their own: no heartbeat runs while this returns not."""
        if self.should_stop:  # the group gave us our share while we are on our way out of it
            return
        by_partition: dict[int, set[str]] = {}
        for tp in assigned:
            by_partition.setdefault(tp.partition, set()).add(tp.topic)
        for partition, topics in sorted(by_partition.items()):
            if topics != set(self.processor.inputs):
                end_at_once(
                    Problem(
                        f"{self.processor.name}: partition {partition} came without all of its inputs, with "
                        f"{', '.join(sorted(topics))}; is another program in {group_of(self.processor.name)}?"
                    )
                )
        self._place.consumer.pause(*assigned)
        self.tasks = {partition: RunningTask(self._place, partition) for partition in sorted(by_partition)}
        self.joined = True
        _log.info("assigned", processor=self.processor.name, partitions=sorted(by_partition))

    async def drop_tasks(self) -> None:
        """Stops all tasks, each after its batch in hand."""
        tasks, self.tasks = self.tasks, {}
        await asyncio.gather(*(task.stop() for task in tasks.values()))


class _Assignments(ConsumerRebalanceListener):  # type: ignore[misc]
    """aiokafka logs what these raise and goes on as if nothing had been; so nothing is raised here."""

    def __init__(self, service: ProcessorService) -> None:
        self._service = service

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:  # noqa: ARG002
        self._service.joined = False
        try:
            await self._service.drop_tasks()
        except Exception as fault:
            end_at_once(fault, processor=self._service.processor.name)

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        try:
            self._service.start_tasks(assigned)
        except Exception as fault:
            end_at_once(fault, processor=self._service.processor.name)
