"""Who is measured. A peer to come is one more entry, and a program that does the jobs in a process of its own.

Each is a command (`Contender.command`) with KITHLINE_KAFKA in its environment. It reads the input topic from its
beginning in a consumer group, writes what the job sends to the output topic and what it knows to its changelog, and
runs until SIGTERM. `Entry.name` keeps its group, changelog and transactional ids apart from other runs'.
"""

import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import orjson

from benchmarks.contenders import confluent, kafka_streams, quix
from benchmarks.contenders.entry import Entry
from services.runtime.cluster import group_of
from services.runtime.fold import Record, Value
from services.runtime.marker import MARKER_KEY
from services.runtime.store import read_value

__all__ = ["CONTENDERS", "PEER_VERSIONS", "Contender", "Entry"]

PEER_VERSIONS = {
    "kafka-streams": kafka_streams.VERSION,
    "quixstreams": quix.VERSION,
    "confluent-kafka": confluent.VERSION,
}

State = dict[str, Value]
"""What a changelog ends in, by household, as the fold has it."""


@dataclass(frozen=True, slots=True)
class Contender:
    """`group` and `changelog` are where its progress and its state are on Kafka."""

    name: str
    title: str
    guarantee: str
    jobs: tuple[str, ...]
    command: Callable[[Entry], list[str]]
    group: Callable[[Entry], str]
    changelog: Callable[[Entry], str]
    state: Callable[[Iterable[Record]], State]
    """What its changelog's records say in the end."""
    makes_changelog: bool = False
    """Whether it makes that topic itself."""
    prepare: Callable[[], None] = lambda: None
    """Fetches what it needs, once. Raises Problem: then its rows are skipped."""
    most: Mapping[str, int] | None = None
    """By job: records at most, of one that would take minutes otherwise."""
    repeats: int | None = None
    """Fewer than the others: of a slow one, and of those whose ratio nobody has asked for."""


def _module(module: str) -> Callable[[Entry], list[str]]:
    """A module of ours in this environment: `python -m MODULE JOB INPUT OUTPUT NAME PARTITIONS FOLDER`."""
    return lambda e: [sys.executable, "-m", module, e.job, e.source, e.sink, e.name, str(e.partitions), str(e.folder)]


def _engine_state(records: Iterable[Record]) -> State:
    last = {record.key: record.value for record in records if record.key != MARKER_KEY}
    return {key.decode(): read_value(value) for key, value in last.items() if value}


def _faust_state(records: Iterable[Record]) -> State:
    last = {record.key: record.value for record in records}
    values = {orjson.loads(key): orjson.loads(value) for key, value in last.items()}
    return {key: {"count": value} if isinstance(value, int) else value for key, value in values.items()}


def _loop_state(records: Iterable[Record]) -> State:
    last = {record.key: record.value for record in records}
    return {key.decode(): orjson.loads(value) for key, value in last.items()}


def _named(entry: Entry) -> str:
    return entry.name


def _loop_changelog(entry: Entry) -> str:
    return f"changelog.{entry.name}"


def _kafka_streams(store: str, guarantee: str, says: str) -> Contender:
    return Contender(
        f"kafka-streams-{says.replace(' ', '-')}-{store}",
        f"Kafka Streams {kafka_streams.VERSION}, {guarantee}, one thread, {'RocksDB' if store == 'rocksdb' else store}",
        says.replace("-", " "),
        ("count",),
        lambda e: kafka_streams.command(guarantee, store, e),
        group=_named,
        changelog=kafka_streams.changelog,
        state=kafka_streams.state,
        makes_changelog=True,
        prepare=kafka_streams.prepare,
        repeats=None if (store, guarantee) == ("memory", "exactly_once_v2") else 1,
    )


def _quix(guarantee: str) -> Contender:
    return Contender(
        f"quix-{guarantee}",
        f"Quix Streams {quix.VERSION}, {guarantee}",
        guarantee.replace("-", " "),
        ("count",),
        lambda e: quix.command(guarantee, e),
        group=_named,
        changelog=quix.changelog,
        state=quix.state,
        makes_changelog=True,
        prepare=quix.prepare,
    )


def _confluent(mode: str, guarantee: str) -> Contender:
    way = "one transaction a poll" if mode == "transactions" else "flush and commit"
    return Contender(
        f"confluent-{mode}",
        f"a loop by hand on confluent-kafka {confluent.VERSION}, {way}",
        guarantee,
        ("count",),
        lambda e: confluent.command(mode, e),
        group=_named,
        changelog=_loop_changelog,
        state=_loop_state,
        prepare=confluent.prepare,
    )


CONTENDERS: dict[str, Contender] = {
    contender.name: contender
    for contender in (
        Contender(
            "kithline",
            "Kithline's engine, as every service runs it",
            "exactly once",
            ("correlator", "count"),
            _module("benchmarks.contenders.engine"),
            group=lambda entry: group_of(entry.name),
            changelog=_loop_changelog,
            state=_engine_state,
        ),
        Contender(
            "floor",
            "a loop by hand on aiokafka, one transaction a poll",
            "exactly once",
            ("count",),
            _module("benchmarks.contenders.floor"),
            group=_named,
            changelog=_loop_changelog,
            state=_loop_state,
        ),
        _confluent("transactions", "exactly once"),
        _confluent("plain", "at least once"),
        _kafka_streams("memory", "exactly_once_v2", "exactly once"),
        _kafka_streams("rocksdb", "exactly_once_v2", "exactly once"),
        _kafka_streams("memory", "at_least_once", "at least once"),
        _kafka_streams("rocksdb", "at_least_once", "at least once"),
        _quix("exactly-once"),
        _quix("at-least-once"),
        Contender(
            "faust",
            "a stock Faust agent and table",
            "at least once",
            ("correlator", "count"),
            _module("benchmarks.contenders.stock_faust"),
            group=_named,
            changelog=lambda entry: f"{entry.name}-households-changelog",
            state=_faust_state,
            makes_changelog=True,
            most={"count": 300_000, "correlator": 20_000},
            repeats=1,
        ),
    )
}
