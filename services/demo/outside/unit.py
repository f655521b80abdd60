"""What every unit outside does: it learns of tasks, waits for as long as its kind does, and answers."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from contracts.instants import EPOCH, plus
from contracts.tasks import TERMINAL
from services.simulator.conduct import Conduct, Seen

__all__ = ["Listed", "OutsideUnit", "TaskList"]


class Listed(Seen, Protocol):
    """A task on a unit's list, however it came: what the unit goes by, and which revision that is."""

    @property
    def revision(self) -> int: ...


class OutsideUnit(Protocol):
    """A unit with a system of its own. Used between `start` and `stop`."""

    unit: str

    async def start(self) -> None:
        """Is there to be reached."""

    async def stop(self) -> None:
        """Is no longer there."""

    async def act(self, now: str) -> int:
        """Gives the answers that are due by the units' clock; returns how many. They are under way when it returns."""


@dataclass
class TaskList:
    """A unit's own list: the newest revision of each task, and when the unit means to answer it."""

    conduct: Conduct
    now: str = EPOCH
    tasks: dict[str, Listed] = field(default_factory=dict)
    _due: dict[str, str] = field(default_factory=dict)

    def take(self, task: Listed) -> None:
        """A revision that has come in; an old one changes nothing."""
        known = self.tasks.get(task.task_id)
        if known is not None and known.revision >= task.revision:
            return
        self.tasks[task.task_id] = task
        self._due.pop(task.task_id, None)
        if task.status not in TERMINAL:
            self._due[task.task_id] = plus(self.now, hours=self.conduct.delay(task))

    def due(self, now: str) -> Iterable[tuple[Listed, Mapping[str, Any]]]:
        """Yields the tasks that the unit answers now, with what it says. Each revision is answered once."""
        for name in sorted(name for name, at in self._due.items() if at <= now):
            del self._due[name]
            yield self.tasks[name], self.conduct.say(self.tasks[name])
