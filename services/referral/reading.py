"""Reading what comes to the referral desk: flags by their form, what people send in full. Pure."""

from collections.abc import Mapping
from functools import lru_cache
from hashlib import blake2b
from typing import Any, TypeVar

from pydantic import ValidationError

from contracts.control import OfficerDecision
from contracts.flags import Ask
from contracts.tasks import TaskUpdate
from services.runtime.complaint import complaint
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

__all__ = ["ask_of", "asks_of", "closed_by_officer", "is_snoozed", "read_answer", "read_flag"]

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
    "evidence": LIST,
}


def read_flag(record: Record) -> Value:
    """The correlator's flag, without what only explains it. `matter`: a digest of what an officer's decision rests on
    (status, level, clauses met); `since`: the revision since which that has been so. Raises Refused."""
    flag = read_object(record)
    subject_of(flag, record, "household_id")
    must_hold(flag, _FLAG)
    try:
        asks_of(flag)
    except (ValidationError, TypeError, KeyError, AttributeError):
        raise Refused("invalid", "asks, then: should be what a rule asks for") from None
    met = sorted(one["clause"] for one in flag["evidence"] if one["verdict"] == "met")
    matter = blake2b("\n".join([flag["status"], flag["level"], *met]).encode(), digest_size=8).hexdigest()
    kept = {name: part for name, part in flag.items() if name not in ("evidence", "not_triggered", "linked")}
    return {**kept, "decisions": flag.get("decisions", []), "matter": matter, "since": flag["revision"]}


def is_snoozed(flag: Value) -> bool:
    """Whether an officer has put a flag aside for a while: it stands, and asks nothing new."""
    return any(one["decision"] == "snooze" for one in flag.get("decisions", ()))


def closed_by_officer(flag: Value) -> bool:
    """Whether an officer has said how the flag ends (and not the units that it asked)."""
    return any(one["decision"] == "close" for one in flag["decisions"])


def asks_of(flag: Value) -> list[Ask]:
    """All that a flag asks for, or may ask for when something is found."""
    return [ask_of(raw) for raw in [*flag["asks"], *(step["ask"] for step in flag["then"])]]


def ask_of(raw: Value) -> Ask:
    """One ask of a flag. Raises ValidationError or TypeError."""
    return _asked(tuple(raw.items()))


@lru_cache(maxsize=1024)  # the rules ask for a few things, and every revision of every flag names them
def _asked(said: tuple[tuple[str, Any], ...]) -> Ask:
    return Ask.model_validate(dict(said))
