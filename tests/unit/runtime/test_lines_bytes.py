"""Lines of records that are no text at all: nothing of them is lost."""

from hypothesis import given
from hypothesis import strategies as st

from services.runtime.fold import Record
from services.runtime.lines import line_of, record_of


@given(st.binary(), st.binary(), st.dictionaries(st.sampled_from(["ce_id", "ce_type", "trace"]), st.binary()))
def test_any_bytes_come_back(key: bytes, value: bytes, headers: dict[str, bytes]) -> None:
    back = record_of(line_of(Record("hospital.admissions", key, value, tuple(headers.items()))))
    assert (back.key, back.value, dict(back.headers)) == (key, value, headers)
