"""docs/guarantees.md: each of its sentences names a test that exists, or says why there is none."""

import re
from pathlib import Path

import pytest

import services

ROOT = Path(services.__file__).parents[1]
PAGE = (ROOT / "docs/guarantees.md").read_text(encoding="utf-8")
CLAIMS = [line for line in PAGE.splitlines() if line.startswith("- ")]


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim[2:60])
def test_a_claim_names_its_test(claim: str) -> None:
    named = re.findall(r"`([\w/]+\.py)::(test_\w+)`", claim)
    assert named or "No test: " in claim
    for path, name in named:
        assert f"def {name}(" in (ROOT / "tests" / path).read_text(encoding="utf-8"), f"{path} has no {name}"


def test_nothing_stands_on_the_page_but_claims() -> None:
    after = PAGE.split("## What is atomic")[1]
    assert [line for line in after.splitlines() if line and not line.startswith(("- ", "## "))] == []
    assert len(CLAIMS) > 25
