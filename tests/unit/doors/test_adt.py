"""The HL7 door, trigger by trigger and refusal by refusal."""

import orjson
import pytest

from contracts.envelope import Envelope
from contracts.events import FEEDS
from services.doors.adt import read_adt
from services.doors.books import Ignored, Outcome, Produced, Refused
from services.runtime.fold import Record

from .hl7_text import RECEIVED, door, hkid, message, read, segment


def only(outcome: Outcome) -> Record:
    assert isinstance(outcome, Produced), outcome
    assert len(outcome.records) == 1
    return outcome.records[0]


def parts(outcome: Outcome) -> tuple[Envelope, dict[str, object]]:
    record = only(outcome)
    envelope = Envelope.from_headers(record.headers)
    assert record.topic == "hospital.admissions"
    assert record.key == envelope.subject.encode()
    FEEDS[record.topic].types[envelope.type].model_validate_json(record.value)
    return envelope, orjson.loads(record.value)


def reason(outcome: Outcome) -> str:
    assert isinstance(outcome, Refused), outcome
    return outcome.reason


@pytest.mark.parametrize(
    ("trigger", "kind"),
    [
        ("A01", "admitted"),
        ("A02", "transferred"),
        ("A03", "discharged"),
        ("A04", "ed_registered"),
        ("A05", "preadmitted"),
        ("A06", "admitted"),
        ("A07", "discharged"),
        ("A08", "corrected"),
        ("A11", "admission_cancelled"),
        ("A12", "transfer_cancelled"),
        ("A13", "discharge_cancelled"),
        ("A14", "preadmitted"),
        ("A21", "leave_started"),
        ("A22", "leave_ended"),
    ],
)
def test_every_trigger_of_a_visit(trigger: str, kind: str) -> None:
    envelope, data = parts(read(trigger))
    assert envelope.type == f"hospital.{kind}"
    assert envelope.time == "2026-06-30T17:00:00.000Z"
    assert envelope.recordedtime == "2026-06-30T17:10:00.000Z"
    assert envelope.receivedtime == RECEIVED
    assert data["visit_id"] == "HN2600000001"
    assert data["hospital"] == "CMC"


def test_other_triggers_and_messages_are_ignored_by_name() -> None:
    assert read("A60") == Ignored("A60")
    assert read("A31") == Ignored("A31")  # about the person, no visit's times
    assert read(msh={9: "ORU^R01"}) == Ignored("ORU^R01")
    assert read(msh={9: "ACK"}) == Ignored("ACK")
    assert read("A08", pv1={3: "", 44: ""}) == Ignored("A08")  # a new address


@pytest.mark.parametrize("trigger", ["A08", "A31"])
def test_a_death_told_after_the_discharge_is_a_correction_of_its_own(trigger: str) -> None:
    envelope, data = parts(read(trigger, pid={30: "Y"}, pv1={3: "", 44: ""}))
    assert envelope.type == "hospital.corrected"
    assert data == {"visit_id": "HN2600000001", "deceased": True}
    assert read(trigger, pid={30: "N"}, pv1={3: "", 44: ""}) == Ignored(trigger)


def test_a31_that_names_a_visits_times_corrects_it() -> None:
    _, data = parts(read("A31", pv1={44: "202606301200"}))
    assert data["admitted_at"] == "2026-06-30T04:00:00.000Z"


def test_a08_carries_the_times_of_the_visit() -> None:
    envelope, data = parts(read("A08", pv1={44: "20260630120000", 45: "20260701000500+0000"}))
    assert data == {
        "visit_id": "HN2600000001",
        "hospital": "CMC",
        "admitted_at": "2026-06-30T04:00:00.000Z",
        "discharged_at": "2026-07-01T00:05:00.000Z",
        "deceased": False,
    }
    assert envelope.time == "2026-06-30T17:00:00.000Z"


@pytest.mark.parametrize("pid", [{30: "Y"}, {29: "20260701"}])
def test_a_discharge_of_somebody_who_died(pid: dict[int, str]) -> None:
    _, data = parts(read("A03", pid=pid))
    assert data["deceased"] is True


