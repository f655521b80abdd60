"""The oracle: an independent count over the topics, in plain Python, and a replay of the input log by the same fold.

The count knows the job's rules from its description and uses nothing of the engine but the names of its topics and
the two places in which it writes a position (the changelog's marker, the committed offsets' metadata).
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiokafka import ConsumerRecord

from services.runtime.fold import Record
from services.runtime.folding import MemoryStore, Task
from tests.faults.bench import FaultBench
from tests.faults.group_log import Commit, commits_of
from tests.faults.job import PARTITIONS, flag_id, raises_a_flag

__all__ = ["Books", "check"]

_MARKER = b"\x00position"

Inputs = dict[tuple[str, int], list[ConsumerRecord]]


@dataclass
class Books:
    """What was found, for tests that want to know that something happened at all."""

    inputs: int = 0
    applied: int = 0
    duplicates: int = 0
    dead: int = 0
    flags: int = 0
    transactions: int = 0
    commits: int = 0
    markers: dict[int, list[dict[str, Any]]] = field(default_factory=dict)


def kind_of(record: ConsumerRecord) -> str:
    """What becomes of an input record: applied, duplicate or dead."""
    try:
        body = orjson.loads(record.value)
    except ValueError:
        return "dead"
    if body.get("repeat"):
        return "duplicate"
    return "applied" if "x" in body else "dead"


async def check(bench: FaultBench, inputs: int) -> Books:
    """Fails unless each of so many input records left its traces, all of them and once. Call it at rest."""
    changelog = bench.processor.changelog
    found = await bench.read(*bench.inputs, bench.flags, changelog, "dead.letters")
    log: Inputs = {(name, number): [] for name in bench.inputs for number in range(PARTITIONS)}
    for name in bench.inputs:
        for record in found[name]:
            log[name, record.partition].append(record)
    books = Books(inputs=sum(map(len, log.values())))
    assert books.inputs == inputs, "the test did not send what it meant to"
    _check_flags(log, found[bench.flags], books)
    _check_letters(log, [orjson.loads(r.value) for r in found["dead.letters"]], bench.processor.name, books)
    state = _check_changelog(log, found[changelog], books)
    _check_commits(log, await commits_of(bench, bench.processor.name), books)
    _check_replay(bench, log, state, found[bench.flags])
    books.applied = sum(value["count"] for value in state.values())
    books.duplicates = sum(kind_of(record) == "duplicate" for records in log.values() for record in records)
    assert books.inputs == books.applied + books.duplicates + books.dead
    return books


def _check_flags(log: Inputs, flags: list[ConsumerRecord], books: Books) -> None:
    """Each (id, revision) once, revisions contiguous and in order, each cause that should raise a flag once."""
    books.flags = len(flags)
    expected = Counter(
        (flag_id(record.key.decode()), body["n"])
        for records in log.values()
        for record in records
        if kind_of(record) == "applied" and raises_a_flag((body := orjson.loads(record.value))["n"])
    )
    bodies = [orjson.loads(record.value) for record in flags]
    seen = Counter((body["id"], body["cause"]) for body in bodies)
    assert not expected - seen, "flags are missing"
    assert not seen - expected, "flags are there twice, or should not be there"
    revisions: dict[str, int] = {}
    for body in bodies:
        assert body["revision"] == revisions.get(body["id"], 0) + 1, f"{body} after {revisions.get(body['id'])}"
        revisions[body["id"]] = body["revision"]


def _check_letters(log: Inputs, letters: list[dict[str, Any]], processor: str, books: Books) -> None:
    """Each record that could not be folded has one dead letter, and nothing else has."""
    seen = Counter((one["topic"], one["partition"], one["offset"]) for one in letters if one["processor"] == processor)
    expected = Counter(
        (record.topic, record.partition, record.offset)
        for records in log.values()
        for record in records
        if kind_of(record) == "dead"
    )
    assert seen == expected
    books.dead = seen.total()


def _check_changelog(log: Inputs, changelog: list[ConsumerRecord], books: Books) -> dict[str, Any]:
    """At every marker, the state up to it is the count of the inputs below its positions: what a restart at that point
    would have restored is what was there. Returns the final state."""
    final: dict[str, Any] = {}
    for number in range(PARTITIONS):
        state: dict[str, Any] = {}
        counted: dict[str, dict[str, int]] = {}
        markers: list[dict[str, Any]] = []
        reached: dict[str, int] = {name: 0 for name, at in log if at == number}
        for record in (record for record in changelog if record.partition == number):
            if record.key != _MARKER:
                state[record.key.decode()] = orjson.loads(record.value)
                continue
            marker = orjson.loads(record.value)
            assert marker["number"] == len(markers) + 1, "transactions are numbered without gaps"
            markers.append(marker)
            for name, until in marker["positions"].items():
                assert until >= reached[name], "a position went back"
                for taken in log[name, number]:
                    if reached[name] <= taken.offset < until:
                        _count(taken, counted)
                reached[name] = until
            # the revision depends on the order between the inputs only through the number of flags, which does not
            assert state == counted, f"partition {number}, transaction {marker['number']}"
        left = [r for name, until in reached.items() for r in log[name, number] if r.offset >= until]
        assert all(kind_of(record) == "duplicate" for record in left), "inputs that left no trace"
        final |= state
        books.transactions += len(markers)
        books.markers[number] = markers
    return final


def _count(record: ConsumerRecord, counted: dict[str, dict[str, int]]) -> None:
    if kind_of(record) != "applied":
        return
    body = orjson.loads(record.value)
    entry = counted.setdefault(record.key.decode(), {"count": 0, "sum": 0, "revision": 0})
    entry["count"] += 1
    entry["sum"] += body["x"]
    entry["revision"] += raises_a_flag(body["n"])


def _check_commits(log: Inputs, commits: list[Commit], books: Books) -> None:
    """Whatever the group ever committed: no offset passes what had been processed then, and none goes back."""
    last: dict[tuple[str, int], int] = {}
    books.commits = len(commits)
    for commit in commits:
        place = commit.topic, commit.partition
        assert commit.offset >= last.get(place, 0), f"{commit} goes back"
        last[place] = commit.offset
        form, number, _ = commit.metadata.split(" ")
        assert form == "kithline1"
        markers = books.markers[commit.partition]
        assert int(number) <= len(markers), f"{commit} is of a transaction that left no state"
        processed = markers[int(number) - 1]["positions"].get(commit.topic, 0) if int(number) else 0
        assert commit.offset >= processed, f"{commit} is behind its own state"
        between = [record for record in log[place] if processed <= record.offset < commit.offset]
        assert all(kind_of(record) == "duplicate" for record in between), f"{commit} passes what was not processed"
    for place, records in log.items():
        if records:
            assert last[place] > records[-1].offset, f"{place} was not read to its end"


def _check_replay(bench: FaultBench, log: Inputs, state: dict[str, Any], flags: list[ConsumerRecord]) -> None:
    """The same fold over the same log ends in the same contents."""
    replayed: dict[str, Any] = {}
    revisions: Counter[tuple[str, int]] = Counter()
    for number in range(PARTITIONS):
        store = MemoryStore()
        task = Task(bench.processor, store)
        for name in bench.inputs:
            for raw in log[name, number]:
                record = Record(name, raw.key, raw.value, partition=number, offset=raw.offset)
                for turn in task.take(record):
                    for output in turn.outputs:
                        body = orjson.loads(output.value)
                        revisions[body["id"], body["revision"]] += 1
        replayed |= dict(store.items())
    assert state == replayed
    assert revisions == Counter((body["id"], body["revision"]) for body in (orjson.loads(r.value) for r in flags))
