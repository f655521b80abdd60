"""Stock Faust, as its own documentation would have it: an agent, a table with a changelog, `topic.send`.

The table's memory store keeps the fold's values as they are and writes them to the changelog by Faust's JSON codec
(orjson, where it is installed, as here); nothing is parsed again to be read. It gives at least once and no more, and
it does less than the engine: no due instants, no metrics of the line's own, no dead letters.
"""

import os
import sys
from collections.abc import Callable
from typing import Any, cast

import faust

from benchmarks.jobs import JOBS, Job
from contracts.instants import EPOCH
from services.runtime.fold import Record, Store, Turn, Value

__all__ = ["SETTINGS", "make_app"]

SETTINGS: dict[str, Any] = {
    "processing_guarantee": "at_least_once",
    "store": "memory://",
    "producer_acks": -1,
    # Its documentation: "131_072 may let you process over 30,000 events a second as a baseline". With the default of
    # 4,096 a full buffer pauses its partitions, and the fetcher then sleeps for a second.
    "stream_buffer_maxsize": 131_072,
    # … "then broker_commit_interval must be set to commit frequently". Half a second also bounds how much of its last
    # commit's waiting is counted as work.
    "broker_commit_interval": 0.5,
    # One fetch no longer fills the event loop with waiting tasks: a tenth less CPU.
    "broker_max_poll_records": 500,
    "consumer_max_fetch_size": 4 * 1024 * 1024,
    # By default each changelog record is a request of its own. Nothing waits for a delivery here, so batches only
    # save: with a tenth of a second it does half as much again.
    "producer_linger": 0.1,
    # The default of 16 KiB holds five flags.
    "producer_max_batch_size": 1024 * 1024,
    # There is one member and nothing to wait for or to recover on a spare.
    "stream_wait_empty": False,
    "table_standby_replicas": 0,
    "topic_disable_leader": True,
    "web_enabled": False,
}
"""Whatever is not the default, and why. The quotations are from Faust's "Configuration Reference".

Tried and left alone, because it made no difference or things worse: uvloop, `broker_check_crcs` off,
`producer_threaded` (a third dearer), 2,000 records a poll, a stream buffer of 16,384, and `stream.take(20_000)` with
one table write for each household of a batch. The table is in memory, as ours is. A profile shows no single place where
the time goes: it is the event loop's work on each event and each record sent.
"""


class _TableState:
    """A Faust table as far as a fold reads it (of a `Store`, a turn uses `get` alone)."""

    def __init__(self, table: Any) -> None:
        self._table = table

    def get(self, key: str) -> Value | None:
        value: Value | None = self._table.get(key)
        return value


def make_app(job: Job, source: str, sink: str, name: str, partitions: int, folder: str) -> faust.App:
    """The app that does the job. `folder`: it makes one even for tables in memory."""
    servers = [f"kafka://{server}" for server in os.environ["KITHLINE_KAFKA"].split(",")]
    app = faust.App(name, broker=servers, topic_partitions=partitions, datadir=folder, **SETTINGS)
    AGENTS[job.name](app, job, source, sink, partitions)
    return app


def _correlator(app: Any, job: Job, source: str, sink: str, partitions: int) -> None:
    facts = app.topic(source, key_type=bytes, value_type=bytes, value_serializer="raw")
    flags = app.topic(sink, key_serializer="raw", value_serializer="raw")
    households = app.Table("households", partitions=partitions)
    state = _TableState(households)
    fold = job.processor(sink).fold

    @app.agent(facts)  # type: ignore[untyped-decorator]
    async def correlate(stream: Any) -> None:
        async for event in stream.events():
            message = event.message
            record = Record(message.topic, event.key, event.value, (), message.partition, message.offset)
            turn = Turn(EPOCH, cast(Store, state), record)
            fold(record, turn)
            for key, value in turn.writes.items():
                households[key] = value
            for output in turn.outputs:
                await flags.send(key=output.key, value=output.value, headers=list(output.headers))


def _count(app: Any, _job: Job, source: str, sink: str, partitions: int) -> None:
    events = app.topic(source, key_type=bytes, value_serializer="json")
    counts = app.topic(sink, key_type=str, key_serializer="raw", value_serializer="json")
    households = app.Table("households", default=int, partitions=partitions)

    @app.agent(events)  # type: ignore[untyped-decorator]
    async def count(stream: Any) -> None:
        async for event in stream:
            household = event["household_id"]
            households[household] += 1
            if event["number"] % 20 == 0:
                await counts.send(key=household, value={"id": event["id"], "count": households[household]})


AGENTS: dict[str, Callable[[Any, Job, str, str, int], None]] = {"correlator": _correlator, "count": _count}
"""By job. The small one is written as a Faust user would write it, the large one calls the correlator's fold."""

if __name__ == "__main__":
    _job, _source, _sink, _name, _partitions, _folder = sys.argv[1:]
    worker = faust.Worker(
        make_app(JOBS[_job], _source, _sink, _name, int(_partitions), _folder),
        loglevel="WARN",
        quiet=True,
        redirect_stdouts=False,
    )
    # With its spinner, shown or not, it logs at DEBUG: a record is made and dropped for every message sent.
    worker.spinner = None
    worker.execute_from_commandline()
