"""`python -m benchmarks.latency.copies NAME TOPIC TOPIC…`: bare transactional copies from each topic to the next.

What a hop costs at the least on aiokafka, exactly once: poll, copy, commit, by hand, one transaction for each poll, one
producer for all partitions. No state, no thinking, no rest between two transactions.
"""

import asyncio
import os
import signal
import sys
from contextlib import suppress
from itertools import pairwise

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

__all__ = ["copy"]


async def copy(source: str, sink: str, name: str) -> None:
    """Copies until it is cancelled; keys, values, timestamps and partitions stay."""
    servers = os.environ["KITHLINE_KAFKA"]
    consumer = AIOKafkaConsumer(
        source,
        bootstrap_servers=servers,
        group_id=name,
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    producer = AIOKafkaProducer(
        bootstrap_servers=servers,
        transactional_id=name,
        acks="all",
        linger_ms=0,
        max_batch_size=1024 * 1024,
        retry_backoff_ms=5,  # with the default of 100, it waits that long between two transactions
    )
    await producer.start()
    await consumer.start()
    try:
        while True:
            fetched = await consumer.getmany(timeout_ms=1_000)
            if not fetched:
                continue
            await producer.begin_transaction()
            offsets, sends = {}, []
            for place, records in fetched.items():
                batch = producer.create_batch()
                for record in records:
                    appended = batch.append(
                        key=record.key, value=record.value, timestamp=record.timestamp, headers=list(record.headers)
                    )
                    if appended is None:
                        raise RuntimeError("more in one poll than one batch takes; lower the rate")
                sends.append(producer.send_batch(batch, sink, partition=place.partition))
                offsets[place] = records[-1].offset + 1
            *deliveries, _ = await asyncio.gather(*sends, producer.send_offsets_to_transaction(offsets, name))
            await asyncio.gather(*deliveries)
            await producer.commit_transaction()
    finally:
        with suppress(Exception):
            await producer.stop()
        await consumer.stop()


async def _until_told() -> None:
    _, name, *topics = sys.argv
    copies = asyncio.gather(*(copy(source, sink, f"{name}.{sink}") for source, sink in pairwise(topics)))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, copies.cancel)
    with suppress(asyncio.CancelledError):
        await copies


if __name__ == "__main__":
    asyncio.run(_until_told())
