"""What an HL7 v2 ADT message means to Kithline: who, which visit, where, when. Everything else stays outside.

| trigger | event |
|--|--|
| A01, A06 | admitted (A06: an outpatient becomes an inpatient) |
| A02 | transferred |
| A03, A07 | discharged (A07: an inpatient becomes an outpatient and goes home) |
| A04 | ed_registered |
| A05, A14 | preadmitted |
| A08 | corrected; A31 too where it names a visit's times |
| A11, A12, A13 | admission, transfer, discharge cancelled |
| A21, A22 | leave started, ended |
| A34, A40 | identity.merged, an event for each MRG |
| A37 | identity.unmerged |
"""

import re
from dataclasses import dataclass

from contracts.instants import milliseconds
from services.doors.books import Ignored, Outcome, Produced, Refused
from services.doors.door import Door, DoorProblem
from services.doors.identity import IdentityProblem, event_id, looks_like_hkid
from services.doors.segments import Message, Segment, read_message
from services.runtime.fold import Record

__all__ = ["VISIT_EVENTS", "read_adt"]

VISIT_EVENTS = {
    "A01": "hospital.admitted",
    "A02": "hospital.transferred",
    "A03": "hospital.discharged",
    "A04": "hospital.ed_registered",
    "A05": "hospital.preadmitted",
    "A06": "hospital.admitted",
    "A07": "hospital.discharged",
    "A08": "hospital.corrected",
    "A11": "hospital.admission_cancelled",
    "A12": "hospital.transfer_cancelled",
    "A13": "hospital.discharge_cancelled",
    "A14": "hospital.preadmitted",
    "A21": "hospital.leave_started",
    "A22": "hospital.leave_ended",
    "A31": "hospital.corrected",
}
_LINK_EVENTS = {"A34": "identity.merged", "A40": "identity.merged", "A37": "identity.unmerged"}

_OCCURRED = {
    "A01": (("PV1", 44), ("EVN", 6)),
    "A04": (("PV1", 44), ("EVN", 6)),
    "A03": (("PV1", 45), ("EVN", 6)),
    # the visit began before its class changed, so the event's own time goes first
    "A06": (("EVN", 6), ("PV1", 44)),
    "A07": (("EVN", 6), ("PV1", 45)),
}
"""Where it stands when it happened; for the others in EVN-6. Where nothing is said, it happened when
recorded."""

_VERSIONS = re.compile(r"2\.[3-8](\.[0-9])?")
_HKID_TYPES = ("NNHKG", "NI", "HKID", "HKIC")
"""PID-3.5 of an HKID: HL7's national identifier of Hong Kong, its general national identifier, and local
names."""

_NUMBER_TYPES = ("PI", "MR", "PN", "PT")
"""PID-3.5 of a number that a hospital (named in PID-3.4) gave to the patient."""

_RANK = {"A05": 0, "A14": 0, "A04": 1, "A01": 2, "A06": 2, "A11": 8, "A12": 8, "A13": 8, "A08": 9, "A31": 9}
"""Without MSH-13, of two messages of one millisecond the cancellation and the correction are the later."""

_WHERE = {"visit_id": "PV1-19", "hospital": "PV1-3.4 or MSH-4", "id": "MSH-10", "sequence": "MSH-13"}


def read_adt(lines: list[bytes], door: Door) -> Outcome:
    """What the door does with one message, given as its segments' bytes."""
    try:
        message = read_message(lines)
        trigger = _trigger(message)
        if trigger not in VISIT_EVENTS and trigger not in _LINK_EVENTS:
            return Ignored(trigger)
        if not _VERSIONS.fullmatch(message.header.text(12)):
            raise DoorProblem("MSH-12 is not a version from 2.3 to 2.8")
        if trigger in _LINK_EVENTS:
            return Produced(tuple(_links(message, trigger, door)))
        if VISIT_EVENTS[trigger] == "hospital.corrected" and not _corrects(message, trigger):
            return Ignored(trigger)  # a new address or name is no business of ours
        return Produced((_visit_event(message, trigger, door),))
    except DoorProblem as problem:
        return Refused(str(problem))


