"""Derived ids are name-based UUIDs (RFC 9562, version 5) as the standard library makes them."""

from uuid import NAMESPACE_URL, uuid5

from hypothesis import given
from hypothesis import strategies as st

from contracts.ids import flag_id, household_of_tenancy

ROOT = uuid5(NAMESPACE_URL, "urn:kithline")


@given(st.text(), st.text(), st.text())
def test_an_id_is_the_standard_librarys(subject: str, typology: str, episode: str) -> None:
    told = "\x1f".join((subject, typology, episode))
    assert flag_id(subject, typology, episode) == str(uuid5(uuid5(ROOT, "flag"), told))


def test_an_id_never_changes() -> None:
    assert household_of_tenancy("T1") == f"h-{uuid5(uuid5(ROOT, 'household'), 'tenancy' + chr(31) + 'T1')}"
    assert household_of_tenancy("T1") == "h-125ba901-4981-596c-8369-3f56dd95dd5c"
