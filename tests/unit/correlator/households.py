"""A household as its correlator sees it after some lines of feeds, and one episode of it: for tests of facts."""

from collections.abc import Iterable

from services.correlator.episodes import EPISODES, Candidate
from services.correlator.facts import FACTS, Seen
from services.correlator.view import Household
from services.line import Line
from services.policy import load_sources
from tests.scenario import AS_OF, Short, expand
from tests.scenarios.memory import POLICY, processors
from tests.scenarios.model import home

__all__ = ["episodes_of", "household_of", "look"]

SOURCES = load_sources(POLICY)


def household_of(lines: Iterable[Short], of: str = "household T1") -> Household:
    """The household `of` (as `tests.scenarios.model.home` reads it, or an id) when all lines have come in."""
    line = Line(processors(), AS_OF)
    for record in expand(lines):
        for _, turn in line.take(record):
            assert not turn.dead
    (correlator,) = [task for task in line.tasks if task.processor.name == "correlator"]
    state = correlator.store.get(of if of.startswith("h-") else home(of))
    assert state is not None, f"nothing is known of {of}"
    told = {origin: said["facts"] for origin, said in sorted(state["origins"].items()) if said["facts"]}
    return Household(state_id(of), told, frozenset(kind for facts in told.values() for kind in facts), SOURCES)


def state_id(of: str) -> str:
    return of if of.startswith("h-") else home(of)


def episodes_of(household: Household, kind: str, as_of: str = AS_OF) -> list[Candidate]:
    """All episodes of one kind."""
    return list(EPISODES[kind].enumerate(household, as_of, kind))


def look(fact: str, kind: str, lines: Iterable[Short], of: str = "household T1", as_of: str = AS_OF) -> Seen:
    """What a fact function sees in the only episode of a kind."""
    (candidate,) = episodes_of(household_of(lines, of), kind, as_of)
    return FACTS[fact](candidate)
