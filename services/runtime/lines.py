"""Records as JSON lines, as `simulate`, `ingest` and `demo --record` write them and `replay` reads them.

`{"topic","key","headers","value"}`; `value` is the record's JSON, or a text whose UTF-8 bytes are the record as it
stands, or `value_base64` replaces it for bytes that are neither.
"""

import base64
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import orjson

from contracts.envelope import Headers
from services.runtime.errors import Problem
from services.runtime.fold import Record

__all__ = ["line_of", "read_lines", "record_of", "write_lines"]


def line_of(record: Record) -> bytes:
    """One line, newline included; the same record always gives the same bytes."""
    line: dict[str, Any] = {
        "topic": record.topic,
        "key": record.key.decode(),
        "headers": {name: value.decode() for name, value in record.headers},
    }
    try:
        parsed = orjson.loads(record.value)
        if orjson.dumps(parsed) == record.value and not isinstance(parsed, str):
            line["value"] = parsed
        else:
            line["value"] = record.value.decode()
    except ValueError:
        try:
            line["value"] = record.value.decode()
        except UnicodeDecodeError:
            line["value_base64"] = base64.b64encode(record.value).decode()
    return orjson.dumps(line) + b"\n"


def record_of(line: bytes) -> Record:
    """The record of one line. Raises ValueError or KeyError for a line of another shape."""
    parsed = orjson.loads(line)
    if "value_base64" in parsed:
        value = base64.b64decode(parsed["value_base64"])
    else:
        value = parsed["value"].encode() if isinstance(parsed["value"], str) else orjson.dumps(parsed["value"])
    headers: Headers = tuple((name, text.encode()) for name, text in parsed.get("headers", {}).items())
    return Record(parsed["topic"], parsed["key"].encode(), value, headers)


def read_lines(path: Path) -> Iterator[Record]:
    """The records of a file, in its order. Raises Problem naming file and line."""
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                try:
                    yield record_of(line)
                except (ValueError, KeyError, AttributeError, TypeError) as fault:
                    raise Problem(
                        f"{path}:{number}: not a record line ({fault}); "
                        "expected an object with topic, key, headers, value"
                    ) from None
    except OSError as fault:
        raise Problem(f"cannot read {path}: {fault.strerror}") from None


def write_lines(path: Path, records: Iterable[Record]) -> int:
    """Writes the records, a line each, and returns how many."""
    count = 0
    with path.open("wb") as file:
        for record in records:
            file.write(line_of(record))
            count += 1
    return count
