"""Which records have to do with each other: whose ids one event names together. Pure.

Two records are connected where they name one id: a person, a tenancy, a flat, a household. What is not connected never
meets in the line: every state lies under such an id, and every record that a service sends follows from one. So
connected records must keep their order among each other, and others need not even be seen by the same process.
"""

from collections.abc import Iterable
from typing import Any

from contracts.ids import (
    contact_id,
    household_of_address,
    household_of_block,
    household_of_person,
    household_of_tenancy,
    is_person,
)

__all__ = ["Connections", "Forest", "blocks_in", "ids_in"]

_CONNECTING = frozenset(
    {"person_id", "caller_person_id", "cared_for_person_id", "retired_person_id", "tenancy_id", "household_tenancy_id"}
    | {"address_unit_id", "household_id"}
)
"""Fields whose values tie records together. (A block ties its flats only where something happened to all of it.)"""

_HOUSEHOLDS = (household_of_tenancy, household_of_person, household_of_address, household_of_block)
"""From what households' ids are made."""


def ids_in(content: Any) -> list[str]:
    """The connecting ids that a record's value names, at any depth; `content` is the value as JSON has it."""
    found: list[str] = []
    _collect(content, found, {}, set())
    return found


def blocks_in(content: Any) -> tuple[dict[str, set[str]], set[str]]:
    """(the flats by block that a record's value names, the blocks that it names without a flat)."""
    flats: dict[str, set[str]] = {}
    struck: set[str] = set()
    _collect(content, [], flats, struck)
    return flats, struck


def _collect(content: Any, found: list[str], flats: dict[str, set[str]], struck: set[str]) -> None:
    """Into `flats` go a block's flats, as addresses name them; into `struck` blocks that are named without a flat."""
    if type(content) is dict:
        for name, value in content.items():
            if type(value) is str:
                if name in _CONNECTING:
                    found.append(value)
            elif value:
                _collect(value, found, flats, struck)
        block = content.get("block_id")
        if type(block) is str:
            unit = content.get("address_unit_id")
            if type(unit) is str:
                flats.setdefault(block, set()).add(unit)
            else:
                struck.add(block)
    elif type(content) is list:
        for value in content:
            _collect(value, found, flats, struck)


class Forest:
    """A union-find forest over names; each has a number."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._parents: list[int] = []

    def __contains__(self, name: str) -> bool:
        return name in self._numbers

    def names(self) -> list[str]:
        """All names, in the order in which they came."""
        return list(self._numbers)

    def join(self, names: Iterable[str]) -> int:
        """Connects names (at least one), and all that are connected with them. Returns the first one's number."""
        first = -1
        for name in names:
            number = self._numbers.get(name)
            if number is None:
                number = self._numbers[name] = len(self._parents)
                self._parents.append(number)
            if first < 0:
                first = number
            elif (root := self.root(number)) != (other := self.root(first)):
                self._parents[root] = other
        return first

    def root(self, number: int) -> int:
        """The number that stands for all that are connected with this one. Further joins may change it."""
        parents = self._parents
        while parents[number] != number:
            parents[number] = parents[parents[number]]
            number = parents[number]
        return number


class Connections:
    """What the records of a file connect."""

    def __init__(self) -> None:
        self.forest = Forest()
        self._flats: dict[str, set[str]] = {}
        self._struck: set[str] = set()
        self._households = False

    def enter(self, topic: str, key: str, content: Any, source: str, event: str) -> int:
        """Connects all ids that a record names; returns a number whose root is asked for once all are entered.
        `content` is its value as JSON has it (None: unreadable); `source` and `event` are of its envelope."""
        ids: list[str] = []
        _collect(content, ids, self._flats, self._struck)
        if topic == "community.observations" and not is_person(key):
            # keyed by a block, of which the feed's service knows no more than what was said under this event's id
            if key in self._struck:
                ids.append(key)
            ids.append(f"{key} {source} {event}")
        else:
            ids.append(key)
            if type(content) is dict and content.get("erase"):  # a word to a person's keeper, or to all of a block
                ids.append(str(content.get("of", key)))
                if topic == "address.facts":
                    self._struck.add(key)
            if topic == "hotline.contacts" and not is_person(key):
                ids.append(contact_id(source, event))
            self._households = self._households or key.startswith("h-")
        return self.forest.join(ids)

    def complete(self) -> None:
        """To be called once all records are entered: joins blocks to which something happened with their flats, and
        households that answers and decisions name with the tenancies and persons that their ids are derived from."""
        for block in sorted(self._struck):
            self.forest.join([block, *sorted(self._flats.get(block, ()))])
        if self._households:
            for name in self.forest.names():
                for household in (made(name) for made in _HOUSEHOLDS):
                    if household in self.forest:
                        self.forest.join([name, household])
