"""Reading what our own services have written: cheap checks of form, no models. Pure.

The feeds' doors validate every field, and a test holds all that we write to the schemas. So between our own services a
record is a plain dictionary, of which only what a fold would stumble over is looked at; garbage is a dead letter with a
reason, not a fault of the fold.
"""

from collections.abc import Mapping
from operator import itemgetter
from types import NoneType
from typing import Any, cast

import orjson

from contracts.facts import Fact
from services.runtime.fold import Record, Refused

__all__ = [
    "LIST",
    "NUMBER",
    "OBJECT",
    "OBJECT_OR_NULL",
    "TEXT",
    "TEXT_OR_NULL",
    "Types",
    "as_fact",
    "must_hold",
    "read_object",
    "subject_of",
]

Types = tuple[type, ...]

TEXT: Types = (str,)
TEXT_OR_NULL: Types = (str, NoneType)
NUMBER: Types = (int,)
LIST: Types = (list,)
OBJECT: Types = (dict,)
OBJECT_OR_NULL: Types = (dict, NoneType)

_WORDS: Mapping[type, str] = {str: "a text", int: "a whole number", list: "a list", dict: "an object", NoneType: "null"}

_FACT: Mapping[str, Types] = {
    "kind": TEXT,
    "key": TEXT,
    "source": TEXT,
    "version": LIST,
    "at": TEXT,
    "received": TEXT,
    "value": OBJECT_OR_NULL,
}
_PARTS = itemgetter(*_FACT)
_SHAPES = frozenset((str, str, str, list, str, str, value) for value in OBJECT_OR_NULL)
"""The types of a fact's parts, as they nearly always are: to look at them at once costs a third of one by one."""
_VERSION = [str, int, str, int, str]


def read_object(record: Record) -> dict[str, Any]:
    """The record's value. Raises Refused for what is no JSON object."""
    try:
        said = orjson.loads(record.value)
    except orjson.JSONDecodeError:
        raise Refused("unreadable", "the value is not UTF-8 JSON") from None
    if type(said) is not dict:
        raise Refused("invalid", "the value is not a JSON object")
    return said


def subject_of(said: Mapping[str, Any], record: Record, field: str = "subject") -> str:
    """The field by which a record is keyed. Raises Refused where it is not."""
    subject = said.get(field)
    if type(subject) is not str or subject.encode() != record.key:
        raise Refused("wrong_key", f"{field}: is not the record key")
    return subject


def must_hold(said: Mapping[str, Any], fields: Mapping[str, Types]) -> None:
    """Raises Refused for a field that is missing or of another type, without quoting it."""
    for name, types in fields.items():
        if type(said.get(name, _MISSING)) not in types:
            raise Refused("invalid", f"{name}: should be {' or '.join(_WORDS[one] for one in types)}")


_MISSING = object()


def as_fact(said: dict[str, Any]) -> Fact:
    """What was said, as a fact. Raises Refused where it has not the form of one."""
    try:
        sound = tuple(map(type, _PARTS(said))) in _SHAPES
    except KeyError:
        sound = False
    if not sound:
        must_hold(said, _FACT)
    if list(map(type, said["version"])) != _VERSION:
        raise Refused("invalid", "version: should be recordedtime, sequence, event id, -received ms, digest")
    return cast(Fact, said)
