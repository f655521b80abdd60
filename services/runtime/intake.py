"""The intake of every feed: whether a record is applied, a duplicate, or a dead letter. Pure.

The answer depends only on the record and on what was said before under the same id, so that any order and any
multiplicity of the same records end in the same facts: of one id with two receipts the first received prevails,
and of one id with two bodies too; the other body is a dead letter, whichever came first to us.
"""

from collections.abc import Callable, Iterable
from hashlib import blake2b
from typing import Any, NamedTuple

import orjson
from pydantic import ValidationError

from contracts.control import Forgotten
from contracts.envelope import Envelope, schema_version
from contracts.events import FEEDS, EventData, Feed
from contracts.facts import SUBJECT_DIGITS, Version
from contracts.instants import milliseconds, plus
from services.runtime.complaint import complaint
from services.runtime.erasure import erased_until, remember
from services.runtime.fold import Processor, Record, Refused, Turn, Value
from services.runtime.hkid import holds_hkid

__all__ = [
    "CLOCK_TOLERANCE_SECONDS",
    "MAX_EVENT_BYTES",
    "Placed",
    "Tell",
    "Translate",
    "feed_processor",
    "not_ahead",
    "person_fact",
]

CLOCK_TOLERANCE_SECONDS = 300
"""How far a source's clock may run ahead before its record is `future_dated`. Five minutes: hospital and housing
hosts are synchronised, and what is further ahead has been wrong by hours or days."""

MAX_EVENT_BYTES = 128 * 1024
"""The largest value and headers that an event may have. Events are ids and codes, a few hundred bytes; what is accepted
is kept as it came in the state, and there it must fit into one Kafka record."""


class Placed(NamedTuple):
    """One fact on its way: the topic and record key, and what it says. `at` overrides the event's time."""

    topic: str
    subject: str
    kind: str
    key: str
    value: dict[str, Any] | None
    at: str | None = None


Translate = Callable[[Envelope, Any], Iterable[Placed]]
"""What a feed means: an event's envelope and validated data to facts. Pure, and raises Refused for nonsense."""


def person_fact(subject: str, kind: str, key: str, value: dict[str, Any] | None, at: str | None = None) -> Placed:
    """A fact about a person (or an unidentified contact)."""
    return Placed("person.facts", subject, kind, key, value, at)


Tell = Callable[[Turn, str, str, Value], None]
"""What becomes of a fact: turn, topic, subject, and the fact as `contracts.facts.Fact` has it. Facts may come in any
order, and one that was told before may come again with another value, or empty."""


def feed_processor(
    name: str, topic: str, outputs: tuple[str, ...], translate: Translate, tell: Tell = Turn.emit
) -> Processor:
    """The processor that owns one feed. Its facts are sent to `outputs`, where whoever reads them merges them, unless
    `tell` does something else with them."""
    feed = FEEDS[topic]

    def fold(record: Record, turn: Turn) -> None:
        envelope, data = _validated(feed, record)
        if envelope.type == "feed.heartbeat":
            turn.heartbeat = max(turn.heartbeat or "", envelope.receivedtime)
            return
        if isinstance(data, Forgotten):
            forget(envelope.subject, data, turn)
            return
        if envelope.recordedtime <= erased_until(envelope.subject, turn):
            turn.duplicate = True  # what was erased stays so, whenever it is sent again
            return
        _settle(_Statement(record, envelope, list(translate(envelope, data))), turn, recall, tell)

    def recall(known: Value, subject: str) -> _Statement:
        record = _recalled(known, topic, subject)
        envelope = Envelope.from_headers(record.headers)
        data = feed.types[envelope.type].model_validate_json(record.value)
        return _Statement(record, envelope, list(translate(envelope, data)))

    return Processor(name, (topic,), (*outputs, "dead.letters"), fold)


_IDENTITY = "a field has the shape of an HKID; send the keyed pseudonym only"


_FORGOTTEN = "subject.forgotten"


def _validated(feed: Feed, record: Record) -> tuple[Envelope, EventData | Forgotten]:
    values = [value for _, value in record.headers]
    if holds_hkid(b"\n".join((record.key, record.value, *values))):  # nothing has the shape across a line's end
        raise Refused("identity", _IDENTITY)
    if len(record.value) + sum(map(len, values)) + sum([len(name) for name, _ in record.headers]) > MAX_EVENT_BYTES:
        raise Refused("invalid", f"value and headers together have more than {MAX_EVENT_BYTES} bytes")
    try:
        envelope = Envelope.from_headers(record.headers)
    except UnicodeDecodeError:
        raise Refused("unreadable", "a ce_ header is not UTF-8") from None
    except ValidationError as error:
        raise Refused("invalid", "envelope " + complaint(error)) from None
    model = Forgotten if envelope.type == _FORGOTTEN else feed.types.get(envelope.type)
    if model is None:
        raise Refused("unknown_type", f"{feed.topic} does not carry this ce_type; it carries {', '.join(feed.types)}")
    if record.key != envelope.subject.encode():
        raise Refused("wrong_key", "the record key is not ce_subject; key each record by its subject")
    if _ahead(envelope.time, envelope.recordedtime) or _ahead(envelope.recordedtime, envelope.receivedtime):
        raise Refused(
            "future_dated",
            f"ce_time or ce_recordedtime lies more than {CLOCK_TOLERANCE_SECONDS} s ahead; set the source's clock",
        )
    try:
        body = orjson.loads(record.value)
    except orjson.JSONDecodeError:
        raise Refused("unreadable", "the value is not UTF-8 JSON") from None
    if b"\\" in record.value and holds_hkid(orjson.dumps(body)):
        raise Refused("identity", _IDENTITY)  # written with JSON's escapes it is an identity all the same
    try:
        return envelope, model.model_validate(body)
    except ValidationError as error:
        if (version := schema_version(envelope)) > feed.version:
            raise Refused(
                "too_new",
                f"schema version {version}, we know {feed.version}: {complaint(error)}; replay after the upgrade",
            ) from None
        raise Refused("invalid", complaint(error)) from None


