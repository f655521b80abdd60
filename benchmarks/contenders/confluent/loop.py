"""The small job as a loop by hand on confluent-kafka (librdkafka), with transactions or without.

Runs in an environment of its own (requirements.txt), so it imports nothing of Kithline.
"""

import os
import signal
import sys
from typing import Any

import orjson
from confluent_kafka import Consumer, Producer, TopicPartition  # type: ignore[import-not-found]

POLL_RECORDS = 20_000
"""At most, in one transaction or between two flushes; with 50,000 it did no better."""

CONSUMER: dict[str, Any] = {
    "auto.offset.reset": "earliest",
    "enable.auto.commit": False,
    "isolation.level": "read_committed",
    # From librdkafka's CONFIGURATION.md: how many records are fetched ahead, and how long it waits when its queue is
    # full, a second by default. With these it does a third more.
    "queued.min.messages": 1_000_000,
    "fetch.queue.backoff.ms": 10,
    "max.partition.fetch.bytes": 4 * 1024 * 1024,
}
PRODUCER: dict[str, Any] = {
    "acks": "all",
    "linger.ms": 5,
    # From its "Introduction", high throughput: large batches.
    "batch.size": 1024 * 1024,
    "batch.num.messages": 100_000,
    "queue.buffering.max.messages": 1_000_000,
}


def main() -> None:
    """Counts until SIGTERM."""
    mode, source, sink, name = sys.argv[1:]
    transactions = mode == "transactions"
    servers = {"bootstrap.servers": os.environ["KITHLINE_KAFKA"]}
    changelog = f"changelog.{name}"
    running = True

    def stop(*_: object) -> None:
        nonlocal running
        running = False

    signal.signal(signal.SIGTERM, stop)
    consumer = Consumer({**servers, **CONSUMER, "group.id": name})
    producer = Producer({**servers, **PRODUCER, **({"transactional.id": name} if transactions else {})})
    if transactions:
        producer.init_transactions()
    consumer.subscribe([source])
    counts: dict[str, int] = {}
    produce = producer.produce
    while running:
        messages = consumer.consume(POLL_RECORDS, timeout=0.1)
        if not messages:
            continue
        if transactions:
            producer.begin_transaction()
        changed: dict[str, int] = {}
        offsets: dict[int, int] = {}
        for message in messages:
            if message.error():
                raise SystemExit(str(message.error()))
            partition = message.partition()
            event = orjson.loads(message.value())
            household = event["household_id"]
            counts[household] = now = counts.get(household, 0) + 1
            changed[household] = partition
            if event["number"] % 20 == 0:
                produce(sink, orjson.dumps({"id": event["id"], "count": now}), household, partition)
            offsets[partition] = message.offset() + 1
        for household, partition in changed.items():
            produce(changelog, orjson.dumps({"count": counts[household]}), household, partition)
        places = [TopicPartition(source, partition, offset) for partition, offset in offsets.items()]
        if transactions:
            producer.send_offsets_to_transaction(places, consumer.consumer_group_metadata())
            producer.commit_transaction()
        else:
            producer.flush()
            consumer.commit(offsets=places, asynchronous=False)
    consumer.close()


if __name__ == "__main__":
    main()
