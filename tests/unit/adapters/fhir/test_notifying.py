"""Notifications: each change reaches the unit's server at least once, in order, whatever fails; and failing ends."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from fhir.resources.R4B import get_fhir_model_class
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from contracts.instants import plus
from services.adapters.fhir.notifying import GIVE_UP_AFTER, Notifier, pause_ms
from services.directory import Directory
from tests.unit.adapters.fhir.bench import OTHER, World, world
from tests.unit.adapters.fhir.made import NOW, UNIT
from tests.unit.book.made import task, tick


class Hook:
    """A unit's own server. `says`: the status with which it answers, the next first; then 200."""

    def __init__(self) -> None:
        self.got: list[tuple[str, str, str | None, Any]] = []
        self.says: list[int] = []

    async def take(self, request: Request) -> Response:
        body = await request.body()
        read = await request.json() if body else None
        self.got.append((request.method, request.url.path, request.headers.get("authorization"), read))
        return Response(status_code=self.says.pop(0) if self.says else 200)


class Told:
    """The server, the hook, and the notifier between; time stands where the test puts it."""

    def __init__(self, one: World) -> None:
        self.world, self.hook, self.now_ms = one, Hook(), 1_000_000
        self.hosts = {UNIT.id: ["unit-a.example"]}
        app = Starlette(routes=[Route("/{path:path}", self.hook.take, methods=["POST", "PUT"])])
        self.client = httpx.AsyncClient(transport=httpx.ASGITransport(app))
        self.notifier = self.made()

    def made(self) -> Notifier:
        """The notifier, as after a restart: what it knows is in the store."""
        return Notifier(self.world.book, Directory([UNIT, OTHER]), self.hosts, 1, self.client, lambda: self.now_ms)

    async def subscribe(self, criteria: str = "Task", **channel: Any) -> str:
        body = {
            "resourceType": "Subscription",
            "status": "requested",
            "reason": "changes",
            "criteria": criteria,
            "channel": {"type": "rest-hook", "endpoint": "https://unit-a.example/hook/", **channel},
        }
        answer = await self.world.ask("POST", "/Subscription", body=body)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    async def state(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = (await self.world.ask("GET", f"/Subscription/{name}")).json()
        return found

    def ids(self) -> list[str]:
        return [path.rpartition("/")[2] for _, path, _, _ in self.hook.got]


@asynccontextmanager
async def told() -> AsyncIterator[Told]:
    async with world() as one:
        made = Told(one)
        try:
            yield made
        finally:
            await made.client.aclose()


_FULL = {"payload": "application/fhir+json", "header": ["Authorization: Bearer hook-secret"]}


async def test_an_empty_notification_says_that_there_is_something_once() -> None:
    async with told() as one:
        await one.subscribe()
        for number in range(3):
            await one.world.give(task(f"task-{number}", UNIT.id), at=NOW)
        await one.notifier.round()
        await one.notifier.round()
        assert one.hook.got == [("POST", "/hook", None, None)]


async def test_a_full_one_brings_each_task_as_it_is_with_the_units_own_header() -> None:
    async with told() as one:
        await one.subscribe(**_FULL)
        names = [await one.world.give(task(f"task-{number}", UNIT.id), at=NOW) for number in range(3)]
        await one.notifier.round()
        assert one.ids() == names
        for method, path, header, body in one.hook.got:
            get_fhir_model_class("Task").model_validate(body)
            assert (method, path, header) == ("PUT", f"/hook/Task/{body['id']}", "Bearer hook-secret")
        assert [held.told for held in await one.world.all_held()] == [1, 1, 1]


async def test_only_what_the_criteria_find_and_only_what_came_after() -> None:
    async with told() as one:
        await one.world.give(task("before", UNIT.id), at=NOW)
        await one.subscribe("Task?status=accepted&owner=Organization/unit-a", **_FULL)
        await one.world.give(task("task-1", UNIT.id))
        accepted = await one.world.give(task("task-2", UNIT.id, status="accepted"))
        await one.world.give(task("task-3", OTHER.id, status="accepted"))
        await one.notifier.round()
        assert one.ids() == [accepted]


async def test_what_is_under_decision_is_not_told() -> None:
    async with told() as one:
        await one.subscribe(**_FULL)
        withheld = {"status": "on-hold", "status_reason": "consent_withdrawn", "resumes_as": "requested"}
        await one.world.give(task(unit=UNIT.id, **withheld), at=NOW)
        await one.notifier.round()
        assert one.hook.got == []


async def test_what_fails_is_tried_again_later_in_order_across_a_restart() -> None:
    async with told() as one:
        name = await one.subscribe(**_FULL)
        first = await one.world.give(task("task-1", UNIT.id), at=NOW)
        second = await one.world.give(task("task-2", UNIT.id))
        one.hook.says = [500]
        await one.notifier.round()
        assert one.ids() == [first]
        assert "500" in (await one.state(name))["error"]
        one.now_ms += pause_ms(1) - 1
        one.notifier = one.made()
        await one.notifier.round()
        assert one.ids() == [first]
        one.now_ms += 1
        await one.notifier.round()
        assert one.ids() == [first, first, second]
        state = await one.state(name)
        assert state["status"] == "active" and "error" not in state


async def test_what_was_taken_is_not_sent_again_though_the_next_one_fails() -> None:
    async with told() as one:
        await one.subscribe(**_FULL)
        first = await one.world.give(task("task-1", UNIT.id), at=NOW)
        second = await one.world.give(task("task-2", UNIT.id))
        one.hook.says = [200, 500]
        await one.notifier.round()
        one.now_ms += pause_ms(1)
        one.notifier = one.made()
        await one.notifier.round()
        assert one.ids() == [first, second, second]


async def test_a_server_that_stays_away_is_given_up_and_the_desk_is_told_of_what_nobody_has() -> None:
    async with told() as one:
        name = await one.subscribe(**_FULL)
        never = await one.world.give(task("task-1", UNIT.id), at=NOW)
        known = await one.world.give(task("task-2", UNIT.id))
        await one.world.read(known)
        one.hook.says = [503] * GIVE_UP_AFTER
        for _ in range(GIVE_UP_AFTER + 3):
            await one.notifier.round()
            one.now_ms += pause_ms(99)
        assert len(one.hook.got) == GIVE_UP_AFTER
        state = await one.state(name)
        assert state["status"] == "error" and "503" in state["error"] and "status requested" in state["error"]
        await one.world.settle()
        (letter,) = one.world.letters
        assert (letter.action, letter.actor, letter.reason) == ("delivery_failed", "delivery", "gave_up")
        assert (await one.world.read(never))["businessStatus"]["coding"][0]["code"] == "delivery_failed"
        # mended: the unit says so, and nothing is lost
        body = {**state, "status": "requested"}
        assert (await one.world.ask("PUT", f"/Subscription/{name}", body=body)).status_code == 200
        await one.notifier.round()
        assert one.ids()[GIVE_UP_AFTER:] == [known, never]


async def test_a_host_that_the_operator_takes_off_the_list_is_called_no_more() -> None:
    async with told() as one:
        name = await one.subscribe()
        await one.world.give(task(unit=UNIT.id), at=NOW)
        one.hosts.clear()
        await one.notifier.round()
        assert one.hook.got == []
        state = await one.state(name)
        assert state["status"] == "off" and "none of your unit's hosts" in state["error"]


async def test_a_redirect_is_not_followed() -> None:
    async with told() as one:
        name = await one.subscribe()
        await one.world.give(task(unit=UNIT.id), at=NOW)
        one.hook.says = [302]
        await one.notifier.round()
        assert len(one.hook.got) == 1 and "302" in (await one.state(name))["error"]


async def test_one_server_that_fails_keeps_no_other_subscription_waiting() -> None:
    async with told() as one:
        await one.subscribe()
        await one.subscribe("Task?status=requested", endpoint="https://unit-a.example/other")
        await one.world.give(task(unit=UNIT.id), at=NOW)
        one.hook.says = [500, 200]
        await one.notifier.round()
        assert len({path for _, path, _, _ in one.hook.got}) == 2


async def test_a_subscription_ends_when_it_said_it_would() -> None:
    async with told() as one:
        name = await one.subscribe()
        await one.world.take(tick(NOW))
        body = {**await one.state(name), "status": "requested", "end": plus(NOW, hours=1)}
        assert (await one.world.ask("PUT", f"/Subscription/{name}", body=body)).status_code == 200
        await one.world.give(task(unit=UNIT.id), at=plus(NOW, hours=2))
        await one.notifier.round()
        assert one.hook.got == [] and (await one.state(name))["status"] == "off"


@pytest.mark.parametrize(("failures", "seconds"), [(1, 5), (2, 10), (5, 80), (9, 1200), (500, 1200)])
def test_pauses_grow_and_stay_bearable(failures: int, seconds: int) -> None:
    assert pause_ms(failures) == seconds * 1000
