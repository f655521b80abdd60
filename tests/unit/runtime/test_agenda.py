"""What wants to be woken: each key once, in the order of time, and no more memory than there are keys."""

from hypothesis import given
from hypothesis import strategies as st

from services.runtime.agenda import Agenda

KEYS = st.sampled_from("abcde")
DUES = st.one_of(st.none(), st.sampled_from("12345"))


def taken(agenda: Agenda, as_of: str) -> list[tuple[str, str]]:
    return list(iter(lambda: agenda.take(as_of), None))


@given(st.lists(st.tuples(KEYS, DUES)), st.sampled_from("012345"))
def test_each_key_once_at_its_last_instant_in_order(changes: list[tuple[str, str | None]], as_of: str) -> None:
    agenda = Agenda()
    last: dict[str, str | None] = {}
    for key, due in changes:
        agenda.put(key, due)
        last[key] = due
    expected = sorted((due, key) for key, due in last.items() if due is not None and due <= as_of)
    assert agenda.first() == min((due for due in last.values() if due is not None), default=None)
    assert taken(agenda, as_of) == expected
    assert taken(agenda, as_of) == []
    assert agenda.first() == min((due for due in last.values() if due is not None and due > as_of), default=None)
    assert {key for key in last if agenda.due(key)} == {key for key, due in last.items() if due and due > as_of}


def test_what_is_written_again_and_again_takes_one_place() -> None:
    agenda = Agenda([("a", "2027"), ("b", "2027")])
    for _ in range(10_000):
        agenda.put("a", "2027")
    assert len(agenda) == 2


def test_what_is_moved_again_and_again_takes_few() -> None:
    agenda = Agenda([(f"k{number}", "2027") for number in range(100)])
    for number in range(10_000):
        agenda.put("k0", f"{2028 + number % 2}")
    assert len(agenda) < 2_000
    assert len(taken(agenda, "3000")) == 100
