"""The packed store says the same as the plain one, and tells each change once."""

from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from services.runtime.fold import Value
from services.runtime.folding import MemoryStore
from services.runtime.packing import SHORT
from services.runtime.store import PackedStore, read_value

_KEYS = st.sampled_from(["a", "b", "c"])
_VALUES = st.one_of(
    st.none(),
    st.dictionaries(
        st.text(max_size=3),
        # with long ones too, which are packed
        st.one_of(st.integers(0, 9), st.text(max_size=3), st.text(max_size=3).map(lambda text: text * SHORT)),
        max_size=2,
    ),
)
_DUES = st.sampled_from([None, "2027-01-01T00:00:00.000Z", "2028-01-01T00:00:00.000Z"])


def due_of(value: Value) -> str | None:
    instant: str | None = value.get("due")
    return instant


@given(st.lists(st.lists(st.tuples(_KEYS, _VALUES), max_size=6), max_size=5))
def test_agrees_with_the_plain_store_batch_by_batch(batches: list[list[tuple[str, Any]]]) -> None:
    packed, plain, log = PackedStore(), MemoryStore(), PackedStore()
    for batch in batches:
        for key, value in batch:
            packed.put(key, value)
            plain.put(key, value)
            assert packed.get(key) == plain.get(key)
            assert dict(packed.items()) == dict(plain.items())
        for key, written in packed.changes():
            log.load(key, written)
        assert dict(log.items()) == dict(plain.items())
        assert len(packed) == len(plain.values)


def test_a_key_written_twice_in_a_batch_is_one_change() -> None:
    store = PackedStore()
    store.put("a", {"n": 1})
    store.put("a", {"n": 2})
    store.put("b", {"n": 3})
    store.put("b", None)
    assert store.changes() == [("a", orjson.dumps({"n": 2}))]
    assert store.changes() == []


def test_a_value_that_comes_out_as_it_was_is_no_change() -> None:
    store = PackedStore()
    store.put("a", {"n": 1})
    store.changes()
    store.put("a", {"n": 1})
    assert store.changes() == []


def test_a_removed_key_is_told_as_removed() -> None:
    store = PackedStore()
    store.load("a", b'{"n":1}')
    store.put("a", None)
    assert store.get("a") is None
    assert store.changes() == [("a", None)]
    assert list(store.items()) == []


@given(st.lists(st.lists(st.tuples(_KEYS, st.none() | st.fixed_dictionaries({"due": _DUES, "n": st.integers(0, 3)})))))
def test_what_is_due_stands_in_front_of_the_value_and_is_restored_with_it(batches: list[list[tuple[str, Any]]]) -> None:
    store, plain, log = PackedStore(due_of), MemoryStore(), PackedStore(due_of)
    for batch in batches:
        for key, value in batch:
            store.put(key, value)
            plain.put(key, value)
        for key, written in store.changes():
            log.load(key, written)
            assert written is None or read_value(written) == plain.values[key]
    for restored in (store, log):
        assert dict(restored.items()) == plain.values
        assert dict(restored.dues(_not_asked)) == dict(plain.dues(due_of))


def _not_asked(value: Value) -> str | None:
    raise AssertionError("unpacked to know what is due")


def test_values_without_an_instant_in_front_are_looked_into() -> None:
    store = PackedStore(due_of)
    store.load("a", b'{"due":"2027-01-01T00:00:00.000Z"}')
    store.load("b", b'{"n":1}')
    assert list(store.dues(due_of)) == [("a", "2027-01-01T00:00:00.000Z")]


def test_a_later_record_replaces_an_earlier_one_and_a_tombstone_removes_it() -> None:
    store = PackedStore()
    for key, value in [("a", b'{"n":1}'), ("b", b'{"n":2}'), ("a", b'{"n":3}'), ("b", None), ("c", None)]:
        store.load(key, value)
    assert dict(store.items()) == {"a": {"n": 3}}
    assert len(store) == 1
