"""Units' own ids."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from services.book.naming import namespace_key, ref
from services.runtime.errors import Problem

KEY = bytes(range(32))


def test_a_unit_finds_the_same_id_again_and_another_unit_another() -> None:
    mine = ref(KEY, "unit-a", "person", "p-1")
    assert mine == ref(KEY, "unit-a", "person", "p-1")
    others = {
        ref(KEY, "unit-b", "person", "p-1"),
        ref(KEY, "unit-a", "task", "p-1"),
        ref(bytes(32), "unit-a", "person", "p-1"),
    }
    assert mine not in others
    assert len(others) == 3


@given(st.text(), st.text(), st.text(), st.text())
def test_no_two_things_share_an_id(unit: str, one: str, other_unit: str, other: str) -> None:
    assert (ref(KEY, unit, "flag", one) == ref(KEY, other_unit, "flag", other)) == ((unit, one) == (other_unit, other))


def test_its_shape() -> None:
    for kind, letter in (("person", "p"), ("flag", "f"), ("task", "t")):
        assert re.fullmatch(rf"{letter}-[a-z2-7]{{26}}", ref(KEY, "unit-a", kind, "x"))  # type: ignore[arg-type]


@pytest.mark.parametrize(("text", "said"), [("xyz", "not hex"), ("00" * 31, "31 bytes")])
def test_a_key_that_is_none(text: str, said: str) -> None:
    with pytest.raises(Problem, match=said):
        namespace_key(SecretStr(text))
    assert namespace_key(SecretStr("ab" * 32)) == b"\xab" * 32


def test_no_key_at_all() -> None:
    with pytest.raises(Problem, match="is not set"):
        namespace_key(None)
