"""Private names of libraries that we depend on: whoever upgrades learns here what is gone; and there are no more."""

import ast
import inspect
import sys
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path

import faust
import mode
import pytest

import services

_FOLDER = Path(services.__file__).parent

_KNOWN = {
    "_exit": "os: public, documented; the end without goodbye",
    "_current_frames": "sys: documented, for debuggers; where a blocked loop stands",
    "_asdict": "of a named tuple: public, documented",
    "_replace": "of a named tuple: public, documented",
}

_WITH_SERVICES = (
    *("runtime.app", "runtime.gate", "runtime.processor", "runtime.watchdog", "runtime.http"),
    *("book.inbox", "book.opened", "book.outbox"),
    *("adapters.channel", "adapters.webhook.sending", "adapters.fhir.notifying"),
    "adapters.csv_drop.drop",
)
"""Modules with services of Faust's or mode's kind."""

_OVERRIDDEN = {"_setproctitle": faust.Worker}
"""Private methods of a library's class that a class of ours replaces."""


@cache
def _modules() -> tuple[tuple[str, ast.Module], ...]:
    return tuple(
        (str(path.relative_to(_FOLDER)), ast.parse(path.read_text(encoding="utf-8")))
        for path in sorted(_FOLDER.rglob("*.py"))
    )


def _is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def test_faust_still_renames_the_process_by_the_method_that_we_override() -> None:
    assert list(inspect.signature(faust.Worker._setproctitle).parameters) == ["self", "info", "ident"]
    assert 'self._setproctitle("init")' in inspect.getsource(faust.Worker)


def test_python_still_tells_where_a_thread_stands() -> None:
    assert all(inspect.isframe(frame) for frame in sys._current_frames().values())


def test_no_private_attribute_of_anybody_elses_is_used_but_the_known_ones() -> None:
    """Of `self` and `cls` the names are our own, unless a library's class stands above (see the next test)."""
    used = {
        (node.attr, module)
        for module, tree in _modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and _is_private(node.attr)
        if not (isinstance(node.value, ast.Name) and node.value.id in ("self", "cls"))
    }
    ours = {
        node.name
        for _, tree in _modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert {name for name, _ in used} - ours <= {*_KNOWN}, used


def test_nothing_private_is_imported() -> None:
    imported = {
        f"{module}: {node.module}.{alias.name}"
        for module, tree in _modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] != "services"
        for alias in node.names
        if _is_private(alias.name) or any(_is_private(part) for part in node.module.split("."))
    }
    assert not imported


def test_no_class_of_ours_replaces_a_private_name_of_its_librarys_but_the_known_one() -> None:
    """Also by accident: a private name of ours that a library's class above has too."""
    modules = [import_module(f"services.{name}") for name in _WITH_SERVICES]
    ours = {cls for module in modules for cls in vars(module).values() if isinstance(cls, type)}
    ours = {cls for cls in ours if cls.__module__ in {module.__name__ for module in modules}}
    derived = {cls for cls in ours if any(not _is_ours(base) for base in cls.__mro__[1:-1])}
    services_of_mode = {cls for cls in _all_subclasses(mode.Service) if _is_ours(cls)}
    assert services_of_mode <= derived  # none was forgotten
    for cls in derived:
        theirs = {name for base in cls.__mro__[1:] if not _is_ours(base) for name in vars(base)}
        if issubclass(cls, mode.Service):
            theirs |= {*vars(_Bare())}
        assert _private_names(cls) & theirs <= {*_OVERRIDDEN}, cls


class _Bare(mode.Service):  # type: ignore[misc]
    """Has the attributes of every service of mode's."""


def _is_ours(cls: type) -> bool:
    return cls.__module__.startswith("services.")


def _private_names(cls: type) -> set[str]:
    """Of a class's methods, and of the attributes that they set."""
    [body] = ast.parse(inspect.getsource(cls)).body
    defined = {node.name for node in ast.walk(body) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    set_ = {node.attr for node in ast.walk(body) if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)}
    return {name for name in defined | set_ if _is_private(name)}


def _all_subclasses(base: type) -> Iterator[type]:
    for cls in base.__subclasses__():
        yield cls
        yield from _all_subclasses(cls)


@pytest.mark.parametrize(
    "path",
    [
        "aiokafka.producer.message_accumulator.BatchBuilder",
        "aiokafka.coordinator.assignors.range.RangePartitionAssignor",
        "aiokafka.structs.OffsetAndMetadata",
        "aiokafka.client.AIOKafkaClient",
        "faust.app.base.BootStrategy",
        "mode.types.ServiceT",
    ],
)
def test_names_that_are_public_but_not_promised_are_where_we_import_them(path: str) -> None:
    module, _, name = path.rpartition(".")
    __import__(module)
    assert hasattr(sys.modules[module], name)