def not_ahead(envelope: Envelope, instant: str, field: str) -> None:
    """Raises Refused for something that has happened later than it was recorded, beyond the clocks' tolerance."""
    if _ahead(instant, envelope.recordedtime):
        raise Refused(
            "future_dated",
            f"{field} lies more than {CLOCK_TOLERANCE_SECONDS} s after ce_recordedtime; set the source's clock",
        )


def _ahead(instant: str, of: str) -> bool:
    return instant > of and instant > plus(of, seconds=CLOCK_TOLERANCE_SECONDS)


def forget(subject: str, said: Forgotten, turn: Turn) -> None:
    """Drops the events that were accepted, so that nothing of what was sent is kept. What is sent again is told apart
    by the facts' versions, and of a subject that was erased it is not let in."""
    for name in said.events:
        turn.put(f"{subject} {name}", None)
    if said.erased:
        remember(subject, {"at": max(said.at, erased_until(subject, turn))}, turn)


class _Statement(NamedTuple):
    """An accepted record and the facts that it stands for."""

    record: Record
    envelope: Envelope
    placed: list[Placed]


_Rank = tuple[int, str]
"""(-received ms, digest). Of two statements under one id the larger prevails: first received, then by digest."""


def _rank(said: _Statement) -> _Rank:
    """The digest is of the subject, then of everything that is said, but not of the receipt and of headers that
    transport adds (a trace, the place of the dead letter that was replayed): two sendings of one statement are equal.
    """
    attributes = [
        name.encode() + b"\0" + value + b"\0"
        for name, value in sorted(said.record.headers)
        if name.startswith("ce_") and name != "ce_receivedtime"
    ]
    subject = blake2b(said.record.key, digest_size=SUBJECT_DIGITS // 2).hexdigest()
    digest = blake2b(said.record.value + b"".join(attributes), digest_size=5).hexdigest()
    return -milliseconds(said.envelope.receivedtime), subject + digest


def _settle(new: _Statement, turn: Turn, recall: Callable[[Value, str], _Statement], tell: Tell) -> None:
    """Compares a statement with what was said before under its id, and sends the facts that follow."""
    envelope, rank = new.envelope, _rank(new)
    # no Token holds a space, so no two events share a key
    key = f"{envelope.subject} {envelope.source} {envelope.id}"
    known = turn.get(key)
    if known is not None:
        before: _Rank = (known["rank"][0], known["rank"][1])
        turn.duplicate = before[1] == rank[1]
        if rank <= before:
            if turn.duplicate:
                return
            raise Refused("id_reused", _REUSED)
        # received earlier than what we knew: it prevails, and due times count from there
        if not turn.duplicate:
            old = recall(known, envelope.subject)
            kept = {_slot(placed) for placed in new.placed}
            emptied = [placed._replace(value=None) for placed in old.placed if _slot(placed) not in kept]
            _send(emptied, old.envelope, ("", 0, envelope.id, *rank), turn, tell)
            turn.bury(old.record, "id_reused", _REUSED)
    _send(new.placed, envelope, (envelope.recordedtime, envelope.sequence, envelope.id, *rank), turn, tell)
    turn.put(key, _remembered(new.record, rank))


_REUSED = "this id was used for another body before; give each event an id of its own"


def _slot(placed: Placed) -> tuple[str, str, str, str]:
    return (placed.topic, placed.subject, placed.kind, placed.key)


def _send(facts: Iterable[Placed], envelope: Envelope, version: Version, turn: Turn, tell: Tell) -> None:
    source, time, received = envelope.source, envelope.time, envelope.receivedtime
    for topic, subject, kind, key, value, at in facts:
        fact = {
            "subject": subject,
            "kind": kind,
            "key": key,
            "source": source,
            "version": version,
            "at": at or time,
            "received": received,
            "value": value,
        }
        tell(turn, topic, subject, fact)


def _remembered(record: Record, rank: _Rank) -> Value:
    """All that is needed to tell a second sending, and to bury or withdraw what an earlier one takes the place of.
    The key is not: it is the subject."""
    return {
        "rank": rank,
        "value": record.value.decode(),
        # any bytes; one list, not one for each header, because it is made with every event
        "headers": [text for name, value in record.headers for text in (name, value.decode("latin-1"))],
        "position": (record.partition, record.offset, record.timestamp),
    }


def _recalled(known: Value, topic: str, subject: str) -> Record:
    partition, offset, timestamp = known["position"]
    texts = known["headers"]
    headers = tuple(zip(texts[::2], [text.encode("latin-1") for text in texts[1::2]], strict=True))
    return Record(topic, subject.encode(), known["value"].encode(), headers, partition, offset, timestamp)
