"""The packed store says the same as the plain one, and tells each change once."""

from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from services.runtime.fold import MemoryStore
from services.runtime.store import PackedStore

_KEYS = st.sampled_from(["a", "b", "c"])
_VALUES = st.one_of(
    st.none(), st.dictionaries(st.text(max_size=3), st.one_of(st.integers(0, 9), st.text(max_size=3)), max_size=2)
)


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
