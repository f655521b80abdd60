"""For `make mutants` only (pyproject.toml, tool.mutmut): which tests a mutant is tried on, and how.

mutmut runs all tests once, to see which of them reach which function. Then it forks that process for each mutant and
runs there the tests that reach it. What was made by then (when modules were imported, in a cache) was made without the
mutant, and nobody would ever meet a mutant of what reads a policy. So a fork forgets all caches; and if it is about
something that ran when modules were imported, the modules too, and is tried on all tests.
"""

import gc
import json
import os
import sys
from collections.abc import Iterator
from functools import _lru_cache_wrapper
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from pytest import Config, ExitCode, Item, Session

if not hasattr(Item, "_nodeid"):
    # mutmut 3.7 asks every test for `_nodeid`, which pytest keeps under another name since 9.1; to be removed with the
    # mutmut that asks for `nodeid`
    Item._nodeid = property(lambda item: item.nodeid)  # type: ignore[attr-defined]

settings.register_profile("mutants", max_examples=15, derandomize=True, deadline=None, database=None)
settings.load_profile("mutants")
os.environ["KITHLINE_ORDERS"] = "2"

TOO_SLOW = (
    "test_bounds.py::test_districts",
    "test_erasure.py::test_late_old_facts_bring_nobody_back_in_any_order",
    "test_erasure.py::test_whatever_races_what_nothing_is_left_and_the_others_know_the_same",
    "test_in_memory.py::test_it_ends_so_with_state_that_is_packed_after_each_record",
    "test_person.py::test_a_wrong_merge_of_very_many_ids",
    "test_person.py::test_linked_ids_are_one_person_in_any_shape",
    "test_policy.py::test_policy_check_finds_nothing_in_the_policy_of_the_repository",
    "test_quick.py::test_rules_that_share_what_was_seen_say_the_same_as_each_alone",
    "test_quick.py::test_the_same_is_published",
    "test_quick.py::test_what_does_not_read_a_kind_says_the_same_without_it",
    "test_spreading.py::test_no_more_of_a_list_runs_out_in_a_day_than_a_unit_has_visits",
    "test_territory.py::test_every_task_has_an_owner_or_waits_in_a_queue_with_an_alert",
)
"""Most of the time of all. A mutant that only these would notice counts as one that survived."""

MOST_RECORDS = 2
"""Examples of rules are tried in every order if they have no more records: of six there are 720 orders."""

AT_IMPORT = Path("functions-at-import.json")
"""In mutmut's folder, where the tests run."""


def under_test() -> str:
    """The mutant of this process, "stats" while mutmut sees what reaches what, or empty."""
    return os.environ.get("MUTANT_UNDER_TEST", "")


def pytest_load_initial_conftests() -> None:
    """In the fork of a mutant, before anything of the line is imported."""
    function, is_mutant, _ = under_test().partition("__mutmut_")
    if not is_mutant:
        return
    if function in json.loads(AT_IMPORT.read_text()):
        for name in [name for name in sys.modules if _is_of_the_line(name) and name != __name__]:
            del sys.modules[name]
    else:
        for kept in _caches():
            kept.cache_clear()


def _is_of_the_line(module: str) -> bool:
    return module.partition(".")[0] in ("contracts", "services", "tests")


def _caches() -> Iterator["_lru_cache_wrapper[Any]"]:
    for thing in gc.get_objects():
        if isinstance(thing, _lru_cache_wrapper) and str(thing.__module__).startswith(
            ("contracts", "services", "tests")
        ):
            yield thing


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: Config, items: list[Item]) -> None:
    """Leaves the slow ones out."""
    slow = {item for item in items if _is_slow(item)}
    config.hook.pytest_deselected(items=slow)
    items[:] = [item for item in items if item not in slow]


def _is_slow(item: Item) -> bool:
    if "test_an_example_is_true_in_every_order" in item.nodeid:
        return len(item.callspec.params["example"].given) > MOST_RECORDS  # type: ignore[attr-defined]
    return any(name in item.nodeid for name in TOO_SLOW)


class Reached:
    """While mutmut sees what reaches what: which functions ran when modules were imported, or made what all tests
    share; and what a test finds in a cache does not hide what it needs."""

    def __init__(self) -> None:
        self.at_import: set[str] = set()
        self.caches: list[_lru_cache_wrapper[Any]] = []

    def pytest_collection_finish(self) -> None:
        import mutmut

        from tests.scenarios.memory import processors

        for units in (False, True):
            processors(units)
        self.at_import = set(mutmut._stats)
        AT_IMPORT.write_text(json.dumps(sorted(self.at_import)))
        self.caches = [kept for kept in _caches() if not str(kept.__module__).startswith("tests")]

    def pytest_runtest_setup(self) -> None:
        for kept in self.caches:
            kept.cache_clear()

    def pytest_sessionfinish(self) -> None:
        import mutmut

        for function in self.at_import:
            mutmut.tests_by_mangled_function_name[function].update(mutmut.duration_by_test)


def pytest_configure(config: Config) -> None:
    if under_test() == "stats":
        config.pluginmanager.register(Reached())


def pytest_sessionfinish(session: Session, exitstatus: int) -> None:
    """A mutant with which tests cannot even be collected is killed, not interrupted."""
    if exitstatus == ExitCode.INTERRUPTED and session.testsfailed:
        session.exitstatus = ExitCode.TESTS_FAILED
