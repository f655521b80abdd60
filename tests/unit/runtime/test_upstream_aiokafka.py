"""Faults of aiokafka that we go round, as far as they show without a broker (others: tests/faults/test_upstream.py).

Where a test of a fault fails after an upgrade, upstream has mended it: the workaround may go (docs/upstream.md).
"""

import inspect
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.consumer.fetcher import Fetcher
from aiokafka.consumer.group_coordinator import GroupCoordinator
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from aiokafka.errors import CoordinatorLoadInProgressError
from aiokafka.producer import sender
from aiokafka.protocol import transaction
from aiokafka.protocol.commit import OffsetFetchResponse_v1

from services.runtime import processor, task
from services.runtime.changelog import committed_offsets
from services.runtime.fold import Processor
from services.runtime.processor import ProcessorService
from services.runtime.settings import Settings

PLACE = TopicPartition("facts", 0)


class _Loading(AIOKafkaAdminClient):  # type: ignore[misc]
    """An admin whose coordinator is still loading when it is asked first."""

    def __init__(self) -> None:
        self.asked = 0

    async def find_coordinator(self, *_: Any) -> int:
        return 1

    async def _send_request(self, *_: Any) -> Any:
        self.asked += 1
        error = CoordinatorLoadInProgressError.errno if self.asked == 1 else 0
        return OffsetFetchResponse_v1([("facts", [(0, 7, "", error)])])


async def test_an_answer_still_loading_is_read_wrongly() -> None:
    """No issue upstream: `list_consumer_group_offsets` looks for the error where older answers have none."""
    with pytest.raises(AttributeError):
        await _Loading().list_consumer_group_offsets("group", partitions=[PLACE])


async def test_a_coordinator_that_is_still_loading_is_asked_again() -> None:
    admin = _Loading()
    found = await committed_offsets(admin, "group", [PLACE])
    assert found[PLACE].offset == 7
    assert admin.asked == 2


class _Cluster:
    """Two topics of four partitions."""

    def partitions_for_topic(self, _: str) -> set[int]:
        return {0, 1, 2, 3}


def _together(assignor: Any) -> bool:
    """Whether the same partition number of both topics goes to the same of three members."""
    metadata = assignor.metadata({"a", "b"})
    given = assignor.assign(_Cluster(), dict.fromkeys(("m1", "m2", "m3"), metadata))
    return all(
        {*dict(member.assignment).get("a", [])} == {*dict(member.assignment).get("b", [])} for member in given.values()
    )


def test_the_default_assignor_tears_a_tasks_inputs_apart_and_ours_does_not() -> None:
    """A default, not a fault: round-robin. A task is one partition number over all inputs of its processor."""
    default = inspect.signature(AIOKafkaConsumer).parameters["partition_assignment_strategy"].default
    assert default == (RoundRobinPartitionAssignor,)
    assert not _together(RoundRobinPartitionAssignor)
    assert _together(RangePartitionAssignor)
    assert "partition_assignment_strategy=(RangePartitionAssignor,)" in inspect.getsource(processor)


def test_the_waits_between_two_transactions() -> None:
    """No issue upstream (Kafka's is KAFKA-5477): CONCURRENT_TRANSACTIONS on the first partition of a transaction waits
    a hard-coded 20 ms, on the others `retry_backoff_ms`, by default 100. So: 5, and a rest before the next one."""
    assert sender.BACKOFF_OVERRIDE == 0.02
    assert inspect.signature(AIOKafkaProducer).parameters["retry_backoff_ms"].default == 100
    assert Settings().retry_backoff_ms == 5
    assert task._REST < sender.BACKOFF_OVERRIDE


def test_offsets_in_a_transaction_carry_no_generation() -> None:
    """No issue upstream (Kafka's is KIP-447): the group cannot fence a zombie's offsets. So the transactional id is one
    task's, and nothing is read before the producer has fenced the predecessor."""
    names = transaction.TxnOffsetCommitRequest_v0.SCHEMA.names
    assert not {"generation_id", "member_id"} & {*names}
    assert not hasattr(transaction, "TxnOffsetCommitRequest_v3")
    run = inspect.getsource(task.RunningTask._run)
    assert run.index("writer.start()") < run.index("self._restore()")


def test_unread_records_of_one_partition_keep_others_waiting() -> None:
    """No issue upstream: while any partition's records lie unread, the broker is asked for nothing, for up to 100 ms.
    So fetched records are moved to the tasks' inboxes at once."""
    assert inspect.signature(Fetcher).parameters["prefetch_backoff"].default == 0.1
    assert "backoff_by_nodes" in inspect.getsource(Fetcher._get_actions_per_node)


def test_738_partitions_are_fetched_before_the_listener_is_told() -> None:
    """aio-libs/aiokafka#738: unlike its documentation. So the listener pauses them, and a task seeks when it begins."""
    joined = inspect.getsource(GroupCoordinator._on_join_complete)
    assert joined.index("assign_from_subscribed") < joined.index("listener.on_partitions_assigned")
    assert "consumer.pause(*assigned)" in inspect.getsource(ProcessorService.start_tasks)
    assert "consumer.seek(" in inspect.getsource(task.RunningTask._open_inbox)


class _Ended(BaseException):
    """In place of the end of the process, which nothing catches either."""


async def test_what_a_rebalance_listener_raises_ends_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """No issue upstream (kafka-python's is dpkp/kafka-python#917): exceptions of a listener are logged, and the
    consumer goes on with partitions that nobody has prepared. (That aiokafka still does so: tests/faults.)"""

    def ended(fault: BaseException, **_: object) -> None:
        raise _Ended(fault)

    monkeypatch.setattr(processor, "end_at_once", ended)
    service = ProcessorService(Processor("p", ("in",), (), lambda record, turn: None), Settings(kafka="127.0.0.1:1"))
    listener = processor._Assignments(service)
    with pytest.raises(_Ended):  # the service was never started: `start_tasks` raises AttributeError
        await listener.on_partitions_assigned({TopicPartition("in", 0)})
