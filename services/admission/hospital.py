"""What hospital events mean: facts about visits. Pure.

Admission, discharge, leave and cancellation fill slots of their own, so that they merge in any order: a cancellation
that arrives first still finds its admission cancelled, and a discharge that is taken back shows the visit open again.
"""

from collections.abc import Iterator

from contracts.envelope import Envelope
from contracts.events.hospital import Corrected, Discharged, IdentityLink, Visit
from services.runtime.fold import Refused
from services.runtime.intake import Placed, feed_processor, not_ahead, person_fact

__all__ = ["PROCESSOR", "translate"]


def translate(envelope: Envelope, data: Visit | Corrected | IdentityLink) -> Iterator[Placed]:
    """The facts of one event of `hospital.admissions`."""
    person, name = envelope.subject, envelope.type
    if isinstance(data, IdentityLink):
        yield from _link(envelope, data)
        return
    visit = data.visit_id
    if isinstance(data, Corrected):
        for field, instant in (("admitted_at", data.admitted_at), ("discharged_at", data.discharged_at)):
            if instant is not None:
                not_ahead(envelope, instant, field)
        if data.admitted_at is not None:
            yield person_fact(person, "visit.admitted", visit, {"corrected": True}, data.admitted_at)
        if data.discharged_at is not None:
            yield person_fact(person, "visit.discharged", visit, {"deceased": data.deceased}, data.discharged_at)
        if data.deceased:
            yield person_fact(person, "visit.died", visit, {}, data.discharged_at)
        if data.hospital is not None:
            yield person_fact(person, "visit.hospital", visit, {"hospital": data.hospital})
        return
    place = {"hospital": data.hospital}
    match name:
        case "hospital.admitted":
            # where comes first: whether two feeds tell of one visit is then known with the admission
            yield person_fact(person, "visit.hospital", visit, place)
            yield person_fact(person, "visit.admitted", visit, {})
        case "hospital.discharged":
            assert isinstance(data, Discharged)
            yield person_fact(person, "visit.discharged", visit, {"deceased": data.deceased})
            # A slot of its own: a later correction of the discharge that is silent about it does not undo a death.
            yield person_fact(person, "visit.died", visit, {} if data.deceased else None)
        case "hospital.discharge_cancelled":
            yield person_fact(person, "visit.discharged", visit, None)
            yield person_fact(person, "visit.died", visit, None)
        case "hospital.admission_cancelled":
            yield person_fact(person, "visit.cancelled", visit, {})
        case "hospital.leave_started" | "hospital.leave_ended":
            yield person_fact(person, "visit.leave", visit, {"on_leave": name == "hospital.leave_started"})
        case "hospital.transferred":
            yield person_fact(person, "visit.transfer", visit, place)
        case "hospital.transfer_cancelled":
            yield person_fact(person, "visit.transfer", visit, None)
        case "hospital.preadmitted":
            yield person_fact(person, "visit.planned", visit, place)
        case "hospital.ed_registered":
            yield person_fact(person, "visit.emergency", visit, place)


def _link(envelope: Envelope, data: IdentityLink) -> Iterator[Placed]:
    one, other = envelope.subject, data.retired_person_id
    if one == other:
        raise Refused("invalid", "retired_person_id: a person cannot be merged with oneself")
    linked = envelope.type == "identity.merged"
    yield person_fact(one, "identity.link", other, {} if linked else None)
    yield person_fact(other, "identity.link", one, {} if linked else None)


PROCESSOR = feed_processor("admission", "hospital.admissions", ("person.facts",), translate)
