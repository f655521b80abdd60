"""Dead letters keep every byte, and show none of it where it carries identity."""

import base64
from dataclasses import replace

import pytest
from nacl.public import PrivateKey

from contracts.deadletters import Reason
from services.runtime.errors import Problem
from services.runtime.fold import Dead, Record
from services.runtime.letters import MAX_KEPT_BYTES, Sealer, record_of_letter
from services.runtime.topics import topics

_VAULT = PrivateKey.generate()
_PUBLIC = base64.b64encode(bytes(_VAULT.public_key)).decode()
_RECORD = Record(
    topic="hospital.admissions",
    key=b"p-1",
    value=b"\xff not JSON, A123456(3)",
    headers=(("ce_id", b"1"), ("ce_id", b"\x00")),
    partition=2,
    offset=17,
    timestamp=1_750_000_000_000,
)


def test_a_letter_gives_back_the_record_as_it_came() -> None:
    letter = Sealer(_PUBLIC).letter("admission", Dead(_RECORD, "unreadable", "not UTF-8"))
    assert record_of_letter(letter) == _RECORD
    assert (letter.processor, letter.reason, letter.sealed) == ("admission", "unreadable", False)


def test_a_sealed_letter_shows_nothing_and_opens_only_with_the_vaults_key() -> None:
    letter = Sealer(_PUBLIC).letter("admission", Dead(_RECORD, "identity", "HKID in value"))
    assert letter.sealed
    assert letter.key is None
    assert letter.headers == []
    assert base64.b64encode(_RECORD.value).decode() not in letter.model_dump_json()
    assert record_of_letter(letter, bytes(_VAULT)) == _RECORD
    with pytest.raises(Problem, match="only the vault"):
        record_of_letter(letter)
    with pytest.raises(Problem, match="does not open"):
        record_of_letter(letter, bytes(PrivateKey.generate()))


@pytest.mark.parametrize("key", [None, "", "not base64!", base64.b64encode(b"short").decode()])
def test_without_a_usable_key_nothing_starts(key: str | None) -> None:
    with pytest.raises(Problem, match="KITHLINE_VAULT_PUBLIC_KEY"):
        Sealer(key)


@pytest.mark.parametrize("reason", ["invalid", "identity"])
@pytest.mark.parametrize(
    "large",
    [
        replace(_RECORD, value=b"x" * MAX_KEPT_BYTES * 40),
        replace(_RECORD, key=b"x" * MAX_KEPT_BYTES),
        replace(_RECORD, headers=(("ce_id", b"x" * MAX_KEPT_BYTES),)),
        replace(_RECORD, value=b"x" * (MAX_KEPT_BYTES - 100)),
    ],
)
def test_however_large_a_record_is_its_letter_can_be_written(large: Record, reason: Reason) -> None:
    letter = Sealer(_PUBLIC).letter("admission", Dead(large, reason, "why"))
    room = int(topics()["dead.letters"].configuration["max.message.bytes"])
    assert len(letter.model_dump_json()) < room - 10_000
    kept = record_of_letter(letter, bytes(_VAULT))
    assert letter.whole == (kept == large)
    assert large.value.startswith(kept.value) and kept.value
