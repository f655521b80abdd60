"""Builds HL7 v2 messages for the tests, field by field."""

from collections.abc import Mapping

from services.doors.adt import read_adt
from services.doors.books import Outcome
from services.doors.door import Door
from services.doors.identity import Pseudonyms, check_digit

KEY = b"a key of the tests, of no use to anybody else"

RECEIVED = "2026-07-01T23:00:00.000Z"


def hkid(letters: str = "A", digits: str = "123456", right: bool = True) -> str:
    """Made here, so that no valid HKID stands in a file."""
    values = "0123456789A"
    digit = check_digit(letters, digits)
    return f"{letters}{digits}({digit if right else values[(values.index(digit) + 1) % 11]})"


def door(synthetic: bool = False, topic: str = "hospital.admissions") -> Door:
    return Door(topic, "ha-cms", Pseudonyms(KEY, digits="wrong" if synthetic else "right"), RECEIVED)


def segment(name: str, fields: Mapping[int, str]) -> str:
    last = max(fields, default=0)
    return "|".join([name, *(fields.get(number, "") for number in range(1, last + 1))])


def message(
    trigger: str = "A01",
    *,
    msh: Mapping[int, str] | None = None,
    evn: Mapping[int, str] | None = None,
    pid: Mapping[int, str] | None = None,
    pv1: Mapping[int, str] | None = None,
    more: tuple[str, ...] = (),
) -> list[bytes]:
    """The lines of a message that passes; each argument changes fields of one segment."""
    header = {3: "CMS", 4: "CMC", 7: "20260701063000", 9: f"ADT^{trigger}", 10: "M1", 11: "P", 12: "2.5"} | dict(
        msh or {}
    )
    # MSH-1 is the separator itself
    lines = [
        "MSH|^~\\&|" + segment("", {number - 2: text for number, text in header.items()})[1:],
        segment("EVN", {1: trigger, 2: "20260701011000", 6: "20260701010000"} | dict(evn or {})),
        segment("PID", {3: hkid(), 5: "CHAN^TAI MAN"} | dict(pid or {})),
        segment("PV1", {2: "I", 3: "A3^11^A^CMC", 10: "PSY", 19: "HN2600000001"} | dict(pv1 or {})),
        *more,
    ]
    return [line.encode() for line in lines]


def read(*args: object, synthetic: bool = False, **kwargs: object) -> Outcome:
    return read_adt(message(*args, **kwargs), door(synthetic))  # type: ignore[arg-type]
