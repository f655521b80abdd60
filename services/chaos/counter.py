"""The second oracle: counts by ids alone. It knows nothing of the folds, and was written for nothing else. Pure.

It asks of the topics, as a `read_committed` reader finds them: has each feed record become facts, a known duplicate, or
one dead letter? Is each revision there once, with none left out? Has each group read to the end, and not beyond?
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiokafka import TopicPartition

from contracts.events import FEEDS
from services.runtime.fold import Record

__all__ = ["Count", "Feed", "count_feeds", "count_positions", "count_revisions", "count_sent"]


@dataclass(frozen=True, slots=True)
class Feed:
    """What has become of one feed's records: `inputs` = `applied` + `duplicates` + `dead`."""

    inputs: int
    applied: int
    duplicates: int
    dead: int


@dataclass
class Count:
    """What is wrong, in words."""

    missing: list[str] = field(default_factory=list)
    repeated: list[str] = field(default_factory=list)

    def add(self, other: "Count") -> None:
        """Puts another count's findings to these."""
        self.missing += other.missing
        self.repeated += other.repeated


def count_sent(sent: Counter[Any], doubtful: Counter[Any], found: Counter[Any]) -> Count:
    """What was acknowledged must stand on the feeds as often as it was sent; what is in doubt may. Each of these is a
    record's identity (`feed.identity`)."""
    count = Count()
    for record in sent.keys() | doubtful.keys() | found.keys():
        at_least, at_most = sent[record], sent[record] + doubtful[record]
        if found[record] < at_least:
            count.missing.append(f"{record[0]}: acknowledged {at_least} times, found {found[record]} times")
        elif found[record] > at_most:
            count.repeated.append(f"{record[0]}: sent {at_most} times, found {found[record]} times")
    return count


def count_feeds(
    feeds: Iterable[Record], facts: Iterable[Record], letters: Iterable[Record]
) -> tuple[dict[str, Feed], Count]:
    """Follows each feed record by its event's id. `facts`: person.facts and address.facts."""
    count = Count()
    told = _events_of(facts, count)
    dead = Counter((said["topic"], said["partition"], said["offset"]) for said in map(_read, letters))
    for (topic, partition, offset), times in dead.items():
        if topic in FEEDS and times > 1:
            count.repeated.append(f"{topic}-{partition}@{offset} has {times} dead letters")
    tallies: defaultdict[str, Counter[str]] = defaultdict(Counter)
    accepted: set[tuple[str, str]] = set()
    for record in feeds:
        tally = tallies[record.topic]
        tally["inputs"] += 1
        if dead.pop((record.topic, record.partition, record.offset), 0):
            tally["dead"] += 1
            continue
        event = (_header(record, "ce_source"), _header(record, "ce_id"))
        if _header(record, "ce_type") == "feed.heartbeat":
            tally["applied"] += 1
        elif event in accepted:
            tally["duplicates"] += 1
        else:
            accepted.add(event)
            if event in told:
                tally["applied"] += 1
            else:
                count.missing.append(f"{record.topic}-{record.partition}@{record.offset}: no fact, no dead letter")
    count.repeated += [
        f"facts of {source} {name}, whom no accepted feed record tells" for source, name in told - accepted
    ]
    count.repeated += [
        f"a dead letter of {topic}-{p}@{at}, where nothing stands" for topic, p, at in dead if topic in FEEDS
    ]
    return {
        topic: Feed(tally["inputs"], tally["applied"], tally["duplicates"], tally["dead"])
        for topic, tally in sorted(tallies.items())
    }, count


def _events_of(facts: Iterable[Record], count: Count) -> set[tuple[str, str]]:
    events: set[tuple[str, str]] = set()
    seen: Counter[tuple[str, bytes, bytes]] = Counter()
    for record in facts:
        said = _read(record)
        if "version" not in said:
            continue  # a follow: people's own, counted by its revision
        seen[record.topic, record.key, record.value] += 1
        events.add((said["source"], said["version"][2]))
    count.repeated += [
        f"{topic}: a fact of {key.decode()} stands {n} times" for (topic, key, _), n in seen.items() if n > 1
    ]
    return events


_REVISED = ("person.facts", "household.facts", "risk.flags")


def count_revisions(records: Iterable[Record]) -> Count:
    """Each revision of a flag, a task, a projection or a follow once, contiguous from 1."""
    count = Count()
    seen: defaultdict[tuple[str, ...], Counter[int]] = defaultdict(Counter)
    for record in records:
        if record.topic in _REVISED or record.topic.startswith("referral.tasks."):
            said = _read(record)
            if (name := _name(record, said)) is not None:
                seen[name][said["revision"]] += 1
    for name, revisions in sorted(seen.items()):
        words = " ".join(name)
        count.repeated += [f"{words}: revision {number} stands {n} times" for number, n in revisions.items() if n > 1]
        if gaps := set(range(1, max(revisions) + 1)) - revisions.keys():
            count.missing.append(f"{words}: revisions {sorted(gaps)} are not there")
    return count


def _name(record: Record, said: dict[str, Any]) -> tuple[str, ...] | None:
    match record.topic:
        case "risk.flags":
            return ("flag", said["flag_id"])
        case "household.facts":
            return ("projection", said["household_id"], said["origin"])
        case "person.facts" if said.get("follow"):
            return ("follow", said["subject"], said["via"])
        case topic if topic.startswith("referral.tasks."):
            return ("task", said["task_id"])
    return None


def count_positions(
    committed: Mapping[str, Mapping[TopicPartition, tuple[int, str]]], ends: Mapping[TopicPartition, int]
) -> Count:
    """Every group has committed the end of each of its inputs, and nothing beyond."""
    count = Count()
    for processor, positions in sorted(committed.items()):
        for place, (position, _) in sorted(positions.items()):
            where = f"{processor} at {place.topic}-{place.partition}: {position} of {ends[place]}"
            if position < ends[place] and not (position < 0 and ends[place] == 0):
                count.missing.append(f"{where} read")
            elif position > ends[place]:
                count.repeated.append(f"{where}, beyond the end")
    return count


def _read(record: Record) -> dict[str, Any]:
    said: dict[str, Any] = orjson.loads(record.value)
    return said


def _header(record: Record, wanted: str) -> str:
    return next((value.decode(errors="replace") for name, value in record.headers if name == wanted), "")
