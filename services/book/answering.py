"""Taking what a unit answers, and what has become of it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import orjson
from pydantic import ValidationError
from sqlalchemy import bindparam, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.lifecycle import Refusal, check
from contracts.tasks import TaskUpdate
from services.book.audit import append
from services.book.held import Held
from services.book.tables import AUDIT, answers, next_number
from services.runtime.complaint import complaint
from services.runtime.fold import Refused

__all__ = ["PENDING", "Answer", "Given", "answers_to", "take"]

PENDING = ("queued", "sent")
"""States of an answer of which we do not know yet what became."""


@dataclass(frozen=True)
class Answer:
    """What a unit has answered. `state`: queued (here), sent (to Kafka), taken (a revision tells of it) or refused,
    then with `reason` and `detail`. `again`: it had been said before, and nothing was written."""

    update_id: str
    unit: str
    ref: str
    revision: int
    said: dict[str, Any]
    actor: str
    at: str
    state: str
    reason: str | None
    detail: str | None
    again: bool = False


class Given(NamedTuple):
    """An answer as it is given: see `Book.answer`."""

    said: Mapping[str, Any]
    update_id: str
    actor: str
    office: str | None
    delivery: bool


async def take(transaction: AsyncConnection, one: Held, given: Given, now: str) -> Answer:
    """Writes down what is answered to this task. Raises Refused, before anything is written."""
    written = _update(one, given, now)
    before = await answers_to(transaction, one.unit, one.ref, or_id=given.update_id)
    text = _text(given.said)
    if same := next((answer for answer in before if answer.update_id == given.update_id), None):
        if same.ref != one.ref or _text(same.said) != text:
            raise Refused("id_reused", "this id was used for another answer; give each an id of its own")
        return replace(same, again=True)
    # a receipt is nothing that a unit's answer rests on; it goes ahead of the answer
    waiting = [answer for answer in before if answer.state in PENDING]
    if any(given.delivery or answer.said["action"] != "receive" for answer in waiting):
        raise Refused("stale_revision", "your last answer to this task is still being taken; wait a moment")
    _check(one, written)
    values = {
        "number": await next_number(transaction, "letter"),
        "update_id": given.update_id,
        "unit": one.unit,
        "ref": one.ref,
        "household_id": written.household_id,
        "revision": written.expected_revision,
        "said": text,
        "update": written.model_dump_json(exclude_none=True),
        "actor": given.actor,
        "at": now,
        "state": "queued",
    }
    await transaction.execute(_ANSWER, values)
    entry = {"what": "answer", "action": written.action, "unit": given.office or one.unit, "actor": given.actor}
    await append(transaction, AUDIT, {**entry, "task": one.ref, "update_id": given.update_id}, now)
    return Answer(
        given.update_id,
        one.unit,
        one.ref,
        written.expected_revision,
        dict(given.said),
        given.actor,
        now,
        "queued",
        None,
        None,
    )


async def answers_to(connection: AsyncConnection, unit: str, name: str, *, or_id: str = "") -> list[Answer]:
    """What a unit has answered to one task, the first first; and what has this id."""
    rows = (await connection.execute(_ANSWERS, {"mine": unit, "name": name, "id": or_id})).all()
    return [
        Answer(
            update_id=row.update_id,
            unit=row.unit,
            ref=row.ref,
            revision=row.revision,
            said=orjson.loads(row.said),
            actor=row.actor,
            at=row.at,
            state=row.state,
            reason=row.reason,
            detail=row.detail,
        )
        for row in rows
    ]


def _text(said: Mapping[str, Any]) -> str:
    return orjson.dumps(dict(said), option=orjson.OPT_SORT_KEYS).decode()


def _update(one: Held, given: Given, now: str) -> TaskUpdate:
    try:
        return TaskUpdate.model_validate(
            {
                "expected_revision": one.revision,
                **given.said,
                "update_id": given.update_id,
                "task_id": one.task.task_id,
                "household_id": one.task.household_id,
                "at": now,
                "unit": given.office or one.unit,
                "actor": "delivery" if given.delivery else "unit" if given.office is None else "officer",
            }
        )
    except ValidationError as fault:
        raise Refused("invalid", complaint(fault, whole="")) from None


def _check(one: Held, written: TaskUpdate) -> None:
    if not one.open:
        raise Refused("illegal_transition", "this task is no longer with your unit")
    refusal = check(one.task, written)
    if isinstance(refusal, Refusal):
        raise Refused(refusal.reason, refusal.detail)


# built once: to put a statement together costs more than SQLite takes for it
_OF_TASK = (answers.c.unit == bindparam("mine")) & (answers.c.ref == bindparam("name"))
_ANSWERS = select(answers).where(_OF_TASK | (answers.c.update_id == bindparam("id"))).order_by(answers.c.number)
_ANSWER = insert(answers)
