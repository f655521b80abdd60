"""Signatures: the specification's own vector, and everything that must not pass."""

import base64

import pytest

from services.adapters.webhook.signing import WINDOW_SECONDS, Rejected, Signer, secret_of, sign, verified
from services.runtime.errors import Problem

OLD = Signer("old", secret_of(b"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "old"))
NEW = Signer("new", bytes(range(32)))
AT = 1614265330
BODY = b'{"test": 2432232314}'


def test_the_vector_of_the_specification() -> None:
    headers = sign([OLD], "msg_p5jXN8AQM9LWM0D4loKWxJek", AT, BODY)
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert verified([OLD], headers, BODY, AT) == "old"


@pytest.mark.parametrize(("ours", "theirs"), [([OLD, NEW], [OLD]), ([NEW, OLD], [OLD]), ([OLD], [NEW, OLD])])
def test_a_secret_is_changed_without_a_moment_in_which_nothing_passes(ours: list[Signer], theirs: list[Signer]) -> None:
    assert verified(theirs, sign(ours, "id-1", AT, BODY), BODY, AT) == "old"
    assert verified(ours, sign(theirs, "id-1", AT, BODY), BODY, AT) in ("old", "new")


@pytest.mark.parametrize("shift", [WINDOW_SECONDS, -WINDOW_SECONDS, 0])
def test_a_clock_may_differ_a_little(shift: int) -> None:
    assert verified([OLD], sign([OLD], "id-1", AT, BODY), BODY, AT + shift) == "old"


@pytest.mark.parametrize(
    ("change", "body", "seconds", "words"),
    [
        ({"webhook-id": "id-2"}, BODY, AT, "no signature is right"),
        ({"webhook-timestamp": str(AT + 1)}, BODY, AT, "no signature is right"),
        ({}, BODY + b" ", AT, "no signature is right"),
        ({}, BODY, AT + WINDOW_SECONDS + 1, "from our clock"),
        ({}, BODY, AT - WINDOW_SECONDS - 1, "from our clock"),
        ({"webhook-signature": ""}, BODY, AT, "all needed"),
        ({"webhook-id": ""}, BODY, AT, "all needed"),
        ({"webhook-timestamp": "now"}, BODY, AT, "whole seconds"),
        ({"webhook-timestamp": "9" * 30}, BODY, AT, "whole seconds"),
        ({"webhook-signature": "v1,"}, BODY, AT, "no signature is right"),
        ({"webhook-signature": "v1,ungültig"}, BODY, AT, "no signature is right"),
        ({"webhook-signature": "v0,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="}, BODY, AT, "all needed"),
    ],
)
def test_what_was_changed_on_the_way_is_rejected(change: dict[str, str], body: bytes, seconds: int, words: str) -> None:
    headers = {**sign([OLD], "id-1", AT, BODY), **change}
    with pytest.raises(Rejected, match=words):
        verified([OLD], headers, body, seconds)


def test_another_units_key_does_not_pass_nor_does_none() -> None:
    headers = sign([NEW], "id-1", AT, BODY)
    for signers in ([OLD], []):
        with pytest.raises(Rejected):
            verified(signers, headers, BODY, AT)


@pytest.mark.parametrize(
    "text",
    [b"secret" * 8, b"whsec_!!", b"whsec_" + base64.b64encode(b"short"), b"whsec_" + base64.b64encode(bytes(65))],
)
def test_a_secret_that_is_none_is_a_clear_problem_that_does_not_quote_it(text: bytes) -> None:
    with pytest.raises(Problem, match="key k1") as caught:
        secret_of(text, "k1")
    assert text.decode() not in str(caught.value)
