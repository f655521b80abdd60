"""Dead letters as people handle them: found by where they came from, shown safely, sent back. Pure.

The id of a dead letter is the place of the record that it keeps, `topic:partition:offset`; where one place has several
letters, `@partition:offset` of the letter itself follows.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from contracts.deadletters import DeadLetter
from contracts.instants import from_milliseconds
from services.runtime.errors import Problem
from services.runtime.fold import Record
from services.runtime.hkid import HKID, holds_hkid

__all__ = ["REPLAYED_FROM", "Kept", "again", "find", "keep", "listed", "shown"]

REPLAYED_FROM = "kl_replayed_from"
"""Header of a record that was sent again: the id of its dead letter's place. It says where from, never when: sent
twice, the two are equal, and the second is known as a duplicate."""

_MASK = b"[withheld]"
_ROW = 16


@dataclass(frozen=True, slots=True)
class Kept:
    """One dead letter with its own place on `dead.letters`; `id` is enough to name it among those it was read with."""

    letter: DeadLetter
    partition: int
    offset: int
    id: str

    @property
    def place(self) -> str:
        """Where the record that it keeps came from."""
        return _place(self.letter)

    @property
    def own_place(self) -> str:
        """Where the letter itself lies."""
        return f"{self.partition}:{self.offset}"


def keep(records: Iterable[Record]) -> list[Kept]:
    """The letters of `dead.letters`, in the order of their ids' places. Raises ValidationError for what is none."""
    letters = [(DeadLetter.model_validate_json(r.value), r.partition, r.offset) for r in records]
    places = Counter(_place(letter) for letter, _, _ in letters)
    kept = [
        Kept(
            letter,
            partition,
            offset,
            _place(letter) if places[_place(letter)] == 1 else f"{_place(letter)}@{partition}:{offset}",
        )
        for letter, partition, offset in letters
    ]
    return sorted(kept, key=lambda k: (k.letter.topic, k.letter.partition, k.letter.offset, k.partition, k.offset))


def _place(letter: DeadLetter) -> str:
    return f"{letter.topic}:{letter.partition}:{letter.offset}"


def find(kept: Sequence[Kept], wanted: str) -> Kept:
    """The letter of an id. Raises Problem where there is none, or more than one."""
    place, _, own = wanted.partition("@")
    found = [one for one in kept if one.place == place and own in ("", one.own_place)]
    if not found:
        raise Problem(
            f"no dead letter {wanted} among {len(kept)} on dead.letters; an id is topic:partition:offset of the "
            "record, as `kithline deadletters list` shows it"
        )
    if len(found) > 1:
        raise Problem(f"{wanted} has {len(found)} dead letters; name one: {', '.join(one.id for one in found)}")
    return found[0]


def listed(one: Kept) -> dict[str, str | int | bool]:
    """What may be listed: never the key, the headers or the value, and nothing of the shape of an identity."""
    letter = one.letter
    return {
        "id": one.id,
        "reason": letter.reason,
        "topic": letter.topic,
        "partition": letter.partition,
        "offset": letter.offset,
        "at": from_milliseconds(letter.timestamp_ms),
        "processor": letter.processor,
        "sealed": letter.sealed,
        "whole": letter.whole,
        "detail": HKID.sub(_MASK, letter.detail.encode()).decode(),
    }


def shown(data: bytes) -> str:
    """Bytes for a person's eyes: as text where they are printable text, else in hex. A terminal's control characters
    in a damaged record must not act on the terminal of whoever looks at it."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        text = ""
    if text and all(character.isprintable() or character in "\n\t" for character in text):
        return text
    starts = range(0, len(data), _ROW)
    return "\n".join(f"{start:08x}  {_hex_row(data[start : start + _ROW])}" for start in starts) or "(empty)"


def _hex_row(row: bytes) -> str:
    readable = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in row)
    return f"{row.hex(' '):{3 * _ROW - 1}}  {readable}"


def again(one: Kept, original: Record, value: bytes | None = None) -> Record:
    """The record to send back to where it came from, with `value` in place of its own where one is given.

    A new input record like any other: it is checked again. Raises Problem where it would carry identity, or
    where only a part of it is left."""
    if not one.letter.whole:
        raise Problem(f"{one.id}: was too large to be kept whole; its source must send it again, as events of its own")
    kept_headers = tuple((name, data) for name, data in original.headers if name != REPLAYED_FROM)
    record = replace(
        original,
        value=original.value if value is None else value,
        headers=(*kept_headers, (REPLAYED_FROM, one.place.encode())),
    )
    parts = [("key", record.key), ("value", record.value), *((f"header {name}", data) for name, data in record.headers)]
    where = [part for part, data in parts if holds_hkid(data)]
    if where:
        raise Problem(
            f"{one.id}: its {' and '.join(where)} has the shape of an HKID, and would put identity on the wire again; "
            "send a corrected value with --value FILE, or have its source send it anew under a pseudonym"
        )
    return record
