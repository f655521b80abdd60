"""Records as JSON lines, as `simulate`, `ingest` and `demo --record` write them and `replay` reads them.

`{"topic","key","headers","value"}`; `value` is the record's JSON, or a text whose UTF-8 bytes are the record as it
stands. What is not UTF-8 stands under `value_base64`, `key_base64` or `headers_base64` instead.
"""

import base64
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import orjson

from contracts.envelope import Headers
from services.runtime.errors import Problem
from services.runtime.fold import Record

__all__ = ["NO_RECORD", "line_of", "no_record", "raw_lines", "read_lines", "record_of", "write_lines"]


def line_of(record: Record) -> bytes:
    """One line, newline included; the same record always gives the same bytes."""
    line: dict[str, Any] = {
        "topic": record.topic,
        **_text("key", record.key),
        "headers": {name: value.decode() for name, value in record.headers if _is_text(value)},
        "headers_base64": {name: _base64(value) for name, value in record.headers if not _is_text(value)},
    }
    if not line["headers_base64"]:
        del line["headers_base64"]
    try:
        parsed = orjson.loads(record.value)
        whole = orjson.dumps(parsed) == record.value and not isinstance(parsed, str)
    except ValueError:
        whole = False
    line |= {"value": parsed} if whole else _text("value", record.value)
    return orjson.dumps(line) + b"\n"


def _is_text(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _text(name: str, data: bytes) -> dict[str, str]:
    return {name: data.decode()} if _is_text(data) else {f"{name}_base64": _base64(data)}


def record_of(line: bytes) -> Record:
    """The record of one line. Raises ValueError or KeyError for a line of another shape."""
    parsed = orjson.loads(line)
    if "value_base64" in parsed:
        value = base64.b64decode(parsed["value_base64"])
    else:
        value = parsed["value"].encode() if isinstance(parsed["value"], str) else orjson.dumps(parsed["value"])
    key = base64.b64decode(parsed["key_base64"]) if "key_base64" in parsed else parsed["key"].encode()
    headers: Headers = tuple((name, text.encode()) for name, text in parsed.get("headers", {}).items())
    headers += tuple((name, base64.b64decode(text)) for name, text in parsed.get("headers_base64", {}).items())
    return Record(parsed["topic"], key, value, headers)


def read_lines(path: Path) -> Iterator[Record]:
    """The records of a file, in its order. Raises Problem naming file and line."""
    for number, _, line in raw_lines(path):
        try:
            record = record_of(line)
        except NO_RECORD as fault:
            raise no_record(path, number, fault) from None
        yield record


def raw_lines(path: Path) -> Iterator[tuple[int, int, bytes]]:
    """(number, where it begins in bytes, bytes) of every line. Raises Problem for a file that cannot be read."""
    start = 0
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                yield number, start, line
                start += len(line)
    except OSError as fault:
        raise Problem(f"cannot read {path}: {fault.strerror}") from None


NO_RECORD = (ValueError, KeyError, AttributeError, TypeError)
"""What a line of another shape raises."""


def no_record(path: Path, number: int, fault: Exception) -> Problem:
    """What to say of such a line."""
    why = f"it has no {fault.args[0]}" if isinstance(fault, KeyError) else fault
    return Problem(f"{path}:{number}: not a record line ({why}); expected an object with topic, key, headers, value")


def write_lines(path: Path, records: Iterable[Record]) -> int:
    """Writes the records, a line each, and returns how many."""
    count = 0
    with path.open("wb") as file:
        for record in records:
            file.write(line_of(record))
            count += 1
    return count
