"""Reading what comes to the referral desk: flags by their form, what people send in full. Pure."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, TypeVar

from pydantic import ValidationError

from contracts.control import OfficerDecision
from contracts.flags import Ask
from contracts.tasks import TaskUpdate
from services.runtime.fold import Record, Refused, Value
from services.runtime.inner import (
    LIST,
    NUMBER,
    OBJECT,
    TEXT,
    TEXT_OR_NULL,
    Types,
    must_hold,
    read_object,
    subject_of,
)
from services.runtime.intake import complaint

__all__ = ["ask_of", "asks_of", "read_answer", "read_flag"]

Answer = TypeVar("Answer", TaskUpdate, OfficerDecision)


def read_answer(model: type[Answer], record: Record) -> Answer:
    """What a unit or an officer says, validated whole: it comes from outside. Raises Refused."""
    try:
        said = model.model_validate_json(record.value)
    except ValidationError as error:
        raise Refused("invalid", complaint(error)) from None
    if said.household_id.encode() != record.key:
        raise Refused("wrong_key", "the record key is not household_id; key each answer by its household")
    return said


_FLAG: Mapping[str, Types] = {
    **dict.fromkeys(("flag_id", "status", "level", "typology", "subject", "lawful_basis"), TEXT),
    **dict.fromkeys(("episode_at", "received_at", "as_of"), TEXT),
    **dict.fromkeys(("cause", "district", "estate", "superseded_by"), TEXT_OR_NULL),
    "revision": NUMBER,
    "consent": TEXT_OR_NULL,
    "known_to": LIST,
    "title": OBJECT,
    "asks": LIST,
    "then": LIST,
}


def read_flag(record: Record) -> Value:
    """The correlator's flag, without what only explains it. Raises Refused."""
    flag = read_object(record)
    subject_of(flag, record, "household_id")
    must_hold(flag, _FLAG)
    try:
        asks_of(flag)
    except (ValidationError, TypeError, KeyError, AttributeError):
        raise Refused("invalid", "asks, then: should be what a rule asks for") from None
    return {name: part for name, part in flag.items() if name not in ("evidence", "not_triggered", "linked")}


def asks_of(flag: Value) -> list[Ask]:
    """All that a flag asks for, or may ask for when something is found."""
    return [ask_of(raw) for raw in [*flag["asks"], *(step["ask"] for step in flag["then"])]]


def ask_of(raw: Value) -> Ask:
    """One ask of a flag. Raises ValidationError or TypeError."""
    return _asked(tuple(raw.items()))


@lru_cache(maxsize=1024)  # the rules ask for a few things, and every revision of every flag names them
def _asked(said: tuple[tuple[str, Any], ...]) -> Ask:
    return Ask.model_validate(dict(said))
