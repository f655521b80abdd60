"""What people on the ground notice. Pure. An observation of a flat goes to whoever lives there."""

from collections.abc import Iterator
from typing import Any

from contracts.envelope import Envelope
from contracts.events.community import Incident, Observation
from services.runtime.fold import Refused
from services.runtime.intake import Placed, feed_processor, person_fact

__all__ = ["PROCESSOR", "translate"]


def translate(envelope: Envelope, data: Observation | Incident) -> Iterator[Placed]:
    """The facts of one event of `community.observations`."""
    if isinstance(data, Incident):
        _must_be_subject(envelope, data.block_id, "block_id")
        what = {"kind": data.kind, "block": data.block_id, "district": data.district}
        yield Placed("address.facts", data.block_id, "incident", envelope.id, what)
        return
    value: dict[str, Any] = {"by": data.by, "concern": data.concern, "days": data.days}
    if data.person_id is not None:
        _must_be_subject(envelope, data.person_id, "person_id")
        yield person_fact(data.person_id, "observation", envelope.id, value)
    elif data.address is not None:
        _must_be_subject(envelope, data.address.block_id, "address.block_id")
        value |= {"unit": data.address.address_unit_id, "district": data.address.district}
        value |= {"estate": data.address.estate_id}
        # the flat is part of the slot's name, as for occupancies: whoever empties the slot must find it again
        key = f"{envelope.id}@{data.address.address_unit_id}"
        yield Placed("address.facts", data.address.block_id, "observation", key, value)


def _must_be_subject(envelope: Envelope, value: str, field: str) -> None:
    if envelope.subject != value:
        raise Refused("wrong_key", f"{field} is not ce_subject; key an observation by the person, or by the block")


PROCESSOR = feed_processor("community", "community.observations", ("person.facts", "address.facts"), translate)
