"""What the welfare register says: who cares for whom, cohorts, planned absences, services, consent, deaths. Pure."""

from collections.abc import Iterator, Mapping

from contracts.envelope import Envelope
from contracts.events import EventData
from contracts.events.register import (
    AbsencePlanned,
    CareAsserted,
    CareEnded,
    Cohort,
    Consent,
    Deceased,
    Rekeyed,
    Residence,
    Service,
)
from services.runtime.fold import Refused
from services.runtime.intake import Placed, feed_processor, person_fact

__all__ = ["PROCESSOR", "translate"]


_APPLICATIONS: Mapping[str, dict[str, str] | None] = {
    "register.service_applied_for": {},
    "register.service_application_withdrawn": None,
}


def translate(envelope: Envelope, data: EventData) -> Iterator[Placed]:
    """The facts of one event of `welfare.register`."""
    person, name = envelope.subject, envelope.type
    match data:
        case CareAsserted():
            yield from _care(person, data.cared_for_person_id, data.basis, data.cared_for_group)
        case CareEnded():
            yield from _care(person, data.cared_for_person_id, data.basis, None)
        case Cohort():
            yield person_fact(person, "cohort", data.cohort, {} if name.endswith("asserted") else None)
        case AbsencePlanned():
            value = {"starts_at": data.starts_at, "ends_at": data.ends_at, "reason": data.reason}
            planned = name == "register.care_absence_planned"
            yield person_fact(person, "absence", data.absence_id, value if planned else None)
        case Service() if name in _APPLICATIONS:
            yield person_fact(person, "application", data.kind, _APPLICATIONS[name])
        case Service():
            yield person_fact(
                person, "service", data.kind, {"active": name == "register.service_enrolled", "unit": data.unit}
            )
        case Consent():
            yield person_fact(person, "consent", data.scope, {"granted": name == "register.consent_granted"})
        case Rekeyed():
            yield from _rekeyed(envelope, data.former_person_id)
        case Residence():
            yield person_fact(person, "residence", "", {"district": data.district, "birth_year": data.birth_year})
        case Deceased():
            yield person_fact(person, "deceased", "", {"confidence": data.confidence})


def _rekeyed(envelope: Envelope, former: str) -> Iterator[Placed]:
    person = envelope.subject
    if person == former:
        raise Refused("invalid", "former_person_id: a new key makes another id; send the one of the earlier epoch")
    if envelope.keyepoch < 2:
        raise Refused("invalid", "ce_keyepoch: name the epoch of the new key, which is 2 or later")
    yield person_fact(person, "identity.link", former, {})
    yield person_fact(former, "identity.link", person, {})


def _care(carer: str, cared_for: str, basis: str, group: str | None) -> Iterator[Placed]:
    if carer == cared_for:
        raise Refused("invalid", "cared_for_person_id: nobody is registered as their own carer")
    given = None if group is None else {"person": cared_for, "basis": basis, "group": group}
    received = None if group is None else {"person": carer, "basis": basis, "group": group}
    yield person_fact(carer, "care.gives", f"{cared_for}|{basis}", given)
    yield person_fact(cared_for, "care.receives", f"{carer}|{basis}", received)


PROCESSOR = feed_processor("register", "welfare.register", ("person.facts",), translate)
