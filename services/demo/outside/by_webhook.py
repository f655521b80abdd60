"""A unit whose system takes tasks by webhook and answers by signed requests: the 24-hour line's call list, say."""

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx
import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from contracts.unit_tasks import UnitTask
from services.adapters.webhook.signing import Rejected, Signer, sign, verified
from services.demo.outside.unit import Listed, TaskList
from services.runtime.errors import Problem
from services.runtime.http import HttpService
from services.runtime.now import now_ms
from services.simulator.conduct import Conduct

__all__ = ["WebhookUnit"]

_TRIES = 50
_PAUSE = 0.1


class WebhookUnit:
    """`port`: where its system listens; `kithline`: the adapters' address; `signer`: the key that both share."""

    def __init__(self, unit: str, port: int, kithline: str, signer: Signer, conduct: Conduct) -> None:
        self.unit = unit
        self.url = f"http://127.0.0.1:{port}/tasks"
        self._kithline = kithline
        self._signer = signer
        self._list = TaskList(conduct)
        app = Starlette(routes=[Route("/tasks", self._receive, methods=["POST"])])
        self._http = HttpService(f"the system of {unit}", app, "127.0.0.1", port)
        self._client = httpx.AsyncClient(trust_env=False)

    async def start(self) -> None:
        """Listens."""
        await self._http.start()

    async def stop(self) -> None:
        """Listens no longer."""
        await self._http.stop()
        await self._client.aclose()

    async def act(self, now: str) -> int:
        """Sends what is due."""
        self._list.now = now
        due = list(self._list.due(now))
        await asyncio.gather(*(self._answer(task, said) for task, said in due))
        return len(due)

    async def _receive(self, request: Request) -> Response:
        body = await request.body()
        try:
            verified([self._signer], request.headers, body, now_ms() // 1000)
        except Rejected:
            return Response(status_code=401)
        self._list.take(UnitTask.model_validate_json(body))
        return Response(status_code=204)

    async def _answer(self, task: Listed, said: Mapping[str, Any]) -> None:
        name = f"{task.task_id}-{task.revision}"
        answer = {"id": name, "task": task.task_id, "expected_revision": task.revision, **said}
        body, url = orjson.dumps(answer), f"{self._kithline}/v1/units/{self.unit}/answers"
        for _ in range(_TRIES):
            headers = sign([self._signer], name, now_ms() // 1000, body)
            response = await self._client.post(url, content=body, headers=headers)
            if response.status_code in (200, 202):
                return
            if response.status_code != 409 or "retry-after" not in response.headers:
                break
            await asyncio.sleep(_PAUSE)  # its own receipt is still under way
        if response.status_code != 409:  # the task has moved on: the unit answers its next revision
            raise Problem(f"{self.unit} could not answer: {response.status_code} {response.text}")
