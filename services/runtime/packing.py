"""State values as bytes: in a task's memory and in its changelog. Docs: docs/adr/0006-state-at-rest.md.

A household of twelve facts is 4 KB of JSON, most of it names of fields and the same few words. zstd makes a fifth of
it, in 5 µs, and JSON again in 2; the changelog shrinks as much, and so does a restore. (Without a dictionary of such
words it makes a quarter of it, in 9 µs and 5.)

A packed value says itself how it was packed: zstd frames begin with `(` and name their dictionary, JSON objects begin
with `{`. Short values stay JSON. `zstd -d -D services/runtime/dictionaries/NUMBER.zdict` unpacks a frame by hand.
"""

import threading
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import zstandard

from services.runtime.errors import Problem

__all__ = ["SHORT", "pack", "unpack"]

_DICTIONARIES = Path(__file__).parent / "dictionaries"
"""`NUMBER.zdict` has that number as its zstd dictionary id. What stands in a changelog needs its dictionary for ever:
add one with a higher number (`python -m benchmarks.state.dictionary`), never change or remove one."""

_LEVEL = 1
"""Level 3 saves another 3 % and costs a third more; from 6 on it costs five times as much."""

SHORT = 256
"""Values of fewer bytes are left alone: there is little to gain, and small jobs are in a hurry."""

_FRAME = b"("
"""The first byte of zstd's magic number; no JSON begins with it."""


def pack(plain: bytes) -> bytes:
    """The bytes of a JSON object, packed. The same bytes give the same result."""
    return plain if len(plain) < SHORT else _codec.compressor.compress(plain)


def unpack(packed: bytes) -> bytes:
    """The JSON that was packed. Raises Problem where this is not what `pack` makes, or its dictionary is missing."""
    if packed[:1] != _FRAME:
        return packed
    try:
        return _codec.decompressor(packed).decompress(packed)
    except zstandard.ZstdError as fault:
        raise Problem(f"a state value cannot be unpacked ({fault}); its changelog is damaged") from fault


@cache
def _dictionaries() -> Mapping[int, bytes]:
    return {int(path.stem): path.read_bytes() for path in _DICTIONARIES.glob("*.zdict")}


class _Codec(threading.local):
    """zstd's contexts, which may be in use in one thread only; they take the dictionary's tables with them."""

    def __init__(self) -> None:
        self._decompressors: dict[int, zstandard.ZstdDecompressor] = {}
        self._compressor: zstandard.ZstdCompressor | None = None

    @property
    def compressor(self) -> zstandard.ZstdCompressor:
        """With the newest dictionary."""
        if self._compressor is None:
            known = _dictionaries()
            words = zstandard.ZstdCompressionDict(known[max(known)])
            words.precompute_compress(level=_LEVEL)
            self._compressor = zstandard.ZstdCompressor(level=_LEVEL, dict_data=words, write_checksum=False)
        return self._compressor

    def decompressor(self, packed: bytes) -> zstandard.ZstdDecompressor:
        """With the dictionary that a frame names. Raises Problem where that is not among ours."""
        number = zstandard.get_frame_parameters(packed).dict_id
        found = self._decompressors.get(number)
        if found is None:
            try:
                words = zstandard.ZstdCompressionDict(_dictionaries()[number])
            except KeyError:
                raise Problem(
                    f"a state value needs the dictionary {number}.zdict, which services/runtime/dictionaries has not; "
                    "run the version that wrote it, or a newer one"
                ) from None
            found = self._decompressors[number] = zstandard.ZstdDecompressor(dict_data=words)
        return found


_codec = _Codec()
