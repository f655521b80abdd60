"""The small job on Quix Streams: a stateful function over a StreamingDataFrame.

Runs in an environment of its own (requirements.txt), so it imports nothing of Kithline.
"""

import os
import sys
from typing import Any

from quixstreams import Application, State  # type: ignore[import-not-found]

SETTINGS: dict[str, Any] = {
    "auto_offset_reset": "earliest",
    # Five seconds by default. Its documentation ("Checkpointing") says that longer ones do less; with two seconds it
    # did no more than with one, and a race with few commits is measured badly.
    "commit_interval": 1.0,
    # By default it asks after each message whether a broker is there.
    "broker_availability_timeout": 0,
    "loglevel": "WARNING",
    # librdkafka's, from its CONFIGURATION.md and "Introduction" (high throughput): it looks again sooner when its queue
    # was full, and writes larger batches. Both together save up to a quarter of the CPU time.
    "consumer_extra_config": {"fetch.queue.backoff.ms": 10, "max.partition.fetch.bytes": 4 * 1024 * 1024},
    "producer_extra_config": {"linger.ms": 50, "batch.size": 1024 * 1024, "batch.num.messages": 100_000, "acks": "all"},
}
"""Whatever is not the default, and why. Tried and left alone: `apply(…, expand=True)` in the place of `filter`, RocksDB
without fsync."""


def count(event: dict[str, Any], state: State) -> dict[str, Any] | None:
    """One event: the output, of each twentieth."""
    now = state.get("count", 0) + 1
    state.set("count", now)
    return {"id": event["id"], "count": now} if event["number"] % 20 == 0 else None


def main() -> None:
    """Counts until SIGTERM."""
    guarantee, source, sink, name, folder = sys.argv[1:]
    app = Application(
        os.environ["KITHLINE_KAFKA"],
        consumer_group=name,
        processing_guarantee=guarantee,
        state_dir=folder,
        **SETTINGS,
    )
    counted = app.dataframe(app.topic(source)).apply(count, stateful=True)
    counted.filter(lambda output: output is not None).to_topic(app.topic(sink))
    app.run()


if __name__ == "__main__":
    main()
