"""Dead letters in people's hands: named, shown safely, sent back as they came or corrected."""

import base64
import json
import stat
from dataclasses import replace
from pathlib import Path

import pytest
from nacl.public import PrivateKey

from contracts.deadletters import DeadLetter, Reason
from services.register.welfare import PROCESSOR
from services.runtime import vault_log
from services.runtime.errors import Problem
from services.runtime.fold import Dead, Record, encode
from services.runtime.folding import MemoryStore, Task
from services.runtime.letter_box import REPLAYED_FROM, again, find, keep, listed, shown
from services.runtime.letters import MAX_KEPT_BYTES, Sealer, record_of_letter
from tests.scenario import expand

VAULT = PrivateKey.generate()
SEALER = Sealer(base64.b64encode(bytes(VAULT.public_key)).decode())
HKID = b"A123456(7)"


def letter(record: Record, reason: Reason = "invalid", detail: str = "starts_at: missing", offset: int = 0) -> Record:
    """A record of dead.letters."""
    written = encode(SEALER.letter("hotline", Dead(record, reason, detail)))
    return Record("dead.letters", record.key, written, partition=1, offset=offset)


CALL = Record("hotline.contacts", b"p-1", b'{"a": 1}', (("ce_id", b"e-1"),), 2, 17, 1_780_000_000_000)


def test_an_id_is_the_place_of_the_record() -> None:
    other = Record("welfare.register", b"p-2", b"{}", (), 0, 3)
    kept = keep([letter(CALL), letter(other, offset=1)])
    assert [one.id for one in kept] == ["hotline.contacts:2:17", "welfare.register:0:3"]
    assert find(kept, "welfare.register:0:3").letter.topic == "welfare.register"
    assert find(kept, "welfare.register:0:3@1:1") is kept[1]
    with pytest.raises(Problem, match=r"no dead letter hotline\.contacts:2:18 among 2"):
        find(kept, "hotline.contacts:2:18")


def test_two_letters_of_one_place_are_told_apart_by_their_own() -> None:
    kept = keep([letter(CALL), letter(CALL, "id_reused", offset=5)])
    assert [one.id for one in kept] == ["hotline.contacts:2:17@1:0", "hotline.contacts:2:17@1:5"]
    with pytest.raises(Problem, match="2 dead letters"):
        find(kept, "hotline.contacts:2:17")
    assert find(kept, kept[1].id).letter.reason == "id_reused"


def test_a_list_shows_nothing_of_what_letters_hold() -> None:
    secret = Record("hotline.contacts", b"p-secret", b'{"name": "secret"}', (("ce_subject", b"p-secret"),), 2, 18)
    (one,) = keep([letter(secret, detail=f"topics.0: not {HKID.decode()}")])
    row = json.dumps(listed(one))
    assert "secret" not in row
    assert HKID.decode() not in row
    assert "[withheld]" in row
    assert listed(one)["reason"] == "invalid"


def test_bytes_are_shown_as_text_or_hex_and_never_act_on_the_terminal() -> None:
    assert shown("照顧者\n{}".encode()) == "照顧者\n{}"
    assert shown(b"\xff\x00abc") == "00000000  ff 00 61 62 63" + 35 * " " + "..abc"
    assert "\x1b" not in shown(b"\x1b]0;gone\x07")
    assert shown(b"") == "(empty)"
    assert len(shown(bytes(range(256))).splitlines()) == 16


def test_a_replayed_record_is_the_original_with_its_origin() -> None:
    (one,) = keep([letter(CALL)])
    record = again(one, record_of_letter(one.letter))
    assert (record.topic, record.key, record.value) == (CALL.topic, CALL.key, CALL.value)
    assert record.headers == (("ce_id", b"e-1"), (REPLAYED_FROM, b"hotline.contacts:2:17"))
    (twice,) = keep([letter(Record(record.topic, record.key, record.value, record.headers, 0, 99))])
    assert again(twice, record_of_letter(twice.letter)).headers[-1] == (REPLAYED_FROM, b"hotline.contacts:0:99")
    assert len(again(twice, record_of_letter(twice.letter)).headers) == 2
    assert again(one, record_of_letter(one.letter), b'{"a": 2}').value == b'{"a": 2}'


def test_a_replay_of_what_was_applied_after_all_is_a_duplicate() -> None:
    (record,) = expand([{"type": "register.service_enrolled", "subject": "anna", "kind": "home_care"}])
    (one,) = keep([letter(record, "fold_failed")])
    task = Task(PROCESSOR, MemoryStore())
    first, second = (turn for given in (record, again(one, record)) for turn in task.take(given))
    assert first.outputs
    assert second.duplicate
    assert not second.dead


def test_identity_does_not_go_back_on_the_wire() -> None:
    with_identity = Record(CALL.topic, CALL.key, b'{"a": "' + HKID + b'"}', CALL.headers, 2, 19)
    (one,) = keep([letter(with_identity, "identity")])
    assert one.letter.sealed
    opened = record_of_letter(one.letter, bytes(VAULT))
    assert opened.value == with_identity.value
    with pytest.raises(Problem, match="its value has the shape of an HKID"):
        again(one, opened)
    assert again(one, opened, b'{"a": 1}').value == b'{"a": 1}'


def test_openings_are_logged_with_who_when_and_which(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    vault_log.log_opening("hotline.contacts:2:19", "show")
    path = vault_log.log_opening("hotline.contacts:2:20", "replay")
    entries = [json.loads(line) for line in path.read_text().splitlines()]
    assert [(one["letter"], one["purpose"]) for one in entries] == [
        ("hotline.contacts:2:19", "show"),
        ("hotline.contacts:2:20", "replay"),
    ]
    assert all(one["who"] and one["timestamp"].endswith("Z") for one in entries)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_what_cannot_be_logged_is_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "kithline").write_text("a file where the folder should be")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    with pytest.raises(Problem, match="nothing sealed is opened, and nobody erased, without an entry"):
        vault_log.log_opening("hotline.contacts:2:19", "show")


def test_the_vaults_key_is_read_in_its_usual_forms(tmp_path: Path) -> None:
    path = tmp_path / "key"
    for form in (bytes(VAULT), base64.b64encode(bytes(VAULT)) + b"\n", bytes(VAULT).hex().encode()):
        path.write_bytes(form)
        assert vault_log.read_private_key(path) == bytes(VAULT)
    path.write_bytes(b"not a key")
    with pytest.raises(Problem, match="is not the vault's private key"):
        vault_log.read_private_key(path)
    with pytest.raises(Problem, match="cannot read the vault's key"):
        vault_log.read_private_key(tmp_path / "missing")


def test_letters_on_the_topic_are_of_the_contract() -> None:
    assert DeadLetter.model_validate_json(letter(CALL).value).topic == CALL.topic


def test_what_is_not_whole_is_not_sent_back() -> None:
    large = replace(CALL, value=b"x" * (MAX_KEPT_BYTES + 1))
    (one,) = keep([letter(large)])
    assert listed(one)["whole"] is False
    with pytest.raises(Problem, match="too large"):
        again(one, record_of_letter(one.letter))
