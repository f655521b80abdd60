"""A unit whose system speaks FHIR: it asks for its Tasks, and puts back what it has changed of them."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import httpx

from contracts.tasks import UnitKind
from services.adapters.fhir.codes import coded, extension_url
from services.demo.outside.unit import Listed, TaskList
from services.runtime.errors import Problem
from services.simulator.conduct import Conduct

__all__ = ["FhirUnit"]

_TRIES = 50
_PAUSE = 0.1

_CHANGED: Mapping[str, Mapping[str, Any]] = {
    "accept": {"status": "accepted"},
    "reject": {"status": "rejected"},
    "attempt": {"status": "in-progress", "businessStatus": coded("business-status", "contact_attempted")},
    "complete": {"status": "completed"},
    "fail": {"status": "failed"},
    "confirm_cancel": {"status": "cancelled"},
}
"""What a unit changes of its Task to say so."""


@dataclass(frozen=True, slots=True)
class _Read:
    """What a unit goes by (`Listed`), of a Task and its ServiceRequest."""

    task_id: str
    revision: int
    status: str
    business_status: str
    unit_kind: UnitKind
    purpose: str
    attempts_to_reach: int


class FhirUnit:
    """`kithline`: the adapters' address; `token`: the unit's."""

    def __init__(self, unit: str, kind: UnitKind, kithline: str, token: str, conduct: Conduct) -> None:
        self.unit = unit
        self._kind = kind
        self._list = TaskList(conduct)
        self._read: dict[str, Mapping[str, Any]] = {}
        headers = {"authorization": f"Bearer {token}", "content-type": "application/fhir+json"}
        self._client = httpx.AsyncClient(base_url=f"{kithline}/fhir", headers=headers, trust_env=False, timeout=30)

    async def start(self) -> None:
        """Nothing: it asks by itself."""

    async def stop(self) -> None:
        """Asks no more."""
        await self._client.aclose()

    async def act(self, now: str) -> int:
        """Asks for its tasks, and answers what is due."""
        self._list.now = now
        await self._ask()
        due = list(self._list.due(now))
        await asyncio.gather(*(self._answer(task, said) for task, said in due))
        return len(due)

    async def _ask(self) -> None:
        url: str | None = "/Task?_include=Task:focus&_count=200"
        while url is not None:
            response = await self._client.get(url)
            response.raise_for_status()
            page = response.json()
            found = [entry["resource"] for entry in page.get("entry", [])]
            asked = {one["id"]: _code(one["code"]) for one in found if one["resourceType"] == "ServiceRequest"}
            for task in found:
                if task["resourceType"] == "Task":
                    self._read[task["id"]] = task
                    self._list.take(self._seen(task, asked[task["id"]]))
            url = next((link["url"] for link in page["link"] if link["relation"] == "next"), None)

    def _seen(self, task: Mapping[str, Any], purpose: str) -> _Read:
        counted = extension_url("attempts-to-reach")
        attempts = next((one["valueUnsignedInt"] for one in task["extension"] if one["url"] == counted), 0)
        return _Read(
            task_id=task["id"],
            revision=int(task["meta"]["versionId"]),
            status=task["status"],
            business_status=_code(task["businessStatus"]),
            unit_kind=self._kind,
            purpose=purpose,
            attempts_to_reach=attempts,
        )

    async def _answer(self, task: Listed, said: Mapping[str, Any]) -> None:
        changed = _changed(self._read[task.task_id], said)
        for _ in range(_TRIES):
            version = {"if-match": f'W/"{task.revision}"'}
            response = await self._client.put(f"/Task/{task.task_id}", json=changed, headers=version)
            if response.status_code != 409:
                break
            await asyncio.sleep(_PAUSE)
        if response.status_code not in (200, 202, 409, 412):  # 412: it has moved on; its next revision is answered
            raise Problem(f"{self.unit} could not answer: {response.status_code} {response.text}")


def _changed(task: Mapping[str, Any], said: Mapping[str, Any]) -> dict[str, Any]:
    changed: dict[str, Any] = {**task, **_CHANGED[said["action"]]}
    if "reason" in said:
        changed["statusReason"] = coded("status-reason", said["reason"])
    if said["action"] == "attempt":
        counted = extension_url("attempts-to-reach")
        changed["extension"] = [
            {**one, "valueUnsignedInt": one["valueUnsignedInt"] + 1} if one["url"] == counted else one
            for one in task["extension"]
        ]
    if "outcome" in said:
        coded_output = [_output("outcome", "outcome", said["outcome"])]
        coded_output += [_output("finding", "finding", one) for one in said.get("findings", ())]
        changed["output"] = coded_output
    return changed


def _output(kind: str, codes: str, code: str) -> dict[str, Any]:
    return {"type": coded("task-parameter", kind), "valueCodeableConcept": coded(codes, code)}


def _code(concept: Mapping[str, Any]) -> str:
    return cast("str", concept["coding"][0]["code"])