def _trigger(message: Message) -> str:
    """`A01`, or the whole message type where it is not ADT."""
    kind, trigger = message.header.text(9), message.header.text(9, 2)
    if not kind:
        raise DoorProblem("MSH-9 is empty")
    if not re.fullmatch(r"[A-Z0-9]{3}", kind) or not re.fullmatch(r"([A-Z0-9]{3})?", trigger):
        raise DoorProblem("MSH-9 is not a message type")
    if kind != "ADT":
        return f"{kind}^{trigger}" if trigger else kind
    events = message.all("EVN")
    named = events[0].text(1) if events else ""
    if not trigger and re.fullmatch(r"[A-Z0-9]{3}", named):
        return named  # before 2.4 the trigger may stand in EVN-1 alone
    if not trigger:
        raise DoorProblem("MSH-9.2 is empty")
    if named and named != trigger:
        raise DoorProblem("EVN-1 names another trigger than MSH-9.2")
    return trigger


@dataclass(frozen=True, slots=True)
class _Head:
    """What the message says about itself."""

    facility: str
    control: str
    recorded: str
    occurred: str
    sequence: int
    testdata: bool

    def identity(self, number: int = 0) -> str:
        """The event's id: from the sending facility and the message's control id; further events are
        numbered."""
        return event_id(self.facility, self.control, *([str(number)] if number else []))


def _head(message: Message, trigger: str) -> _Head:
    header, event = message.header, message.one("EVN")
    facility = header.text(4) or header.text(3)
    if not facility:
        raise DoorProblem("MSH-4 is empty")
    control = header.text(10)
    if not control:
        raise DoorProblem("MSH-10 is empty")
    sent = header.time(7)
    recorded = event.time(2) or sent
    if recorded is None:
        raise DoorProblem("EVN-2 and MSH-7 are empty")
    occurred = None
    for name, field in _OCCURRED.get(trigger, (("EVN", 6),)):
        segment = event if name == "EVN" else message.one(name)
        occurred = occurred or segment.time(field)
    return _Head(
        facility,
        control,
        recorded,
        occurred or recorded,
        _sequence(header, trigger, sent or recorded),
        header.text(11) in ("T", "D"),
    )


def _sequence(header: Segment, trigger: str, sent: str) -> int:
    text = header.text(13)
    if not text or text in ("-1", "0"):  # HL7's sequence protocol: no number, or a request for one
        return milliseconds(sent) * 10 + _RANK.get(trigger, 5)
    if not re.fullmatch(r"[0-9]{1,15}", text):
        raise DoorProblem("MSH-13 is not a whole number")
    return int(text)


def _person(segment: Segment, field: int, door: Door) -> str:
    """The pseudonym of the one person in a list of identifiers. Raises DoorProblem without quoting any of them.

    The HKID, by its type or else by its form; only for somebody who has none, a hospital's own number."""
    typed, shaped, numbers = [], [], []
    for at in range(1, segment.repetitions(field) + 1):
        text, kind = segment.text(field, 1, at), segment.text(field, 5, at).upper()
        if re.fullmatch(r"[A-Za-z]{1,2}[0-9]{6}", text):  # the check digit may stand apart, in CX.2
            text += segment.text(field, 2, at)
        if kind in _HKID_TYPES:
            typed.append(text)
        elif looks_like_hkid(text):
            shaped.append(text)
        elif kind in _NUMBER_TYPES and text and segment.text(field, 4, at):
            numbers.append((segment.text(field, 4, at), text))
    where = segment.where(field)
    try:
        pseudonyms = {door.pseudonyms.of(text) for text in typed or shaped}
    except IdentityProblem as problem:
        raise DoorProblem(f"{where} {problem}") from None
    if not pseudonyms and numbers:
        return door.pseudonyms.of_number(*numbers[0])
    if len(pseudonyms) != 1:
        empty = not any(segment.text(field, 1, at) for at in range(1, segment.repetitions(field) + 1))
        said = "holds more than one HKID" if pseudonyms else "holds no HKID (identifier type NNHKG)"
        raise DoorProblem(f"{where} {'is empty' if empty else said}")
    return pseudonyms.pop()


