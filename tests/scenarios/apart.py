"""Scenarios beside each other on one line: each gets ids of its own, and its flags and tasks are told in the old ones.

Every scenario speaks of Anna and of tenancy T1. On one cluster these would be the same people; so each scenario's ids
are replaced on the way in and put back on the way out. Persons keep their order, since the smallest id of several
stands for a merged person.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import orjson

from contracts.ids import contact_id, household_of_person, household_of_tenancy
from services.runtime.fold import Record
from tests.scenario import SOURCES

__all__ = ["Apart"]

_PERSON = re.compile(r"p-[0-9a-f]{32}")
_TENANCY = ("tenancy_id", "household_tenancy_id")
_PLACE = ("address_unit_id", "block_id")


class Apart:
    """The ids of scenario number `number`, in and out."""

    def __init__(self, number: int, records: Iterable[Record]) -> None:
        self._number = number
        self.inward: dict[str, str] = {}
        for record in records:
            self._learn(record)
        self.outward = {new: old for old, new in self.inward.items()}

    def _learn(self, record: Record) -> None:
        event = dict(record.headers)["ce_id"].decode()
        self._pair(event, f"{event}-{self._number}")
        source = SOURCES["hotline.contacts"]
        self._pair(contact_id(source, event), contact_id(source, f"{event}-{self._number}"))
        contact, apart = contact_id(source, event), contact_id(source, f"{event}-{self._number}")
        self._pair(household_of_person(contact), household_of_person(apart))
        for found in _PERSON.findall(record.value.decode(errors="replace") + record.key.decode()):
            mine = f"{found[:26]}{self._number:08x}"
            self._pair(found, mine)
            self._pair(household_of_person(found), household_of_person(mine))
        for name, value in _fields(_content(record)):
            if name in _TENANCY:
                mine = f"{value}-{self._number}"
                self._pair(value, mine)
                self._pair(household_of_tenancy(value), household_of_tenancy(mine))
            elif name in _PLACE:
                self._pair(value, f"{value}-{self._number}")

    def _pair(self, old: str, new: str) -> None:
        self.inward[old] = new

    def sent(self, record: Record) -> Record:
        """The record in this scenario's own ids."""
        content = _content(record)
        value = record.value if content is None else orjson.dumps(_replaced(content, self.inward))
        headers = tuple((name, self._text(text.decode()).encode()) for name, text in record.headers)
        return Record(record.topic, self._text(record.key.decode()).encode(), value, headers)

    def _text(self, text: str) -> str:
        return self.inward.get(text, text)

    def told(self, item: Mapping[str, Any]) -> dict[str, Any]:
        """A flag or task in the ids in which the scenario speaks."""
        replaced: dict[str, Any] = _replaced(dict(item), self.outward)
        return replaced


def _content(record: Record) -> Any:
    try:
        return orjson.loads(record.value)
    except orjson.JSONDecodeError:
        return None


def _fields(content: Any) -> Iterator[tuple[str, str]]:
    if isinstance(content, dict):
        for name, value in content.items():
            if isinstance(value, str):
                yield name, value
            else:
                yield from _fields(value)
    elif isinstance(content, list):
        for value in content:
            yield from _fields(value)


def _replaced(content: Any, by: Mapping[str, str]) -> Any:
    if isinstance(content, str):
        return by.get(content, content)
    if isinstance(content, dict):
        return {name: _replaced(value, by) for name, value in content.items()}
    if isinstance(content, list):
        return [_replaced(value, by) for value in content]
    return content
