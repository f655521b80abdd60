"""docs/upstream.md names tests that exist, and all of those that show a fault."""

import re
from pathlib import Path

import services

_ROOT = Path(services.__file__).parents[1]
_PAGE = (_ROOT / "docs/upstream.md").read_text(encoding="utf-8")
_TESTS = {path: path.read_text(encoding="utf-8") for path in (_ROOT / "tests").rglob("test_*.py")}


def test_every_file_and_test_that_the_page_names_exists() -> None:
    files = re.findall(r"`((?:unit|integration|faults)/[\w/]+\.py)", _PAGE)
    assert files
    assert not [name for name in files if _ROOT / "tests" / name not in _TESTS]
    names = set(re.findall(r"::(test_\w+)", _PAGE))
    everything = "\n".join(_TESTS.values())
    assert not [name for name in names if f"def {name}" not in everything]


def test_every_test_of_an_upstream_fault_stands_on_the_page() -> None:
    ours = [text for path, text in _TESTS.items() if path.stem.startswith("test_upstream") and path != Path(__file__)]
    named = re.findall(r"def (test_\w+)", "\n".join(ours))
    families = re.findall(r"::(test_\d+_)…", _PAGE)
    missing = [name for name in named if name not in _PAGE and not name.startswith(tuple(families))]
    assert not missing
