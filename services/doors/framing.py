"""From the bytes of a file to its HL7 v2 messages. Framing is on bytes and knows nothing of what is inside,
so that one damaged message costs one message and not the file."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

__all__ = ["Framed", "frame"]

_LINE_ENDS = re.compile(rb"\r\n|\r|\n")
_WRAPPING = b"\x0b\x1c\x00\x1a \t"
"""MLLP's start and end blocks, and what old systems pad files with."""


@dataclass(slots=True)
class Framed:
    """The messages of a file, each a list of its segments' bytes, and what is odd about the file as a whole.

    `stray`: lines before the first message header."""

    messages: list[list[bytes]] = field(default_factory=list)
    stray: int = 0
    remarks: list[str] = field(default_factory=list)


def frame(content: bytes) -> Framed:
    """Splits a single message, several in a row, or a batch file (FHS, BHS, BTS, FTS) with CR, LF or CRLF."""
    framed = Framed()
    current: list[bytes] | None = None
    in_batch = in_file = False
    batch_start = batches = 0
    for line in _lines(content.removeprefix(b"\xef\xbb\xbf")):
        match line[:3]:
            case b"MSH":
                current = [line]
                framed.messages.append(current)
            case b"FHS":
                in_file, current = True, None
            case b"BHS":
                in_batch, batch_start, current = True, len(framed.messages), None
                batches += 1
            case b"BTS":
                _compare(framed, "BTS-1", line, len(framed.messages) - batch_start, "messages")
                in_batch, current = False, None
            case b"FTS":
                _compare(framed, "FTS-1", line, batches, "batches")
                in_file, current = False, None
            case _ if current is not None:
                current.append(line)
            case _:
                framed.stray += 1
    if in_batch:
        framed.remarks.append("BHS without BTS: the file may have been cut off")
    if in_file:
        framed.remarks.append("FHS without FTS: the file may have been cut off")
    return framed


def _lines(content: bytes) -> Iterator[bytes]:
    for line in _LINE_ENDS.split(content):
        if stripped := line.strip(_WRAPPING):
            yield stripped


def _compare(framed: Framed, name: str, line: bytes, found: int, what: str) -> None:
    parts = line.split(line[3:4]) if len(line) > 3 else [line]
    given = parts[1].strip() if len(parts) > 1 else b""
    if given.isdigit() and int(given) != found:
        framed.remarks.append(f"{name} announces another number of {what} than the file has ({found})")
