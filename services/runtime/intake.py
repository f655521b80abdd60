"""The intake of every feed: whether a record is applied, a duplicate, or a dead letter. Pure.

The answer depends only on the record and on what was said before under the same id, so that any order and any
multiplicity of the same records end in the same facts: of one id with two receipts the first received prevails,
and of one id with two bodies too; the other body is a dead letter, whichever came first to us.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import orjson
from pydantic import ValidationError

from contracts.envelope import Envelope, schema_version
from contracts.events import FEEDS, EventData, Feed
from contracts.facts import Fact, Version
from contracts.instants import milliseconds, plus
from services.runtime.fold import Processor, Record, Refused, Turn

__all__ = [
    "CLOCK_TOLERANCE_SECONDS",
    "HKID",
    "MAX_EVENT_BYTES",
    "Placed",
    "Translate",
    "complaint",
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

HKID = re.compile(
    rb"(?<![A-Za-z0-9])(?:[A-Z]{1,2}[0-9]{6}(?:\([0-9A]\)|[0-9A])|[a-z]{1,2}[0-9]{6}\([0-9A]\))(?![A-Za-z0-9])"
)
"""The shape of a Hong Kong identity card number, with any check digit: a mistyped one is an identity too."""


@dataclass(frozen=True, slots=True)
class Placed:
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


def feed_processor(name: str, topic: str, outputs: tuple[str, ...], translate: Translate) -> Processor:
    """The processor that owns one feed."""
    feed = FEEDS[topic]

    def fold(record: Record, turn: Turn) -> None:
        envelope, data = _validated(feed, record)
        if envelope.type == "feed.heartbeat":
            return
        statement = _Statement(record, envelope, list(translate(envelope, data)))
        _settle(statement, turn, feed, translate)

    return Processor(name, (topic,), (*outputs, "dead.letters"), fold)


def complaint(error: ValidationError) -> str:
    """What is wrong and where, without quoting a value (it could hold an identity)."""
    parts = []
    for fault in error.errors(include_url=False, include_input=False)[:5]:
        where = ".".join(str(step) for step in fault["loc"]) or "record"
        parts.append(f"{where}: {fault['msg']}")
    return "; ".join(parts)


_IDENTITY = "a field has the shape of an HKID; send the keyed pseudonym only"


def _validated(feed: Feed, record: Record) -> tuple[Envelope, EventData]:
    if HKID.search(record.value) or HKID.search(record.key) or any(HKID.search(value) for _, value in record.headers):
        raise Refused("identity", _IDENTITY)
    if len(record.value) + sum(len(name) + len(value) for name, value in record.headers) > MAX_EVENT_BYTES:
        raise Refused("invalid", f"value and headers together have more than {MAX_EVENT_BYTES} bytes")
    try:
        envelope = Envelope.from_headers(record.headers)
    except UnicodeDecodeError:
        raise Refused("unreadable", "a ce_ header is not UTF-8") from None
    except ValidationError as error:
        raise Refused("invalid", "envelope " + complaint(error)) from None
    model = feed.types.get(envelope.type)
    if model is None:
        raise Refused("unknown_type", f"{feed.topic} does not carry this ce_type; it carries {', '.join(feed.types)}")
    if record.key != envelope.subject.encode():
        raise Refused("wrong_key", "the record key is not ce_subject; key each record by its subject")
    if envelope.time > _with_tolerance(envelope.recordedtime) or envelope.recordedtime > _with_tolerance(
        envelope.receivedtime
    ):
        raise Refused(
            "future_dated",
            f"ce_time or ce_recordedtime lies more than {CLOCK_TOLERANCE_SECONDS} s ahead; set the source's clock",
        )
    try:
        body = orjson.loads(record.value)
    except orjson.JSONDecodeError:
        raise Refused("unreadable", "the value is not UTF-8 JSON") from None
    if b"\\" in record.value and HKID.search(orjson.dumps(body)):
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
    if instant > _with_tolerance(envelope.recordedtime):
        raise Refused(
            "future_dated",
            f"{field} lies more than {CLOCK_TOLERANCE_SECONDS} s after ce_recordedtime; set the source's clock",
        )


def _with_tolerance(instant: str) -> str:
    return plus(instant, seconds=CLOCK_TOLERANCE_SECONDS)


@dataclass(frozen=True, slots=True)
class _Statement:
    """An accepted record and the facts that it stands for."""

    record: Record
    envelope: Envelope
    placed: list[Placed]

    @property
    def digest(self) -> str:
        """Of everything that is said, but not of the receipt and of headers that transport adds (a trace, the place
        of the dead letter that was replayed): two sendings of one statement are equal."""
        body = blake2b(self.record.value, digest_size=8)
        for name, value in sorted(self.record.headers):
            if name.startswith("ce_") and name != "ce_receivedtime":
                body.update(name.encode() + b"\0" + value + b"\0")
        return body.hexdigest()

    @property
    def rank(self) -> tuple[int, str]:
        """The larger prevails: first received, then by digest."""
        return (-milliseconds(self.envelope.receivedtime), self.digest)

    def facts(self) -> list[tuple[Placed, Fact]]:
        envelope = self.envelope
        version: Version = (envelope.recordedtime, envelope.sequence, envelope.id, *self.rank)
        return [
            (
                placed,
                Fact(
                    subject=placed.subject,
                    kind=placed.kind,
                    key=placed.key,
                    source=envelope.source,
                    version=version,
                    at=placed.at or envelope.time,
                    received=envelope.receivedtime,
                    value=placed.value,
                ),
            )
            for placed in self.placed
        ]

    def withdrawals(self, prevailing: "_Statement") -> list[tuple[Placed, Fact]]:
        """Facts that empty the slots which this statement filled and the prevailing one of the same id does not."""
        kept = {_slot(placed) for placed in prevailing.placed}
        version: Version = ("", 0, self.envelope.id, *prevailing.rank)
        return [
            (placed, {**fact, "version": version, "value": None})
            for placed, fact in self.facts()
            if _slot(placed) not in kept
        ]


def _slot(placed: Placed) -> tuple[str, str, str, str]:
    return (placed.topic, placed.subject, placed.kind, placed.key)


def _settle(new: _Statement, turn: Turn, feed: Feed, translate: Translate) -> None:
    """Compares a statement with what was said before under its id, and sends the facts that follow."""
    key = f"{new.envelope.subject}|{new.envelope.source}|{new.envelope.id}"
    known = turn.get(key)
    if known is None:
        _send(new.facts(), turn)
        turn.put(key, _remember(new))
        return
    old_record = _recall(known, feed.topic)
    old_envelope = Envelope.from_headers(old_record.headers)
    data = feed.types[old_envelope.type].model_validate_json(old_record.value)
    old = _Statement(old_record, old_envelope, list(translate(old_envelope, data)))
    if old.digest == new.digest:
        turn.duplicate = True
    if new.rank > old.rank:  # received earlier than what we knew: it prevails, and due times count from there
        _send(old.withdrawals(new) + new.facts(), turn)
        turn.put(key, _remember(new))
        if old.digest != new.digest:
            turn.bury(old_record, "id_reused", _REUSED)
    elif old.digest != new.digest:
        raise Refused("id_reused", _REUSED)


_REUSED = "this id was used for another body before; give each event an id of its own"


def _send(facts: list[tuple[Placed, Fact]], turn: Turn) -> None:
    for placed, fact in facts:
        turn.emit(placed.topic, placed.subject, dict(fact))


def _remember(statement: _Statement) -> dict[str, Any]:
    record = statement.record
    return {
        "key": record.key.decode(),
        "value": record.value.decode(),
        "headers": [[name, value.decode("latin-1")] for name, value in record.headers],  # any bytes
        "position": [record.partition, record.offset, record.timestamp],
    }


def _recall(known: dict[str, Any], topic: str) -> Record:
    partition, offset, timestamp = known["position"]
    return Record(
        topic,
        known["key"].encode(),
        known["value"].encode(),
        tuple((name, value.encode("latin-1")) for name, value in known["headers"]),
        partition,
        offset,
        timestamp,
    )