def _visit_event(message: Message, trigger: str, door: Door) -> Record:
    patient, visit = message.one("PID"), message.one("PV1")
    subject = _person(patient, 3, door)
    visit_id = visit.text(19)
    if not visit_id:
        raise DoorProblem("PV1-19 is empty")
    head = _head(message, trigger)
    kind = VISIT_EVENTS[trigger]
    place = visit.text(3, 4)
    data: dict[str, object] = {"visit_id": door.pseudonyms.visit(visit_id), "hospital": place or head.facility}
    deceased = _died(patient)
    if kind == "hospital.discharged":
        data["deceased"] = deceased
    if kind == "hospital.corrected":
        said = {"hospital": place or None, "admitted_at": visit.time(44), "discharged_at": visit.time(45)}
        data |= said | {"deceased": deceased}
    return door.event(
        kind,
        data,
        identity=head.identity(),
        subject=subject,
        time=head.occurred,
        recorded=head.recorded,
        sequence=head.sequence,
        where=_WHERE,
        testdata=head.testdata,
    )


def _died(patient: Segment) -> bool:
    """Whether PID says that the patient has died. What is neither yes nor no is refused, never taken for a return."""
    said = patient.text(30).upper()
    if said not in ("", "Y", "N"):
        raise DoorProblem(f"{patient.where(30)} is neither Y nor N")
    return said == "Y" or bool(patient.text(29))


def _corrects(message: Message, trigger: str) -> bool:
    """Whether a correction says anything of a visit. An A31 is about the person and may have no visit at all."""
    visits = message.all("PV1")
    # a death that is told after the discharge: whoever was taken for returned has not come home
    died = any(_died(patient) for patient in message.all("PID"))
    if trigger == "A31":
        return any(visit.text(19) and (visit.text(44) or visit.text(45) or died) for visit in visits)
    return not visits or died or any(visit.text(3, 4) or visit.text(44) or visit.text(45) for visit in visits)


def _links(message: Message, trigger: str, door: Door) -> list[Record]:
    """An event for each pair: PID and the MRG after it, or (A37) two PIDs."""
    head = _head(message, trigger)
    pairs: list[tuple[Segment, Segment, int]] = []
    patients = message.all("PID")
    if not patients:
        raise DoorProblem("PID is missing")
    if message.all("MRG"):
        patient: Segment | None = None
        for segment in message.segments:
            if segment.name == "PID":
                patient = segment
            elif segment.name == "MRG":
                if patient is None:
                    raise DoorProblem("MRG stands before any PID")
                pairs.append((patient, segment, 1))
    elif trigger == "A37" and len(patients) == 2:
        pairs.append((patients[0], patients[1], 3))
    else:
        raise DoorProblem("MRG is missing" if trigger != "A37" else "A37 has neither two PID segments nor an MRG")
    records = []
    for number, (patient, other, field) in enumerate(pairs):
        subject, retired = _person(patient, 3, door), _person(other, field, door)
        if subject == retired:
            raise DoorProblem(f"{other.where(field)} names the same person as PID-3")
        records.append(
            door.event(
                _LINK_EVENTS[trigger],
                {"retired_person_id": retired},
                identity=head.identity(number),
                subject=subject,
                time=head.occurred,
                recorded=head.recorded,
                sequence=head.sequence,
                where=_WHERE,
                testdata=head.testdata,
            )
        )
    return records
