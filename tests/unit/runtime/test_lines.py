"""Records as lines: what is written is read again, byte for byte, whatever the bytes are."""

from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.runtime.errors import Problem
from services.runtime.fold import Record
from services.runtime.lines import line_of, read_lines, record_of, write_lines

json = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
value = st.one_of(json.map(orjson.dumps), json.map(lambda v: orjson.dumps(v, option=orjson.OPT_INDENT_2)), st.binary())
headers = st.dictionaries(st.text(max_size=5), st.text(max_size=5).map(str.encode), max_size=3).map(
    lambda named: tuple(named.items())
)


@given(st.text(max_size=9), value, headers)
def test_a_record_survives_its_line(key: str, value: bytes, headers: tuple[tuple[str, bytes], ...]) -> None:
    record = Record("hospital.admissions", key.encode(), value, headers)
    line = line_of(record)
    assert line.endswith(b"\n") and line.count(b"\n") == 1
    assert record_of(line) == record
    assert line_of(record_of(line)) == line


@pytest.mark.parametrize(
    ("value", "field", "written"),
    [
        (b'{"a":1}', "value", {"a": 1}),
        (b'{"a": 1}', "value", '{"a": 1}'),
        (b'"text"', "value", '"text"'),
        (b"not json", "value", "not json"),
        (b"\xff", "value_base64", "/w=="),
    ],
)
def test_the_form_of_a_line(value: bytes, field: str, written: object) -> None:
    assert orjson.loads(line_of(Record("t", b"k", value)))[field] == written


@pytest.mark.parametrize(
    "line", ["[]", "1", "{}", '{"topic":"t","key":"k","headers":{}}', '{"topic":"t","key":"k","headers":[],"value":{}}']
)
def test_another_line_is_named_with_its_number(tmp_path: Path, line: str) -> None:
    path = tmp_path / "log.jsonl"
    write_lines(path, [Record("t", b"k", b"{}")])
    path.write_text(path.read_text() + line + "\n")
    with pytest.raises(Problem, match=r"log\.jsonl:2: not a record line"):
        list(read_lines(path))
