"""A unit's FHIR system on the whole line on real Kafka: it polls, is notified, accepts and completes; and so the task
of the referral desk is completed."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from services.demo.processes import free_ports
from services.runtime.http import HttpService
from services.runtime.settings import Settings
from tests.integration.running_line import RunningLine, running_line
from tests.scenario import expand
from tests.scenarios.feeds import ADMITTED, PAIR
from tests.unit.adapters.fhir.bench import concept, output

pytestmark = pytest.mark.kafka

HOTLINE = "hotline-182183"
TOKEN = "f" * 64
AS_OF = "2026-07-10T02:30:00.000Z"
"""Half an hour after the carer was admitted."""


class UnitSystem:
    """A unit's own system: a client of the FHIR server, and a place to be notified at."""

    def __init__(self, adapters: int, own: int) -> None:
        base, headers = f"http://127.0.0.1:{adapters}/fhir/", {"Authorization": f"Bearer {TOKEN}"}
        self.client = httpx.AsyncClient(base_url=base, headers=headers, timeout=20)
        self.hook = f"http://127.0.0.1:{own}/hook"
        self.notified: list[dict[str, Any]] = []
        routes = [Route("/hook/Task/{id}", self._take, methods=["PUT"])]
        self.http = HttpService("unit", Starlette(routes=routes), "127.0.0.1", own)

    async def _take(self, request: Request) -> Response:
        self.notified.append(await request.json())
        return Response(status_code=204)

    async def subscribe(self) -> None:
        channel = {"type": "rest-hook", "endpoint": self.hook, "payload": "application/fhir+json"}
        body = {"resourceType": "Subscription", "status": "requested", "reason": "tasks", "criteria": "Task"}
        answer = await self.client.post("Subscription", json={**body, "channel": channel})
        assert answer.status_code == 201, answer.text

    async def polled(self) -> list[dict[str, Any]]:
        """Every open Task, as it stands now."""
        answer = await self.client.get("Task?status=requested,received,accepted,in-progress&_include=Task:focus")
        assert answer.status_code == 200, answer.text
        entries = answer.json().get("entry", [])
        return [one["resource"] for one in entries if one["search"]["mode"] == "match"]

    async def change(self, task: dict[str, Any], **changes: Any) -> dict[str, Any]:
        """Puts a Task back, changed; what it has become."""
        version = f'W/"{task["meta"]["versionId"]}"'
        answer = await self.client.put(f"Task/{task['id']}", json={**task, **changes}, headers={"If-Match": version})
        if answer.status_code == 202:  # a slow machine: it is under way
            await _until(lambda: self._moved_on(task))
            answer = await self.client.get(f"Task/{task['id']}")
        assert answer.status_code == 200, answer.text
        changed: dict[str, Any] = answer.json()
        return changed

    async def _moved_on(self, task: dict[str, Any]) -> bool:
        read = await self.client.get(f"Task/{task['id']}")
        return bool(read.json()["meta"]["versionId"] != task["meta"]["versionId"])


@asynccontextmanager
async def connected(kafka: str, folder: Path) -> AsyncIterator[tuple[RunningLine, UnitSystem]]:
    """The line with the carer hotline on FHIR, and the hotline's system. The emergency support units are simulated."""
    policy = folder / "policy"
    shutil.copytree(Settings().policy_dir, policy)
    _put_on_fhir(policy)
    # below those that the system gives to clients: one of them could take it before the adapters do
    adapters = free_ports(2, 10_180 + 200 * int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]))
    environment = {
        "KITHLINE_POLICY_DIR": str(policy),
        "KITHLINE_SIMULATED_UNITS": "emergency_support",
        "KITHLINE_NAMESPACE_KEY": bytes(range(32)).hex(),
        "KITHLINE_ADAPTERS_PORT": str(adapters),
        "KITHLINE_ADAPTERS_STORE": f"sqlite:///{folder}/book.sqlite3",
        "FHIR_TOKEN": TOKEN,
    }
    system = UnitSystem(adapters, adapters + 1)
    await system.http.on_start()
    try:
        async with running_line(kafka, folder, AS_OF, environment) as line:
            yield line, system
    finally:
        await system.client.aclose()
        await system.http.on_stop()


def _put_on_fhir(policy: Path) -> None:
    """Of all units only the hotline has a channel of the adapters."""
    text = (policy / "units.yaml").read_text("utf-8")
    for channel in ("webhook", "fhir", "csv"):
        text = text.replace(f", channel: {channel}}}", "}")
    of_hotline = next(line for line in text.splitlines() if f"id: {HOTLINE}," in line)
    text = text.replace(of_hotline, of_hotline.rstrip().removesuffix("}") + ", channel: fhir}")
    (policy / "units.yaml").write_text(text, "utf-8")
    fhir = {"keys": [{"id": "k1", "env": "FHIR_TOKEN"}], "notify_hosts": ["127.0.0.1"]}
    (policy / "channels.yaml").write_text(yaml.safe_dump([{"units": HOTLINE, "fhir": fhir}]), "utf-8")


async def _until(what: Any) -> None:
    async with asyncio.timeout(60):
        while not await what():  # noqa: ASYNC110 - the line tells nobody
            await asyncio.sleep(0.1)


async def test_a_task_is_polled_accepted_and_completed_and_the_referral_is(own_kafka: str, tmp_path: Path) -> None:
    async with connected(own_kafka, tmp_path) as (line, system):
        await system.subscribe()
        await line.tick("2026-07-10T02:31:00.000Z", "units.ticks")
        await line.send(*expand(PAIR))
        await line.send(*expand([ADMITTED]))
        await line.tick("2026-07-10T02:31:00.000Z")

        async def arrived() -> bool:
            return bool(await system.polled())

        await _until(arrived)
        (task,) = await system.polled()
        assert task["status"] == "requested" and task["owner"] == {"reference": f"Organization/{HOTLINE}"}
        request = (await system.client.get(task["focus"]["reference"])).json()
        assert request["code"]["coding"][0]["code"] == "check_arrangements"
        assert task["meta"]["lastUpdated"] == "2026-07-10T02:31:00.000Z"
        first = task
        task = await system.change(task, status="received")
        task = await system.change(task, status="accepted")
        outcome = output("outcome", "outcome", "already_supported")
        finding = output("finding", "finding", "cover_confirmed")
        task = await system.change(
            task, status="in-progress", businessStatus=concept("business-status", "contact_made")
        )
        task = await system.change(task, status="completed", output=[outcome, finding])
        assert task["status"] == "completed"
        stale = await system.client.put(
            f"Task/{task['id']}", json={**first, "status": "failed"}, headers={"If-Match": 'W/"1"'}
        )
        assert stale.status_code == 412
        await line.tick("2026-07-10T02:32:00.000Z")
        ends = await line.ends()
        (ended,) = [one for one in ends.tasks.values() if one["unit"] == HOTLINE]
        assert (ended["status"], ended["outcome"], ended["findings"]) == (
            "completed",
            "already_supported",
            ["cover_confirmed"],
        )
        assert ended["household_id"] not in str([first, request, task]) and ended["for"] not in str(task)

        async def notified() -> bool:
            return bool(system.notified) and system.notified[-1]["status"] == "completed"

        await _until(notified)
        versions = [int(one["meta"]["versionId"]) for one in system.notified]
        assert versions == sorted(set(versions))
        assert ends.dead == []
