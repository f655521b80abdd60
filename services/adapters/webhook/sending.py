"""Tasks by POST to units' systems: each unit by itself, the newest revision only, and one at a time of each task."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import httpx
import orjson

from contracts.instants import milliseconds
from contracts.lifecycle import is_withheld
from services.adapters.channel import Rounds
from services.adapters.connections import Webhook
from services.adapters.webhook.schedule import Due, Schedule
from services.adapters.webhook.signing import Signer, sign
from services.book.book import Book, Held
from services.runtime.ending import end_at_once
from services.runtime.fold import Refused
from services.runtime.logs import logger
from services.runtime.metrics import DELIVERIES, OPERATOR_QUEUE, UNDELIVERED, UNDELIVERED_SECONDS

__all__ = ["Endpoint", "Sending"]

_log = logger(__name__)

_AGAIN_LATER = frozenset({408, 425, 429})
"""Client errors that are none of the request's: it is tried again, as after a 5xx."""
_LONGEST_PAUSE_SECONDS = 3600
_ANSWER_BYTES = 65_536
_WITHHELD_MS = 600_000


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A unit's system: how it is reached, and the keys that we share."""

    unit: str
    connection: Webhook
    signers: Sequence[Signer]

    @property
    def url(self) -> str:
        return self.connection.url.replace("{unit}", self.unit)


