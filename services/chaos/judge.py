"""What came of a run: both oracles over what stands on the topics. Pure."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiokafka import TopicPartition

from contracts.events import FEEDS
from services.chaos.counter import Count, Feed, count_feeds, count_positions, count_revisions, count_sent
from services.chaos.feed import Fed, identity
from services.chaos.history import History, commits_of
from services.chaos.transactions import Explained, Sent, explain, sent
from services.line import Line
from services.runtime.fold import Output, Processor, Record
from services.runtime.marker import committed_marker
from services.runtime.partitions import partition_of

__all__ = ["Verdict", "judge"]

_DOWNSTREAM = ("correlator", "referral", "adapters")
"""What these decide hangs on when they were told; all others only merge."""


@dataclass
class Verdict:
    """What is missing, what is there once too often, and which keys' state differs; each finding in words."""

    missing: list[str] = field(default_factory=list)
    repeated: list[str] = field(default_factory=list)
    state_differs: list[str] = field(default_factory=list)
    feeds: dict[str, Feed] = field(default_factory=dict)
    steps: int = 0
    transactions: int = 0
    state_keys: int = 0

    @property
    def good(self) -> bool:
        """Whether nothing was found."""
        return not (self.missing or self.repeated or self.state_differs)


def judge(history: History, processors: Sequence[Processor], fed: Fed) -> Verdict:
    """Looks at everything. `processors`: those of the whole line, simulated units included."""
    verdict = Verdict()
    _count(history, fed, verdict)
    found = Counter(sent(record) for topic in _written(processors) for record in history.of(topic))
    expected: Counter[tuple[str, int, bytes, bytes, Any]] = Counter()
    buried: Counter[tuple[str, str, int, int, str]] = Counter()
    for processor in processors:
        for number in range(history.partitions(processor.changelog)):
            explained = _task(history, processor, number, found, verdict)
            for output in explained.outputs:
                expected[_place(output, history)] += 1
            for dead in explained.dead:
                at = dead.record
                buried[processor.name, at.topic, at.partition, at.offset, dead.reason] += 1
    _outputs(history, processors, expected, verdict)
    _letters(history, buried, verdict)
    _facts(history, processors, verdict)
    return verdict


def _count(history: History, fed: Fed, verdict: Verdict) -> None:
    """The independent counter."""
    feeds = [record for topic in FEEDS for record in history.of(topic)]
    count = count_sent(fed.acknowledged, fed.doubtful, Counter(identity(record) for record in feeds))
    facts = [*history.of("person.facts"), *history.of("address.facts")]
    verdict.feeds, followed = count_feeds(feeds, facts, history.of("dead.letters"))
    count.add(followed)
    topics = {place.topic for place in history.records if not place.topic.startswith("changelog.")}
    count.add(count_revisions(record for topic in sorted(topics) for record in history.of(topic)))
    count.add(count_positions(history.committed, history.ends))
    count.add(_ticks(history, fed))
    verdict.missing += count.missing
    verdict.repeated += count.repeated


def _ticks(history: History, fed: Fed) -> Count:
    """Only ticks that were commanded, and the last one on every partition. (One tick twice is no fault.)"""
    count = Count()
    for topic, commanded in fed.ticks.items():
        for place in sorted(place for place in history.records if place.topic == topic):
            said = [orjson.loads(record.value)["as_of"] for record in history.records[place]]
            if invented := set(said) - set(commanded):
                count.repeated.append(f"{topic}-{place.partition}: ticks that nobody commanded: {sorted(invented)[:3]}")
            if commanded and max(commanded) not in said:
                count.missing.append(f"{topic}-{place.partition}: the last tick, {max(commanded)}")
    return count


