"""A unit's tasks in the book, as FHIR asks for them."""

import asyncio
from collections.abc import Sequence

from contracts.lifecycle import is_withheld
from services.adapters.fhir.outcome import Fault
from services.adapters.fhir.searching import Query
from services.book.book import PENDING, Answer, Book, Held

__all__ = ["Tasks", "is_shown"]

_AT_ONCE = 200
_LOOK = 0.05
"""Seconds between two looks for what became of an answer: it goes through Kafka and back in some tenths."""


def is_shown(held: Held) -> bool:
    """Whether a unit is to see what it holds: not while a duty officer decides on the disclosure, and not what was
    taken back or went to somebody else before this unit had heard of it."""
    return not is_withheld(held.task) and (held.open or held.told != 0)


class Tasks:
    """`wait`: seconds for which a unit that has answered waits for the referral desk."""

    def __init__(self, book: Book, wait: float) -> None:
        self._book = book
        self._wait = wait

    async def one(self, unit: str, name: str, kind: str) -> Held:
        """A unit's task. Raises Fault (404) for one that it has not, whether it exists elsewhere or nowhere."""
        held = await self._book.held(unit, name)
        if held is None or not is_shown(held):
            raise Fault(404, "not-found", f"your unit has no such {kind}")
        return held

    async def find(self, unit: str, query: Query) -> tuple[list[Held], int | None]:
        """A page of what a query finds, and after which change the next begins (None: there is none)."""
        found: list[Held] = []
        after = query.after
        while batch := await self._book.changed([unit], after, _AT_ONCE, since=query.since, ended=query.ended):
            for held in batch:
                if is_shown(held) and query.finds(held.view, unit, held.changed_at):
                    if len(found) == query.count:
                        return found, found[-1].change
                    found.append(held)
            after = batch[-1].change
        return found, None

    async def tell(self, found: Sequence[Held]) -> None:
        """The unit has these now."""
        for held in found:
            if held.told < held.revision:
                await self._book.tell(held.unit, held.ref, held.revision)

    async def answer(self, held: Held, key: str) -> Answer | None:
        """What was answered under a key before."""
        wanted = f"{held.unit}:{key}"
        return next((one for one in await self._book.answers(held.unit, held.ref) if one.update_id == wanted), None)

    async def settled(self, held: Held, key: str) -> Answer:
        """The answer, once the referral desk has taken or refused it; as it is after the wait."""
        until = asyncio.get_running_loop().time() + self._wait
        while True:
            answer = await self.answer(held, key)
            assert answer is not None
            if answer.state not in PENDING or asyncio.get_running_loop().time() >= until:
                return answer
            await asyncio.sleep(_LOOK)
