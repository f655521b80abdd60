"""The quick look for identities finds what the expression finds, in any bytes."""

from hypothesis import given
from hypothesis import strategies as st

from services.runtime.hkid import HKID, holds_hkid

NEAR = st.text(alphabet="AZa z09()\n-é", max_size=24)
"""Few characters, so that shapes come about by chance."""


@given(st.lists(st.one_of(st.from_regex(HKID), NEAR.map(str.encode), st.binary(max_size=8)), max_size=4))
def test_it_finds_what_the_expression_finds(parts: list[bytes]) -> None:
    for joint in (b"", b" ", b'"'):
        whole = joint.join(parts)
        assert holds_hkid(whole) == (HKID.search(whole) is not None)


@given(st.lists(st.one_of(st.from_regex(HKID), NEAR.map(str.encode)), max_size=4))
def test_nothing_has_the_shape_across_the_end_of_a_line(parts: list[bytes]) -> None:
    """So the parts of a record may be looked through as one."""
    assert holds_hkid(b"\n".join(parts)) == any(HKID.search(part) for part in parts)
