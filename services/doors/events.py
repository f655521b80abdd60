"""How a producer puts an event on its feed: envelope in the headers, data as JSON, the subject as the key."""

from collections.abc import Mapping
from typing import Any

import orjson

from contracts.envelope import Envelope
from contracts.events import FEEDS
from services.doors.identity import has_identity
from services.runtime.fold import Record

__all__ = ["CarriesIdentity", "feed_record"]


class CarriesIdentity(ValueError):
    """The event holds something that has the form of an HKID."""


def feed_record(topic: str, data: Mapping[str, Any], **attributes: Any) -> Record:
    """The record of one event of the feed `topic`; `attributes` are the envelope's.

    Raises pydantic's ValidationError, and CarriesIdentity (only where the event was otherwise right)."""
    feed = FEEDS[topic]
    kind = attributes["type"]
    envelope = Envelope(dataschema=f"urn:kithline:{kind}:{feed.version}", **attributes)
    body = feed.types[kind].model_validate(data, extra="forbid").model_dump(mode="json", exclude_none=True)
    headers = envelope.to_headers()
    value = orjson.dumps(body)
    if has_identity(value) or any(has_identity(text) for _, text in headers):
        raise CarriesIdentity("something in it has the form of an HKID")
    return Record(topic, envelope.subject.encode(), value, headers)
