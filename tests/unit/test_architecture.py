"""The list of pure modules in pyproject.toml is complete, and import-linter holds it (`make check`)."""

import tomllib
from pathlib import Path

import services
from services.runtime.settings import BESIDE_THE_LINE, WEB_ORDER

_ROOT = Path(services.__file__).parents[1]

_WIRING = {"__init__", "__main__", "app"}
"""What is not thinking in a service's folder."""

_AT_A_DOOR = BESIDE_THE_LINE | {"adapters"}
"""Services with stores and doors of their own; what thinks there is listed by hand."""


def _pure() -> set[str]:
    settings = tomllib.loads((_ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    return set(next(contract["source_modules"] for contract in contracts if contract["id"] == "pure"))


def test_every_thinking_module_of_a_service_is_held_to_purity() -> None:
    """A service's folder holds its wiring and its thinking; what does I/O lives in services/runtime."""
    thinking = {
        f"services.{name}.{path.stem}"
        for name in WEB_ORDER
        if name not in _AT_A_DOOR
        for path in (_ROOT / "services" / name).iterdir()
        if (path.suffix == ".py" and path.stem not in _WIRING) or (path / "__init__.py").exists()
    }
    assert thinking <= _pure()


def test_the_list_names_only_modules_and_packages_that_exist() -> None:
    """(A package is held to purity with all that is in it.)"""
    places = {name: _ROOT / name.replace(".", "/") for name in _pure()}
    missing = [
        name
        for name, place in places.items()
        if not place.with_suffix(".py").exists() and not (place / "__init__.py").exists()
    ]
    assert not missing