def test_when_it_happened() -> None:
    assert parts(read("A01", pv1={44: "202606302300"}))[0].time == "2026-06-30T15:00:00.000Z"
    assert parts(read("A06", pv1={44: "202606012300"}))[0].time == "2026-06-30T17:00:00.000Z"
    assert parts(read("A03", pv1={45: "202607010030"}))[0].time == "2026-06-30T16:30:00.000Z"
    assert parts(read("A01", evn={6: ""}))[0].time == "2026-06-30T17:10:00.000Z"
    assert parts(read("A01", evn={2: "", 6: ""}))[0].recordedtime == "2026-06-30T22:30:00.000Z"
    assert parts(read("A02", evn={6: "20260701010000.1234-0500"}))[0].time == "2026-07-01T06:00:00.123Z"


def test_ids_and_order() -> None:
    first, again = parts(read())[0], parts(read())[0]
    assert first.id == again.id
    assert first.id != parts(read(msh={10: "M2"}))[0].id
    assert first.id != parts(read(msh={4: "PMH"}))[0].id
    assert parts(read(msh={13: "77"}))[0].sequence == 77
    # without MSH-13, of one millisecond the cancellation is the later
    assert parts(read("A01"))[0].sequence < parts(read("A11"))[0].sequence
    assert parts(read("A11"))[0].sequence < parts(read("A01", msh={7: "20260701063001"}))[0].sequence


def test_merges() -> None:
    mrg = segment("MRG", {1: hkid("B")})
    lines = message("A40", more=(mrg,))
    del lines[3]
    envelope, data = parts(read_adt(lines, door()))
    assert envelope.type == "identity.merged"
    assert envelope.subject == door().pseudonyms.of(hkid())
    assert data == {"retired_person_id": door().pseudonyms.of(hkid("B"))}
    outcome = read("A40", more=(mrg, segment("PID", {3: hkid("C")}), segment("MRG", {1: hkid("D")})))
    assert isinstance(outcome, Produced)
    ids = [Envelope.from_headers(record.headers).id for record in outcome.records]
    assert len(set(ids)) == 2  # one message, two events
    assert parts(read("A34", more=(mrg,)))[0].type == "identity.merged"
    assert parts(read("A37", more=(segment("PID", {3: hkid("B")}),)))[0].type == "identity.unmerged"
    assert parts(read("A37", more=(mrg,)))[0].type == "identity.unmerged"


def test_a_merge_with_oneself_is_refused() -> None:
    assert reason(read("A40", more=(segment("MRG", {1: hkid()}),))) == "MRG-1 names the same person as PID-3"
    assert "PID-3 names the same person" in reason(read("A37", more=(segment("PID", {3: hkid()}),)))


def test_the_pseudonym_is_the_same_however_the_hkid_is_written() -> None:
    whole, bare, digit = hkid(), hkid().replace("(", "").replace(")", ""), hkid()[-2]
    subject = parts(read())[0].subject
    ways = (
        bare,
        bare.lower(),
        f"{whole}^^^HKSARG^NNHKG",
        f"A123456^{digit}^^HKSARG^NNHKG",
        f"998877^^^CMC^PI~{whole}^^^^NI",
    )
    for written in ways:
        assert parts(read(pid={3: written}))[0].subject == subject


