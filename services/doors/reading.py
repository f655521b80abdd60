"""Reading whole files at a door: messages or rows in, outcomes out, in the file's order."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from services.doors.adt import read_adt
from services.doors.books import Books, Outcome, Refused
from services.doors.door import Door
from services.doors.framing import frame
from services.doors.tables import read_rows
from services.runtime.errors import Problem
from services.runtime.fold import Record

__all__ = ["files_of", "read_files"]


def files_of(paths: Iterable[Path]) -> list[Path]:
    """The files named, and those in the folders named, by name. Raises Problem for a path that is neither."""
    files: list[Path] = []
    for path in paths:
        if path.is_dir():
            files += sorted(child for child in path.iterdir() if child.is_file() and child.name[0] != ".")
        elif path.is_file():
            files.append(path)
        else:
            raise Problem(f"{path} is neither a file nor a folder; name what the door should read")
    return files


def read_files(paths: Iterable[Path], form: str, door: Door, books: Books) -> Iterator[Record]:
    """The records that the files give; every message and row is entered in the books. `form`: hl7v2 or csv."""
    for path in paths:
        try:
            content = path.read_bytes()
        except OSError as fault:
            raise Problem(f"cannot read {path}: {fault.strerror}") from None
        outcomes = _hl7v2(path, content, door, books) if form == "hl7v2" else read_rows(content, door)
        for number, outcome in outcomes:
            yield from books.enter(path, number, outcome)


def _hl7v2(path: Path, content: bytes, door: Door, books: Books) -> Iterator[tuple[int, Outcome]]:
    framed = frame(content)
    for text in framed.remarks:
        books.remark(path, text)
    if framed.stray and not framed.messages:
        yield 1, Refused("no MSH segment: this is not HL7 v2")
    elif framed.stray:
        books.remark(path, f"{framed.stray} lines that belong to no message")
    for number, lines in enumerate(framed.messages, 1):
        yield number, read_adt(lines, door)