def _task(history: History, processor: Processor, number: int, found: Counter[Sent], verdict: Verdict) -> Explained:
    """One task: its transactions explained, and its state compared with what an engine would restore."""
    name = f"{processor.name}-{number}"
    changelog = TopicPartition(processor.changelog, number)
    commits, open_end = commits_of(history.records[changelog])
    inputs = {topic: history.records[TopicPartition(topic, number)] for topic in processor.inputs}
    explained = explain(processor, inputs, commits, found)
    verdict.transactions += len(commits)
    verdict.steps += explained.steps
    verdict.state_keys += len(explained.state)
    verdict.state_differs += [f"{name}: {fault}" for fault in explained.faults]
    if open_end:
        verdict.state_differs.append(f"{name}: {len(open_end)} state records stand after the last marker")
    restored = history.restored[changelog]
    right = {key: orjson.loads(packed) for key, packed in explained.state.items()}
    verdict.state_differs += [
        f"{name}: {key} was not restored as it was written"
        for key in sorted(right.keys() | restored.values.keys())
        if right.get(key) != restored.values.get(key)
    ]
    positions = history.committed[processor.name]
    committed = committed_marker(text for place, (_, text) in positions.items() if place.partition == number)
    numbers = (committed.number if committed else 0, restored.marker.number if restored.marker else 0, len(commits))
    if len(set(numbers)) > 1:
        verdict.state_differs.append(f"{name}: position, state and changelog are of transactions {numbers}")
    return explained


def _written(processors: Sequence[Processor]) -> set[str]:
    return {topic for processor in processors for topic in processor.outputs} - {"dead.letters"}


def _place(output: Output, history: History) -> tuple[str, int, bytes, bytes, Any]:
    partition = partition_of(output.key, history.partitions(output.topic))
    return (output.topic, partition, output.key, output.value, tuple(output.headers))


def _outputs(
    history: History,
    processors: Sequence[Processor],
    expected: Counter[tuple[str, int, bytes, bytes, Any]],
    verdict: Verdict,
) -> None:
    """What the folds send, against what stands on the topics that they write."""
    topics = _written(processors)
    found = Counter(
        (place.topic, place.partition, record.key, record.value, tuple(record.headers))
        for place, records in history.records.items()
        if place.topic in topics
        for record in records
    )
    for lacking, count in (expected - found).items():
        verdict.missing.append(f"{count} x {_words(lacking)}")
    for excess, count in (found - expected).items():
        verdict.repeated.append(f"{count} x {_words(excess)}, which nothing explains")


def _words(sent: tuple[str, int, bytes, bytes, Any]) -> str:
    topic, partition, key, value, _ = sent
    said = orjson.loads(value)
    revision = f" revision {said['revision']}" if "revision" in said else ""
    return f"{topic}-{partition} {key.decode()}{revision}"


def _letters(history: History, buried: Counter[tuple[str, str, int, int, str]], verdict: Verdict) -> None:
    letters = map(orjson.loads, (record.value for record in history.of("dead.letters")))
    found = Counter(
        (said["processor"], said["topic"], said["partition"], said["offset"], said["reason"]) for said in letters
    )
    verdict.missing += [f"the dead letter of {lacking}" for lacking in (buried - found)]
    verdict.repeated += [f"a dead letter of {excess}, which nothing explains" for excess in (found - buried)]
    broken = [letter for letter in found if letter[-1] == "fold_failed"]
    verdict.missing += [f"a fold failed: {letter}" for letter in broken]


def _facts(history: History, processors: Sequence[Processor], verdict: Verdict) -> None:
    """From end to end: what each household was told last is what a replay of the feeds alone ends in."""
    line = Line([processor for processor in processors if processor.name not in _DOWNSTREAM])
    feeds = (record for feed in FEEDS for record in history.of(feed))
    replayed = _latest(output.value for record in feeds for output in _household_facts(line, record))
    told = _latest(record.value for record in history.of("household.facts"))
    for household, origin in sorted(replayed.keys() | told.keys()):
        ours, theirs = (side.get((household, origin), {}).get("facts", []) for side in (told, replayed))
        if ours != theirs and origin != "referral":
            verdict.state_differs.append(
                f"household {household} knows other facts of {origin} than a replay of the feeds"
            )


def _latest(projections: Iterable[bytes]) -> dict[tuple[str, str], dict[str, Any]]:
    """The last revision of each projection."""
    latest: dict[tuple[str, str], dict[str, Any]] = {}
    for said in map(orjson.loads, projections):
        name = (said["household_id"], said["origin"])
        if name not in latest or latest[name]["revision"] < said["revision"]:
            latest[name] = said
    return latest


def _household_facts(line: Line, record: Record) -> list[Output]:
    return [output for _, turn in line.take(record) for output in turn.outputs if output.topic == "household.facts"]
