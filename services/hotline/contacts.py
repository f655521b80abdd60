"""What a hotline contact means. Pure. Only a confirmed caller is linked to a person; any other contact stands alone."""

from collections.abc import Iterator

from contracts.envelope import Envelope
from contracts.events.hotline import Contact
from contracts.ids import contact_id
from services.runtime.fold import Refused
from services.runtime.intake import Placed, feed_processor, person_fact

__all__ = ["PROCESSOR", "translate"]


def translate(envelope: Envelope, data: Contact) -> Iterator[Placed]:
    """The facts of one event of `hotline.contacts`."""
    confirmed = data.caller_match == "confirmed"
    if confirmed and data.caller_person_id != envelope.subject:
        raise Refused("invalid", "caller_person_id: is not ce_subject, though the caller is confirmed")
    subject = envelope.subject if confirmed else contact_id(envelope.source, envelope.id)
    value = {
        "match": data.caller_match,
        "topics": sorted(data.topics),
        "gravity": data.gravity,
        "immediate_danger": data.immediate_danger,
        "district": data.district,
        "outcome": data.outcome,
    }
    yield person_fact(subject, "contact", envelope.id, value)
    if data.planned_absence is not None:
        absence = data.planned_absence
        yield person_fact(
            subject,
            "absence",
            envelope.id,
            {"starts_at": absence.starts_at, "ends_at": absence.ends_at, "reason": absence.reason},
        )


PROCESSOR = feed_processor("hotline", "hotline.contacts", ("person.facts",), translate)
