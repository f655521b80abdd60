"""A correction: an event of its own, with a later version and a reference to what it corrects. Pure.

It comes through the door like any event of that source, so that it fills the same slots and prevails there; what it
corrects stays as a version of the slot, and shows again if the correction is taken back.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from pydantic import ValidationError

from contracts.envelope import Envelope
from contracts.events import FEEDS
from services.admission import hospital
from services.community import observations
from services.hotline import contacts
from services.housing import tenancy
from services.register import welfare
from services.runtime.complaint import complaint
from services.runtime.errors import Problem
from services.runtime.fold import Record, Refused, Value
from services.runtime.intake import Placed, Translate
from services.subject.erasing import FEEDS_OF
from services.subject.holdings import Holdings

__all__ = ["Accepted", "Correction", "accepted_events", "correct"]

_TRANSLATE: Mapping[str, Translate] = {
    "hospital.admissions": hospital.translate,
    "housing.tenancies": tenancy.translate,
    "hotline.contacts": contacts.translate,
    "welfare.register": welfare.translate,
    "community.observations": observations.translate,
}


@dataclass(frozen=True, slots=True)
class Accepted:
    """An event as a feed's service accepted it and keeps it."""

    topic: str
    envelope: Envelope
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Correction:
    """The record to send, and what it changes: each slot with what it says now and will say."""

    record: Record
    changes: Sequence[tuple[str, Value | None, Value | None]]


def accepted_events(holdings: Holdings) -> list[Accepted]:
    """The events that name the person, in the order in which they happened."""
    found = []
    for service, topic in FEEDS_OF.items():
        for kept in holdings.states.get(service, {}).values():
            if "headers" not in kept:
                continue  # a mark of an erasure
            texts = kept["headers"]
            headers = zip(texts[::2], [text.encode("latin-1") for text in texts[1::2]], strict=True)
            found.append(Accepted(topic, Envelope.from_headers(headers), orjson.loads(kept["value"])))
    return sorted(found, key=lambda one: (one.envelope.time, one.envelope.source, one.envelope.id))


def correct(
    event: Accepted, said: Mapping[str, Any], now: str, time: str | None = None, kind: str | None = None
) -> Correction:
    """The correction of an event: its data with what is `said` in place of what it said (None: without that field),
    another `time` at which it happened, or another type of the feed (a cancellation). Raises Problem where that is no
    such event, or would leave a slot of the old one as it was."""
    old = event.envelope
    kind = kind or old.type
    feed = FEEDS[event.topic]
    if kind not in feed.types:
        raise Problem(f"{event.topic} carries no {kind}; it carries {', '.join(feed.types)}")
    data = {name: value for name, value in {**event.data, **said}.items() if value is not None}
    try:
        body = feed.types[kind].model_validate(data, extra="forbid").model_dump(mode="json", exclude_none=True)
        new = Envelope(
            **{
                **old.model_dump(
                    exclude={"id", "type", "time", "recordedtime", "receivedtime", "correctsid", "dataschema"}
                ),
                "id": f"{old.id}:c{now[:19].replace('-', '').replace(':', '')}",
                "type": kind,
                "time": time or old.time,
                "recordedtime": now,
                "receivedtime": now,
                "correctsid": old.id,
                "purpose": "data-correction",
                "dataschema": f"urn:kithline:{kind}:{feed.version}",
            }
        )
        before, after = _slots(event.topic, old, event.data), _slots(event.topic, new, body)
    except ValidationError as error:
        raise Problem(f"the correction is no {kind}: {complaint(error)}") from None
    except Refused as refused:
        raise Problem(f"the correction would be refused: {refused.detail}") from None
    if left := sorted(before.keys() - after.keys()):
        raise Problem(
            f"what {old.id} said of {', '.join(left)} would stay as it is; take it back first with an event that "
            f"ends or cancels it (--type, one of {', '.join(feed.types)})"
        )
    changes = [(slot, before.get(slot), value) for slot, value in after.items() if before.get(slot) != value]
    if not changes:
        raise Problem(f"this changes nothing of what {old.id} said")
    return Correction(Record(event.topic, new.subject.encode(), orjson.dumps(body), new.to_headers()), changes)


def _slots(topic: str, envelope: Envelope, data: Mapping[str, Any]) -> dict[str, Value]:
    model = FEEDS[topic].types[envelope.type].model_validate(data)
    placed: Iterable[Placed] = _TRANSLATE[topic](envelope, model)
    return {f"{one.kind} {one.key}".strip(): {"value": one.value, "at": one.at or envelope.time} for one in placed}
