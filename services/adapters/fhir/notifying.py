"""Notifications of subscriptions (rest-hook): each change at least once, in order; what a unit's server does not take
is tried again, ever later, and given up in the end: then the subscription says so, and the referral desk is told.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import httpx
import orjson

from services.adapters.channel import Rounds
from services.adapters.fhir.http import MEDIA_TYPE
from services.adapters.fhir.mapping import task
from services.adapters.fhir.outcome import Fault
from services.adapters.fhir.subscriptions import Subscription, all_active, checked, note
from services.adapters.fhir.tasks import is_shown
from services.book.book import Book, Held
from services.directory import Directory
from services.runtime.fold import Refused
from services.runtime.logs import logger
from services.runtime.now import now_ms

__all__ = ["GIVE_UP_AFTER", "Notifier", "pause_ms"]

_log = logger(__name__)

GIVE_UP_AFTER = 12
"""Attempts in vain, in a row: with the pauses between them something over two hours."""

_FIRST_PAUSE_MS = 5_000
_LONGEST_PAUSE_MS = 20 * 60_000
_AT_ONCE = 200
_SECONDS = 10.0


def pause_ms(failures: int) -> int:
    """Milliseconds until the next attempt after so many in vain: twice as long each time, twenty minutes at most."""
    return min(_FIRST_PAUSE_MS << min(failures - 1, 20), _LONGEST_PAUSE_MS)


class Notifier(Rounds):
    """Notifies. `hosts`: where each unit may be; `real_ms`: what time it is, for the pauses only."""

    def __init__(
        self,
        book: Book,
        directory: Directory,
        hosts: Mapping[str, Sequence[str]],
        pause: float,
        client: httpx.AsyncClient,
        real_ms: Callable[[], int] = now_ms,
    ) -> None:
        super().__init__("FHIR notifications", pause)
        self._book = book
        self._directory = directory
        self._hosts = hosts
        self._client = client
        self._real_ms = real_ms

    async def on_stop(self) -> None:
        """Breaks off; what was not noted is sent again after the start."""
        await super().on_stop()
        await self._client.aclose()

    async def round(self) -> None:
        """Every subscription whose time has come, as far as its server takes it."""
        async with self._book.store.read() as look:
            active = await all_active(look)
        clock = await self._book.clock()
        # all at once: one server that is slow to fail keeps nobody else waiting
        await asyncio.gather(*(self._attend(one, clock) for one in active))

    async def _attend(self, one: Subscription, clock: str) -> None:
        if one.end is not None and one.end <= clock:
            await self._note(replace(one, status="off"))
        elif one.next_ms <= self._real_ms():
            try:
                checked(one.endpoint, self._hosts.get(one.unit, ()))
            except Fault as fault:  # the operator has taken the host off the list, or the unit off this channel
                await self._note(replace(one, status="off", error=fault.says))
                return
            await self._notify(one)

    async def _notify(self, one: Subscription) -> None:
        while changed := await self._book.changed([one.unit], one.told, _AT_ONCE):
            hits = [
                held for held in changed if is_shown(held) and one.query.finds(held.view, held.unit, held.changed_at)
            ]
            # an empty notification says no more for ten changes than for one
            for held in hits if one.payload is not None else hits[-1:]:
                problem = await self._send(one, held)
                if problem is not None:
                    await self._failed(one, problem)
                    return
                one = replace(one, told=held.change, failures=0, next_ms=0, error=None)
                await self._note(one)
                if one.payload is not None:
                    await self._book.tell(held.unit, held.ref, held.revision)
            one = replace(one, told=changed[-1].change)
            await self._note(one)

    async def _send(self, one: Subscription, held: Held) -> str | None:
        """None if the server took it, else what it said."""
        headers = {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in one.header)}
        unit = self._directory.unit(held.unit)
        if unit is None:
            return "the unit is in the directory no more"
        try:
            if one.payload is None:
                answer = await self._client.post(one.endpoint, headers=headers, timeout=_SECONDS)
            else:
                body = orjson.dumps(task(await self._book.shown(held), unit, held.changed_at))
                headers |= {"Content-Type": f"{MEDIA_TYPE}; charset=utf-8"}
                place = f"{one.endpoint}/Task/{held.ref}"
                answer = await self._client.put(place, content=body, headers=headers, timeout=_SECONDS)
        except httpx.HTTPError as fault:
            return f"{type(fault).__name__}: no answer from the endpoint"
        return None if answer.is_success else f"the endpoint answered {answer.status_code}"

    async def _failed(self, one: Subscription, problem: str) -> None:
        failures = one.failures + 1
        if failures < GIVE_UP_AFTER:
            next_ms = self._real_ms() + pause_ms(failures)
            await self._note(replace(one, failures=failures, next_ms=next_ms, error=problem))
            return
        says = f"{problem}, {failures} times in a row; mend it, then PUT the Subscription again with status requested"
        _log.error("a subscription is given up", subscription=one.id, unit=one.unit, why=problem)
        await self._note(replace(one, status="error", failures=failures, error=says))
        await self._tell_the_desk(one)

    async def _tell_the_desk(self, one: Subscription) -> None:
        """Of tasks that the unit has not got in any other way: a duty officer may call."""
        for held in await self._book.untold([one.unit]):
            if held.open and held.view["status"] == "requested":
                said = {"action": "delivery_failed", "reason": "gave_up", "expected_revision": held.revision}
                key = f"gave-up-{held.ref}-{held.revision}"
                try:
                    await self._book.answer(held.unit, held.ref, said, key, "fhir-notifications", delivery=True)
                except Refused as refused:
                    _log.warning("the referral desk is not told", task=held.ref, why=refused.detail)

    async def _note(self, one: Subscription) -> None:
        async with self._book.store.write() as transaction:
            await note(transaction, one)
