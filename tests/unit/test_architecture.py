"""The list of pure modules in pyproject.toml is complete, and import-linter holds it (`make check`)."""

import tomllib
from pathlib import Path

import services
from services.runtime.settings import WEB_ORDER

_ROOT = Path(services.__file__).parents[1]

_WIRING = {"__init__", "__main__", "app"}
"""What is not thinking in a service's folder."""


def _pure() -> set[str]:
    settings = tomllib.loads((_ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    return set(next(contract["source_modules"] for contract in contracts if contract["id"] == "pure"))


def test_every_thinking_module_of_a_service_is_held_to_purity() -> None:
    """A service's folder holds its wiring and its thinking; what does I/O lives in services/runtime."""
    thinking = {
        f"services.{name}.{path.stem}"
        for name in WEB_ORDER
        for path in (_ROOT / "services" / name).glob("*.py")
        if path.stem not in _WIRING
    }
    assert thinking <= _pure()


def test_the_list_names_only_modules_that_exist() -> None:
    missing = [name for name in _pure() if not (_ROOT / f"{name.replace('.', '/')}.py").exists()]
    assert not missing
