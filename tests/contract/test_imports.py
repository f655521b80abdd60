"""`contracts` is what outside teams may import: it needs pydantic and nothing else."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import contracts

_ALLOWED = {"contracts", "pydantic", "typing_extensions", *sys.stdlib_module_names}
"""pydantic brings typing_extensions, and asks for its TypedDict on Python 3.11."""


def test_contracts_import_pydantic_and_the_standard_library_only() -> None:
    folder = Path(contracts.__file__).parent
    wrong = {
        f"{path.relative_to(folder)}: {name}"
        for path in folder.rglob("*.py")
        for name in _imported(ast.parse(path.read_text(encoding="utf-8")))
        if name not in _ALLOWED
    }
    assert not wrong


def _imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module.partition(".")[0]
