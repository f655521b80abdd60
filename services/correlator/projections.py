"""Reading `household.facts`: what one origin says of a household now. Pure.

Only our own services write here, so what they write is not validated as a feed is. But what has got into the state
stays there and is looked at with every later fact, so everything that the view counts on is checked, by hand: the
models of the contracts would cost as much as all the rules. They are asked only where something is wrong, for words.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date
from functools import lru_cache
from operator import itemgetter
from types import NoneType
from typing import Any

import orjson
from pydantic import TypeAdapter, ValidationError

from contracts.facts import Fact, Projection
from contracts.ids import is_somebody
from services.correlator.rules import LEVELS
from services.runtime.complaint import complaint
from services.runtime.fold import Record, Refused

__all__ = ["NEEDED", "projection_of"]

_MODEL = TypeAdapter(Projection)

_PARTS = itemgetter("subject", "kind", "key", "source", "at", "received", "version", "value")
_TYPES = [str, str, str, str, str, str, list, dict]
_VERSION = [str, int, str, int, str]
_TIME = re.compile(r"T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\.[0-9]{3}Z", re.ASCII).fullmatch

_TEXT, _YEAR, _YES_NO, _LIST = (str,), (int, NoneType), (bool,), (list,)

NEEDED: Mapping[str, Mapping[str, tuple[type, ...]]] = {
    "absence": {"starts_at": _TEXT, "ends_at": _TEXT, "reason": _TEXT},
    "consent": {"granted": _YES_NO},
    "care.gives": {"person": _TEXT, "group": _TEXT},
    "care.receives": {"person": _TEXT},
    "contact": {"topics": _LIST, "gravity": _TEXT, "immediate_danger": _YES_NO, "district": (str, NoneType)},
    "flag.decided": {"decision": _TEXT, "scope": _TEXT, "officer": _TEXT, "reason": _TEXT, "until": (str, NoneType)},
    "incident": {"block": _TEXT, "kind": _TEXT, "district": _TEXT, "households": _LIST},
    "membership.asserted": {"birth_year": _YEAR},
    "membership.start": {"birth_year": _YEAR},
    "observation": {"concern": _TEXT, "by": _TEXT, "days": (int, NoneType)},
    "occupancy.asserted": {"district": _TEXT, "estate": _TEXT},
    "occupancy.end": {"moved_to": (dict, NoneType)},
    "occupancy.roster": {"members": _LIST},
    "occupancy.start": {"district": _TEXT, "estate": _TEXT, "members": (list, NoneType)},
    "residence": {"district": _TEXT, "birth_year": _YEAR},
    "service": {"active": _YES_NO},
}
"""What the values of some kinds of facts must have, by name, for the view to read them. (None: may be missing.)"""

_FLAT = {"unit": _TEXT, "district": _TEXT, "estate": _TEXT}


def projection_of(record: Record) -> Projection:
    """What the record says. Raises Refused for anything that no service of ours writes."""
    try:
        projection: Projection = orjson.loads(record.value)
    except orjson.JSONDecodeError:
        raise Refused("unreadable", "the value is not UTF-8 JSON") from None
    try:
        kinds = [type(projection["origin"]), type(projection["revision"]), type(projection["facts"])]
        sound = kinds == [str, int, list]
        key = projection["household_id"].encode()
        of_somebody = is_somebody(projection["origin"])
        for fact in projection["facts"]:
            sound = sound and _sound(fact) and _of(fact, projection["origin"], of_somebody)
    except (KeyError, TypeError, AttributeError):
        sound = False
    if not sound:
        raise Refused("invalid", _what_is_wrong(projection))
    if key != record.key:
        raise Refused("wrong_key", "the record key is not household_id; key each record by its household")
    return projection


def _of(fact: Fact, origin: str, of_somebody: bool) -> bool:
    """A person's keeper tells of that person; flats and the referral desk tell of nobody in particular."""
    return fact["subject"] == origin if of_somebody else not is_somebody(fact["subject"])


def _sound(fact: Fact) -> bool:
    at, received, kind = fact["at"], fact["received"], fact["kind"]
    return (
        list(map(type, _PARTS(fact))) == _TYPES
        and list(map(type, fact["version"])) == _VERSION
        and _is_instant(at)
        and _is_instant(received)
        and (kind not in NEEDED or _has(fact["value"] or {}, NEEDED[kind]))
        and (kind not in _FURTHER or _FURTHER[kind](fact["value"] or {}))
    )


def _has(value: Mapping[str, Any], needed: Mapping[str, tuple[type, ...]]) -> bool:
    for name, types in needed.items():  # noqa: SIM110 - asked of every fact, and a generator would be half its cost
        if type(value.get(name)) not in types:
            return False
    return True


@lru_cache(maxsize=16_384)  # those of one event stand in several facts, and each fact in several projections
def _is_instant(text: str) -> bool:
    """Whether it is written as contracts/instants.py writes instants: they are compared as text."""
    try:
        return _TIME(text, 10) is not None and date.fromisoformat(text[:10]).isoformat() == text[:10]
    except ValueError:
        return False


def _levels(flags: Any) -> bool:
    return type(flags) is dict and all(level in LEVELS for level in flags.values())


def _texts(value: Mapping[str, Any], name: str) -> bool:
    return all(type(one) is str for one in value.get(name) or ())


_FURTHER: Mapping[str, Callable[[Mapping[str, Any]], bool]] = {
    "absence": lambda value: all(_is_instant(value[name]) for name in ("starts_at", "ends_at")),
    "contact": lambda value: _texts(value, "topics"),
    "flag.decided": lambda value: _levels(value.get("flags")) and (not value["until"] or _is_instant(value["until"])),
    "incident": lambda value: _texts(value, "households"),
    "occupancy.end": lambda value: not value.get("moved_to") or _has(value["moved_to"], _FLAT),
    "occupancy.roster": lambda value: _texts(value, "members"),
    "occupancy.start": lambda value: _texts(value, "members"),
}
"""What there is to check beside types."""


def _what_is_wrong(said: Any) -> str:
    try:
        _MODEL.validate_python(said)
    except ValidationError as error:
        return complaint(error)
    for place, fact in enumerate(said["facts"]):
        if not _of(fact, said["origin"], is_somebody(said["origin"])):
            return f"facts.{place}.subject: somebody else than the origin; each person's facts come from their keeper"
        if not _sound(fact):
            needed = ", ".join(NEEDED.get(fact["kind"], ())) or "no more than the contract says"
            return (
                f"facts.{place}: a fact of kind {fact['kind'] if fact['kind'] in NEEDED else '(any)'} needs instants "
                f"written as 2026-07-01T07:00:00.000Z, a version of five parts, and in its value {needed}"
            )
    return "not a projection as contracts/facts.py describes it"
