"""State values come back as they were; what was packed can be told; what is damaged says so."""

import threading
from pathlib import Path

import orjson
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from services.runtime import packing
from services.runtime.errors import Problem
from services.runtime.packing import SHORT, pack, unpack

_LONG = orjson.dumps({"facts": [{"subject": f"p-{number:032x}", "kind": "residence"} for number in range(12)]})

_WRITTEN_ONCE = bytes.fromhex(
    "28b52ffd63a18601007600350200e4027b226f726967696e702d312c5b5d6c61672c22647565223a6e756c6c2c2278223a2230313233343536373839227d06fc7fb45edb0234b88048276427aaf01d018136a8b4"
)
"""As the first version wrote it, with 100001.zdict."""


@given(st.dictionaries(st.text(max_size=20), st.text(max_size=500), max_size=9))
def test_what_was_packed_comes_back(value: dict[str, str]) -> None:
    plain = orjson.dumps(value)
    packed = pack(plain)
    assert unpack(packed) == plain
    assert pack(plain) == packed
    assert packed[:1] == (b"{" if len(plain) < SHORT else b"(")


def test_facts_take_a_third_at_most() -> None:
    assert len(pack(_LONG)) < len(_LONG) / 3


def test_what_an_older_version_wrote_plain_is_read() -> None:
    assert unpack(_LONG) == _LONG


def test_a_frame_of_any_dictionary_that_we_have_is_read() -> None:
    """A dictionary that changed or went would make changelogs unreadable."""
    found = sorted((Path(packing.__file__).parent / "dictionaries").glob("*.zdict"))
    assert found
    for path in found:
        words = zstandard.ZstdCompressionDict(path.read_bytes())
        assert words.dict_id() == int(path.stem)
        assert unpack(zstandard.ZstdCompressor(dict_data=words).compress(_LONG)) == _LONG


def test_the_first_dictionary_is_what_it_was() -> None:
    assert unpack(_WRITTEN_ONCE) == b'{"origins":{"p-1":{"revision":1,"facts":[]}},"flags":{},"due":null,"x":"%s"}' % (
        b"0123456789" * 30
    )


@pytest.mark.parametrize("broken", [b"(", b"(not a frame", pack(_LONG)[:-3], pack(_LONG)[:9] + b"\xff" * 40])
def test_what_is_damaged_is_a_problem_and_never_another_value(broken: bytes) -> None:
    with pytest.raises(Problem, match="cannot be unpacked"):
        unpack(broken)


def test_an_unknown_dictionary_is_named() -> None:
    unknown = zstandard.train_dictionary(1024, [_LONG[at : at + 300] for at in range(600)], dict_id=4_711)
    frame = zstandard.ZstdCompressor(dict_data=unknown).compress(_LONG)
    with pytest.raises(Problem, match=r"4711\.zdict"):
        unpack(frame)


def test_threads_do_not_share_contexts() -> None:
    """A restored state is looked through in a thread while other tasks pack theirs."""
    wrong: list[int] = []

    def work(number: int) -> None:
        plain = orjson.dumps({"text": str(number) * 3_000})
        wrong.extend(1 for _ in range(500) if unpack(pack(plain)) != plain)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
