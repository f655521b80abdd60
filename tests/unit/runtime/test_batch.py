"""The order in which what waits is taken."""

import asyncio
from typing import Any

import pytest
from aiokafka import ConsumerRecord, TopicPartition
from hypothesis import given
from hypothesis import strategies as st

from services.runtime.batch import Inbox, as_record, in_order


def _record(topic: str, offset: int, timestamp: int, **fields: Any) -> ConsumerRecord:
    made = {"key": b"k", "value": b"v", "headers": ()} | fields
    return ConsumerRecord(
        topic=topic,
        partition=0,
        offset=offset,
        timestamp=timestamp,
        timestamp_type=0,
        checksum=None,
        serialized_key_size=0,
        serialized_value_size=0,
        **made,
    )


A, B = TopicPartition("a", 0), TopicPartition("b", 0)


@given(st.lists(st.integers(0, 20)), st.lists(st.integers(0, 20)))
def test_every_record_once_and_each_partition_in_its_own_order(first: list[int], second: list[int]) -> None:
    fetched = {
        tp: [_record(tp.topic, offset, timestamp) for offset, timestamp in enumerate(timestamps)]
        for tp, timestamps in ((A, first), (B, second))
    }
    taken = [record for segment in in_order(fetched) for record in segment.records]
    for tp, records in fetched.items():
        assert [record for record in taken if record.topic == tp.topic] == records


def test_a_tick_does_not_overtake_an_older_fact() -> None:
    fetched = {A: [_record("a", 0, 10), _record("a", 1, 30)], B: [_record("b", 0, 20)]}
    assert [record.timestamp for segment in in_order(fetched) for record in segment.records] == [10, 20, 30]


def test_nulls_become_empty_bytes() -> None:
    seen = as_record(_record("a", 3, 5, key=None, value=None, headers=(("h", None),)))
    assert (seen.key, seen.value, seen.headers) == (b"", b"", (("h", b""),))


async def test_an_inbox_gathers_until_it_is_taken() -> None:
    inbox = Inbox({A: 0, B: 7})
    inbox.add(A, [_record("a", 0, 1)], 1)
    inbox.add(A, [_record("a", 1, 2)], 3)
    await inbox.news()
    assert inbox.waiting(A) == 2
    records, positions = inbox.take()
    assert [record.offset for record in records[A]] == [0, 1]
    assert positions == {A: 3, B: 7}
    assert inbox.waiting(A) == 0


async def test_a_position_that_moves_over_markers_is_news_and_one_that_stays_is_none() -> None:
    inbox = Inbox({A: 5})
    inbox.add(A, [], 5)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(inbox.news(), 0.01)
    inbox.add(A, [], 6)
    await inbox.news()
    assert inbox.take() == ({}, {A: 6})
