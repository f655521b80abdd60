"""One HL7 v2 message: parsed by the library `hl7`, asked by segment and field.

Fields are read as they stand, without resolving escape sequences: nothing that passes the door may hold one,
and the library logs what it cannot resolve, which could be a name.
"""

import re
from datetime import datetime, timedelta, timezone
from typing import Any

import hl7

from contracts.instants import write
from services.doors.door import DoorProblem

__all__ = ["Message", "Segment", "read_message"]

_CHARACTER_SETS = {
    "": "utf-8",
    "ASCII": "ascii",
    "UNICODE UTF-8": "utf-8",
    "UTF-8": "utf-8",
    "BIG-5": "big5hkscs",
    **{f"8859/{part}": f"iso8859_{part}" for part in range(1, 16) if part != 12},
}
"""MSH-18 (HL7 table 0211) as far as hospitals here use it."""

_SEPARATORS = re.compile(r"MSH([^A-Za-z0-9\s])((?:(?!\1)[^A-Za-z0-9\s]){2,5})\1")
_SEGMENT = re.compile(r"[A-Z][A-Z0-9]{2}")
_TIME = re.compile(r"(\d{8})(\d{2})(\d{2})?(\d{2})?(?:\.(\d{1,4}))?([+-]\d{4})?")

_HONG_KONG = timezone(timedelta(hours=8))


class Segment:
    """One segment; fields, repetitions and components count from 1, as the standard does."""

    def __init__(self, parsed: Any) -> None:
        self._parsed = parsed
        self.name = str(parsed[0])

    def text(self, field: int, component: int = 1, repetition: int = 1) -> str:
        """The (first sub)component, without spaces around it; "" where there is none, or HL7's null `""`."""
        part = self._parsed
        for index in (field, repetition - 1, component - 1):
            # the library stops nesting where no separator follows: the one part there is, is the first
            parts = (part,) if isinstance(part, str) else part
            part = parts[index] if index < len(parts) else ""
        while not isinstance(part, str):
            part = part[0] if len(part) else ""
        text = part.strip()
        return "" if text == '""' else text

    def repetitions(self, field: int) -> int:
        """How many repetitions a field has; 0 where it is empty."""
        return len(self._parsed[field]) if field < len(self._parsed) else 0

    def where(self, field: int) -> str:
        return f"{self.name}-{field}"

    def time(self, field: int) -> str | None:
        """The instant of a time field; without an offset it is Hong Kong's. None where it is empty.

        Raises DoorProblem for what is no time, or a mere date."""
        text = self.text(field)
        if not text:
            return None
        form = _TIME.fullmatch(text)
        if form is None:
            raise DoorProblem(f"{self.where(field)} is not a time (YYYYMMDDHHMM[SS[.S]][+ZZZZ])")
        day, hour, minute, second, fraction, offset = form.groups()
        try:
            moment = datetime.strptime(f"{day}{hour}{minute or '00'}{second or '00'}", "%Y%m%d%H%M%S")  # noqa: DTZ007
            zone = datetime.strptime(offset, "%z").tzinfo if offset else _HONG_KONG
            return write(moment.replace(microsecond=int((fraction or "0").ljust(6, "0")), tzinfo=zone))
        except (ValueError, OverflowError):
            raise DoorProblem(f"{self.where(field)} is not a time that exists") from None


class Message:
    """One message. Segments that a message needs are asked for by `one`."""

    def __init__(self, segments: list[Segment]) -> None:
        self.segments = segments

    @property
    def header(self) -> Segment:
        return self.segments[0]

    def all(self, name: str) -> list[Segment]:
        return [segment for segment in self.segments if segment.name == name]

    def one(self, name: str) -> Segment:
        """The only segment of this name. Raises DoorProblem where there is none, or more: then the header of
        the next message was damaged, and its segments hang on this one."""
        found = self.all(name)
        if len(found) != 1:
            raise DoorProblem(f"{name} is missing" if not found else f"{name} occurs {len(found)} times")
        return found[0]


def read_message(lines: list[bytes]) -> Message:
    """Decodes and parses one message. Raises DoorProblem naming the segment."""
    head = lines[0].decode("ascii", "replace")
    form = _SEPARATORS.match(head)
    if form is None or len({form[1], *form[2]}) != 1 + len(form[2]):
        raise DoorProblem("MSH-1 and MSH-2 are not the separators (expected MSH|^~\\&|)")
    fields = head.split(form[1])
    named = fields[17].split(form[2][0])[0].split(form[2][1])[0].strip().upper() if len(fields) > 17 else ""
    if named not in _CHARACTER_SETS:
        raise DoorProblem("MSH-18 names a character set that this door does not read")
    texts = []
    for number, line in enumerate(lines, 1):
        try:
            text = line.decode(_CHARACTER_SETS[named])
        except UnicodeDecodeError:
            raise DoorProblem(f"segment {number} is not readable as {named or 'UTF-8'} (MSH-18)") from None
        name, separator = text[:3], text[3:4]
        if not _SEGMENT.fullmatch(name) or separator not in ("", form[1]):
            raise DoorProblem(f"segment {number} does not begin with a segment's name and {form[1]}")
        texts.append(text)
    try:
        parsed = hl7.parse("\r".join(texts))
    except (hl7.HL7Exception, ValueError, IndexError, AssertionError):
        raise DoorProblem("the message cannot be parsed as HL7 v2") from None
    return Message([Segment(segment) for segment in parsed])
