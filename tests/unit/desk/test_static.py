"""What others wrote and browsers run is what was looked at: version, licence and sum."""

from hashlib import sha256

from services.desk.templates import STATIC

HTMX = ("2.0.8", "22283ef68cb7545914f0a88a1bdedc7256a703d1d580c1d255217d0a50d31313")


def test_htmx_is_the_one_that_was_chosen() -> None:
    content = (STATIC / "htmx.min.js").read_bytes()
    version, digest = HTMX
    assert sha256(content).hexdigest() == digest
    assert f'version:"{version}"'.encode() in content
    assert "Zero-Clause BSD" in (STATIC / "htmx.LICENSE.txt").read_text("utf-8")


def test_nothing_else_is_served_that_others_wrote() -> None:
    assert {path.name for path in STATIC.iterdir()} == {
        *("htmx.min.js", "htmx.LICENSE.txt", "desk.js", "desk.css", "kithline.svg"),
    }
