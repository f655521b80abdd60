"""A line without Kafka that leaves behind what Kafka would hold: logs, changelogs, markers, positions.

One partition a topic. Each task takes what waits in the engine's order, some records a transaction, and every
transaction takes one offset more on each topic that it wrote, as the markers of real ones do.
"""

import base64
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from heapq import merge

from aiokafka import TopicPartition
from nacl.public import PrivateKey

from contracts.events import FEEDS
from services.chaos.feed import Fed, identity
from services.chaos.history import History, Restored
from services.runtime.fold import Processor, Record
from services.runtime.folding import Task
from services.runtime.letters import Sealer
from services.runtime.marker import MARKER_KEY, Marker
from services.runtime.store import PackedStore

__all__ = ["SmallLine"]

_SEALER = Sealer(base64.b64encode(bytes(PrivateKey(bytes(range(32))).public_key)).decode())


class _Member:
    def __init__(self, processor: Processor) -> None:
        self.processor = processor
        self.store = PackedStore(processor.due)
        self.task = Task(processor, self.store)
        self.read = dict.fromkeys(processor.inputs, 0)
        self.number = 0
        self.metadata = ""


class SmallLine:
    """`logs` may be spoilt before `history` is asked for."""

    def __init__(self, processors: Sequence[Processor], batch: int = 5) -> None:
        self.processors = processors
        self._batch = batch
        names = {topic for p in processors for topic in (*p.inputs, *p.outputs, p.changelog)}
        self.logs: dict[str, list[Record]] = {name: [] for name in sorted(names)}
        self._ends: Counter[str] = Counter()
        self._members = [_Member(processor) for processor in processors]
        self.fed = Fed()

    def feed(self, records: Iterable[Record]) -> None:
        """Puts records (feeds, ticks) on their topics and runs until nothing is in flight."""
        for record in records:
            self._append(record)
            if record.topic in FEEDS:
                self.fed.acknowledged[identity(record)] += 1
        while sum(self._step(member) for member in self._members):
            pass

    def _append(self, record: Record) -> None:
        self.logs[record.topic].append(replace(record, partition=0, offset=self._ends[record.topic]))
        self._ends[record.topic] += 1

    def _step(self, member: _Member) -> bool:
        waiting = [self.logs[topic][member.read[topic] :] for topic in sorted(member.processor.inputs)]
        batch = list(merge(*waiting, key=lambda record: (record.timestamp, record.topic)))[: self._batch]
        if not batch:
            return False
        written: list[Record] = []
        for record in batch:
            for turn in member.task.take(record):
                stamp = record.timestamp
                written += [Record(o.topic, o.key, o.value, o.headers, timestamp=stamp) for o in turn.outputs]
                for dead in turn.dead:
                    letter = _SEALER.letter(member.processor.name, dead)
                    written.append(Record("dead.letters", b"", letter.model_dump_json().encode(), timestamp=stamp))
            member.read[record.topic] += 1
        changes = member.store.changes()
        if written or changes:
            member.number += 1
            marker = Marker(member.number, member.task.as_of)
            positions = {topic: self._position(topic, count) for topic, count in member.read.items()}
            log = member.processor.changelog
            written += [Record(log, key.encode(), packed or b"") for key, packed in changes]
            written.append(Record(log, MARKER_KEY, marker.packed(positions, len(member.store))))
            member.metadata = marker.metadata()
        for record in written:
            self._append(record)
        for topic in {record.topic for record in written}:
            self._ends[topic] += 1
        return True

    def _position(self, topic: str, count: int) -> int:
        return self.logs[topic][count - 1].offset + 1 if count else 0

    def history(self) -> History:
        """What a reader finds; each group has read to the end."""
        places = {name: TopicPartition(name, 0) for name in self.logs}
        history = History()
        history.records = {places[name]: list(log) for name, log in self.logs.items()}
        history.ends = {places[name]: self._ends[name] for name in self.logs}
        for member in self._members:
            processor = member.processor
            history.committed[processor.name] = {
                places[topic]: (self._ends[topic], member.metadata) for topic in processor.inputs
            }
            store, marker = PackedStore(processor.due), None
            for record in self.logs[processor.changelog]:
                if record.key == MARKER_KEY:
                    marker = Marker.from_packed(record.value)
                else:
                    store.load(record.key.decode(), record.value or None)
            history.restored[places[processor.changelog]] = Restored(dict(store.items()), marker)
        return history
