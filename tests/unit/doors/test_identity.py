"""Pseudonyms and check digits."""

from pathlib import Path

import pytest

from services.doors.identity import DEMO_KEY, IdentityProblem, Pseudonyms, check_digit, event_id, has_identity
from services.doors.settings import pseudonyms
from services.runtime.errors import Problem
from services.runtime.secret import machine_key

from .hl7_text import KEY, hkid


@pytest.mark.parametrize(
    ("letters", "digits", "digit"), [("A", "123456", "3"), ("G", "123456", "A"), ("K", "123456", "0")]
)
def test_check_digits_against_published_examples(letters: str, digits: str, digit: str) -> None:
    assert check_digit(letters, digits) == digit


def test_the_pseudonym_depends_on_key_namespace_and_person() -> None:
    one = Pseudonyms(KEY).of(hkid())
    assert one == Pseudonyms(KEY).of(hkid().replace("(", " ").replace(")", "").lower())
    assert (
        len({one, Pseudonyms(KEY + b"!").of(hkid()), Pseudonyms(KEY, "unit").of(hkid()), Pseudonyms(KEY).of(hkid("B"))})
        == 4
    )
    assert one.startswith("p-")
    assert len(one) == 34
    assert KEY.decode() not in repr(Pseudonyms(KEY))


def test_refusals_do_not_quote() -> None:
    with pytest.raises(IdentityProblem) as caught:
        Pseudonyms(KEY).of(hkid(right=False))
    assert "123456" not in str(caught.value)


def test_the_key_must_be_set_and_must_not_be_the_public_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KITHLINE_PSEUDONYM_KEY", raising=False)
    with pytest.raises(Problem, match="KITHLINE_PSEUDONYM_KEY is not set"):
        pseudonyms(synthetic=False)
    assert pseudonyms(synthetic=True) == Pseudonyms(DEMO_KEY, digits="wrong")
    trial = pseudonyms(synthetic=False, trial=True)
    assert trial.key not in (DEMO_KEY, b"")
    assert trial.of(hkid(right=False)) != trial.of(hkid())  # takes any check digit
    for key, says in (("short", "too short"), (DEMO_KEY.decode(), "public key")):
        monkeypatch.setenv("KITHLINE_PSEUDONYM_KEY", key)
        with pytest.raises(Problem, match=says):
            pseudonyms(synthetic=False)
    monkeypatch.setenv("KITHLINE_PSEUDONYM_KEY", KEY.decode())
    monkeypatch.setenv("KITHLINE_PSEUDONYM_KEY_EPOCH", "3")
    assert pseudonyms(synthetic=False) == Pseudonyms(KEY, epoch=3)


def test_the_trial_key_is_made_once_and_kept_from_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    key = machine_key()
    assert key == machine_key()
    (file,) = (tmp_path / "kithline").iterdir()
    assert file.stat().st_mode & 0o077 == 0
    file.write_bytes(b"damaged")
    assert len(machine_key()) == 32
    monkeypatch.setenv("XDG_DATA_HOME", "/dev/null")
    assert len(machine_key()) == 32


def test_what_has_the_form_of_an_hkid() -> None:
    for text in ("A123456(7)", "note AB1234567 end", '"A1234560"'):
        assert has_identity(text.encode())
    for text in ("HN2600000059", "T-0000001", "A12345678", "p-" + "0" * 32, "SSP-1234567"):
        assert not has_identity(text.encode())
    assert event_id("CMC", "1") != event_id("CMC1", "")