def test_somebody_without_an_hkid_has_the_hospitals_number() -> None:
    newborn = parts(read(pid={3: "U00123^^^CMC^MR"}))[0].subject
    assert newborn == parts(read(pid={3: "U00123^^^CMC^MR"}))[0].subject
    assert newborn != parts(read(pid={3: "U00123^^^PMH^MR"}))[0].subject


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"pv1": {19: ""}}, "PV1-19 is empty"),
        ({"pv1": {19: '""'}}, "PV1-19 is empty"),
        ({"pv1": {19: "has a space"}}, "PV1-19: is not an id (letters, digits and :._|- only)"),
        ({"pid": {3: ""}}, "PID-3 is empty"),
        ({"pid": {3: "X1"}}, "PID-3 holds no HKID (identifier type NNHKG)"),
        ({"pid": {3: "A12345^^^HKSARG^NNHKG"}}, "PID-3 has not the form of an HKID with its check digit"),
        ({"pid": {3: hkid(right=False)}}, "PID-3 holds an HKID whose check digit is wrong"),
        ({"pid": {3: f"{hkid()}~{hkid('B')}"}}, "PID-3 holds more than one HKID"),
        ({"msh": {10: ""}}, "MSH-10 is empty"),
        ({"msh": {4: "", 3: ""}}, "MSH-4 is empty"),
        ({"msh": {9: ""}}, "MSH-9 is empty"),
        ({"msh": {12: "2.2"}}, "MSH-12 is not a version from 2.3 to 2.8"),
        ({"msh": {13: "one"}}, "MSH-13 is not a whole number"),
        ({"msh": {18: "EBCDIC"}}, "MSH-18 names a character set that this door does not read"),
        ({"evn": {1: "A02"}}, "EVN-1 names another trigger than MSH-9.2"),
        ({"evn": {2: "yesterday"}}, "EVN-2 is not a time (YYYYMMDDHHMM[SS[.S]][+ZZZZ])"),
        ({"evn": {2: "20260230010000"}}, "EVN-2 is not a time that exists"),
        ({"evn": {6: "20260701"}}, "EVN-6 is not a time (YYYYMMDDHHMM[SS[.S]][+ZZZZ])"),
        ({"evn": {2: ""}, "msh": {7: ""}}, "EVN-2 and MSH-7 are empty"),
        ({"pv1": {44: "x"}}, "PV1-44 is not a time (YYYYMMDDHHMM[SS[.S]][+ZZZZ])"),
        ({"more": ("EVN|A01|202607010110",)}, "EVN occurs 2 times"),
        ({"more": ("PID|2||x",)}, "PID occurs 2 times"),
        ({"pv1": {3: "A3^1^A^B1234567"}}, "a field that passes the door has the form of an HKID"),
    ],
)
def test_refusals_name_segment_and_field(change: dict[str, object], says: str) -> None:
    assert reason(read(**change)) == says


def test_segments_that_are_missing() -> None:
    lines = message()
    assert reason(read_adt(lines[:3], door())) == "PV1 is missing"
    assert reason(read_adt([lines[0], *lines[2:]], door())) == "EVN is missing"
    assert reason(read_adt(message("A40"), door())) == "MRG is missing"


def test_nothing_else_of_a_person_passes() -> None:
    extra = ("DG1|1||F20.0^Paranoid schizophrenia", "NK1|1|CHAN^SIU MING|SON")
    record = only(read(pid={11: "12 Pei Ho Street", 13: "91234567"}, more=extra))
    raw = record.key + record.value + b"".join(value for _, value in record.headers)
    for secret in (b"CHAN", b"TAI", b"Pei Ho", b"91234567", b"F20", b"A3", b"PSY", b"123456("):
        assert secret not in raw


def test_a_visit_number_with_the_form_of_an_hkid_has_a_keyed_stand_in() -> None:
    _, data = parts(read(pv1={19: "V1234567"}))
    assert (
        data["visit_id"]
        == door().pseudonyms.visit("V1234567")
        == parts(read("A03", pv1={19: "V1234567"}))[1]["visit_id"]
    )
    assert "1234567" not in str(data)


def test_synthetic_people_only() -> None:
    assert "valid HKID" in reason(read(synthetic=True))
    envelope, _ = parts(read(synthetic=True, pid={3: hkid(right=False)}))
    assert envelope.testdata
    assert parts(read(msh={11: "T"}))[0].testdata
    assert not parts(read())[0].testdata


def test_versions_and_old_habits() -> None:
    for version in ("2.3", "2.3.1", "2.4", "2.5.1", "2.6", "2.7", "2.8", "2.8.2"):
        parts(read(msh={12: version}))
    assert parts(read(msh={9: "ADT"}))[0].type == "hospital.admitted"  # the trigger in EVN-1 alone
    big5 = [
        line if line[:3] != b"PID" else b"PID|||" + hkid().encode() + "||陳大文".encode("big5") for line in message()
    ]
    assert "MSH-18" in reason(read_adt(big5, door()))
    header = message(msh={18: "BIG-5"})[0]
    parts(read_adt([header, *big5[1:]], door()))


def test_a_death_that_cannot_be_read_is_refused_and_never_taken_for_a_return() -> None:
    assert reason(read("A03", pid={30: "20260701"})) == "PID-30 is neither Y nor N"
    assert reason(read("A08", pid={30: "?"}, pv1={45: "20260701000500"})) == "PID-30 is neither Y nor N"
    assert parts(read("A03", pid={30: "y"}))[1]["deceased"] is True
    assert parts(read("A03", pid={30: '""'}))[1]["deceased"] is False