class Sending(Rounds):
    """Looks for what units do not know yet, and sends it. `now_ms`: the real clock."""

    def __init__(
        self, book: Book, endpoints: Mapping[str, Endpoint], schedule: Schedule, now_ms: Callable[[], int], pause: float
    ) -> None:
        super().__init__("webhooks", pause)
        self._book = book
        self._endpoints = endpoints
        self._schedule = schedule
        self._now_ms = now_ms
        self._hours = {unit: one.connection.give_up_hours for unit, one in endpoints.items()}
        self._busy: dict[str, asyncio.Task[None]] = {}
        # no proxy of the environment: to which machine tasks go is said in one place
        self._client = httpx.AsyncClient(follow_redirects=False, trust_env=False)

    async def on_stop(self) -> None:
        """Breaks off what is under way; whoever has taken it without our knowing gets it again, under the same id."""
        await super().on_stop()
        for task in self._busy.values():
            task.cancel()
        if self._busy:
            await asyncio.wait(self._busy.values())
        await self._client.aclose()

    async def round(self) -> None:
        """Begins the deliveries that are due, at units that have none under way; gives up what has failed for long."""
        idle = [unit for unit in self._endpoints if unit not in self._busy]
        for unit, tasks in (await self._schedule.due(idle)).items():
            self._busy[unit] = asyncio.create_task(self._serve(self._endpoints[unit], tasks))
        await self._give_up()
        await self._measure()

    async def settle(self) -> None:
        """Waits for what is under way."""
        while self._busy:
            await asyncio.wait(self._busy.values())
            await asyncio.sleep(0)

    async def _serve(self, endpoint: Endpoint, tasks: Sequence[Due]) -> None:
        waiting = list(reversed(tasks))

        async def one_after_the_other() -> None:
            while waiting:
                await self._deliver(endpoint, waiting.pop())
                if await self._schedule.is_down(endpoint.unit):
                    waiting.clear()

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(endpoint.connection.at_once, len(waiting))):
                    group.create_task(one_after_the_other())
        except asyncio.CancelledError:
            raise
        except Exception as fault:
            end_at_once(fault, unit=endpoint.unit)
        finally:
            del self._busy[endpoint.unit]
        self.wake()

    async def _deliver(self, endpoint: Endpoint, due: Due) -> None:
        one = due.held
        if not one.open and not due.heard_of:
            await self._book.tell(one.unit, one.ref, one.revision)  # it came and went before the unit heard of it
            return
        if due.stuck is not None and _ours(one):
            await self._schedule.give_up(one, due.stuck)  # it has changed in that it was not delivered
            return
        if one.open and one.told == 0 and is_withheld(one.task):
            await self._schedule.put_off(due, _WITHHELD_MS, "a duty officer decides first whether it may be told")
            return
        try:
            async with asyncio.timeout(endpoint.connection.timeout_seconds):
                status, pause = await self._post(endpoint, one)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as fault:
            why = "no answer in time" if isinstance(fault, TimeoutError) else f"not reached ({type(fault).__name__})"
            await self._failed(due, why)
            return
        if 200 <= status < 300:
            await self._delivered(one)
        elif status >= 500 or status in _AGAIN_LATER:
            await self._failed(due, f"answered {status}", pause)
        else:
            await self._refused(due, f"answered {status}")

    async def _post(self, endpoint: Endpoint, one: Held) -> tuple[int, int]:
        """The status of the answer, and for how long (ms) the unit's system wants no more. Its body is never kept: it
        could hold anything."""
        shown = await self._book.shown(one)
        name, body = f"{one.ref}:{shown['revision']}", orjson.dumps(shown)
        headers = {
            "content-type": "application/json",
            "idempotency-key": name,
            "ce-specversion": "1.0",
            "ce-type": "kithline.unit_task",
            "ce-source": "/kithline/adapters",
            "ce-id": name,
            "ce-subject": one.ref,
            "ce-time": one.changed_at,
            **sign(endpoint.signers, name, self._now_ms() // 1000, body),
        }
        async with self._client.stream(
            "POST", endpoint.url, content=body, headers=headers, timeout=endpoint.connection.timeout_seconds
        ) as answer:
            size = 0
            async for part in answer.aiter_raw():  # read, so that the connection can be used again
                size += len(part)
                if size > _ANSWER_BYTES:
                    break
            later = answer.headers.get("retry-after", "")
            pause = int(later) if later.isascii() and later.isdigit() and len(later) < 9 else 0
            return answer.status_code, min(pause, _LONGEST_PAUSE_SECONDS) * 1000

    async def _delivered(self, one: Held) -> None:
        if one.open and one.task.status == "requested":
            await self._say(one, "receive", f"receipt-{one.ref}-{one.change}")
        await self._book.tell(one.unit, one.ref, one.revision)
        await self._schedule.succeeded(one)
        DELIVERIES.labels("adapters", "webhook", "delivered").inc()

    async def _failed(self, due: Due, why: str, pause_ms: int = 0) -> None:
        await self._schedule.failed(due, why, pause_ms)
        DELIVERIES.labels("adapters", "webhook", "failed").inc()
        _log.warning("a task was not delivered; tried again later", unit=due.held.unit, task=due.held.ref, why=why)

    async def _refused(self, due: Due, why: str) -> None:
        await self._say(due.held, "delivery_failed", _key(due.held), "refused_by_system")
        await self._schedule.refused(due, why)
        DELIVERIES.labels("adapters", "webhook", "refused").inc()
        _log.error("a unit's system refuses a task: operator queue", unit=due.held.unit, task=due.held.ref, why=why)

    async def _give_up(self) -> None:
        for one, why in await self._schedule.overdue(self._hours):
            if not await self._say(one, "delivery_failed", _key(one), "gave_up"):
                continue
            await self._schedule.give_up(one, why)
            DELIVERIES.labels("adapters", "webhook", "given_up").inc()
            _log.error("a task was not delivered for too long: operator queue", unit=one.unit, task=one.ref, why=why)

    async def _say(self, one: Held, action: str, key: str, reason: str | None = None) -> bool:
        """Answers as what delivers. False: an earlier answer is still under way, so not now."""
        if not one.open:
            return True  # there is nobody to whom it would be news
        said = {"action": action, "expected_revision": one.revision, **({"reason": reason} if reason else {})}
        try:
            await self._book.answer(one.unit, one.ref, said, key, "webhook", delivery=True)
        except Refused as refused:
            # the unit was quicker, or the task has moved on: what it did says more than a receipt
            _log.info("not needed any more", action=action, task=one.ref, reason=refused.reason)
            return refused.reason != "stale_revision"
        return True

    async def _measure(self) -> None:
        standing = await self._schedule.standing(list(self._endpoints))
        age = 0.0
        if standing.oldest is not None:
            age = (milliseconds(await self._book.clock()) - milliseconds(standing.oldest)) / 1000
        UNDELIVERED.labels("adapters", "webhook").set(standing.waiting)
        UNDELIVERED_SECONDS.labels("adapters", "webhook").set(max(age, 0.0))
        OPERATOR_QUEUE.labels("adapters", "webhook").set(standing.stuck)


def _key(one: Held) -> str:
    """The id of our answer that a task was not delivered."""
    return f"undelivered-{one.ref}-{one.revision}"


def _ours(one: Held) -> bool:
    """Whether such an answer is what made this revision: nothing that would be news to the unit's system."""
    return (one.task.update_id or "").startswith(f"{one.unit}:undelivered-{one.ref}-")
