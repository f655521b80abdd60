"""A unit without a system: somebody signs in at the desk, opens what is on the list, and fills in the forms."""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from html import unescape
from typing import Any

import httpx

from services.demo.outside.unit import Listed, TaskList
from services.runtime.errors import Problem
from services.simulator.conduct import Conduct

__all__ = ["DeskUnit"]

_FORM = re.compile(r'<form method="post" action="[^"]*/answer".*?</form>', re.DOTALL)
_HIDDEN = re.compile(r'<input type="hidden" name="([a-z_]+)" value="([^"]*)">')

_FIELDS = ("reason", "outcome", "findings")
"""Of what a unit says, those that stand in the forms under the same names."""


class DeskUnit:
    """`desk`: its address; `look`: what is on the unit's list, as a person would read it off the page."""

    def __init__(
        self,
        unit: str,
        desk: str,
        account: tuple[str, str],
        look: Callable[[str], Awaitable[Sequence[Listed]]],
        conduct: Conduct,
    ) -> None:
        """`account`: name and password."""
        self.unit = unit
        self._account = account
        self._look = look
        self._list = TaskList(conduct)
        self._browser = httpx.AsyncClient(base_url=desk, trust_env=False, timeout=30)

    async def start(self) -> None:
        """Signs in."""
        page = await self._browser.get("/sign-in")
        name, password = self._account
        form = {**dict(_HIDDEN.findall(page.text)), "name": name, "password": password}
        answer = await self._browser.post("/sign-in", data=form)
        if answer.status_code >= 400 or "kithline_desk" not in self._browser.cookies:
            raise Problem(f"{name} could not sign in at the desk: {answer.status_code}")

    async def stop(self) -> None:
        """Closes the browser."""
        await self._browser.aclose()

    async def act(self, now: str) -> int:
        """Looks at the list, and answers what is due, one form after the other."""
        self._list.now = now
        for task in await self._look(self.unit):
            self._list.take(task)
        given = 0
        for task, said in list(self._list.due(now)):
            given += await self._fill_in(task, said)
        return given

    async def _fill_in(self, task: Listed, said: Mapping[str, Any]) -> bool:
        page = await self._browser.get(f"/tasks/{task.task_id}")
        page.raise_for_status()
        for form in _FORM.findall(page.text):
            hidden = {name: unescape(value) for name, value in _HIDDEN.findall(form)}
            if hidden.get("action") == said["action"] and hidden.get("revision") == str(task.revision):
                filled = {**hidden, **{name: said[name] for name in _FIELDS if said.get(name)}}
                answer = await self._browser.post(f"/tasks/{task.task_id}/answer", data=filled)
                if answer.status_code not in (303, 409):  # 409: the task has moved on; its next revision is answered
                    raise Problem(f"{self.unit} could not answer at the desk: {answer.status_code}")
                return answer.status_code == 303
        return False  # the page offers something else by now
