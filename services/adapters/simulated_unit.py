"""Units that answer by themselves, at the published rates: for the demo and for trying out a policy. Pure.

What a unit does follows from the task's id alone, so that a demo can be repeated; when it does it follows from the
tick at which the task reached it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from contracts.instants import plus
from contracts.tasks import TERMINAL, UNIT_KINDS, Task, TaskUpdate
from services.directory import Unit
from services.runtime.errors import Problem
from services.runtime.fold import UNIT_TICKS, Processor, Record, Turn, Value
from services.simulator.conduct import Conduct

__all__ = ["SimulatedUnits", "simulated"]


@dataclass(frozen=True, slots=True)
class SimulatedUnits:
    """Answers as each kind of unit would (`conduct`). `units`: those that are simulated, by id (None: all)."""

    conduct: Conduct = field(default_factory=Conduct)
    units: frozenset[str] | None = None

    def processor(self) -> Processor:
        """Tasks and ticks in, answers out."""
        inputs = tuple(f"referral.tasks.{kind}" for kind in UNIT_KINDS)
        return Processor(
            "adapters",
            (*inputs, UNIT_TICKS),
            ("referral.updates", "dead.letters"),
            self.receive,
            self.due,
            self.act,
        )

    def receive(self, record: Record, turn: Turn) -> None:
        """Takes a task's revision in, and plans what the unit does about it."""
        task = Task.model_validate_json(record.value)
        household = record.key.decode()
        state = turn.get(household) or {"open": {}}
        known = state["open"].get(task.task_id)
        if known is not None and known["task"]["revision"] >= task.revision:
            turn.duplicate = True
            return
        open_tasks = {name: entry for name, entry in state["open"].items() if name != task.task_id}
        if task.status not in TERMINAL and self._plays(task.unit):
            raw = task.model_dump(mode="json", by_alias=True)
            open_tasks[task.task_id] = {"task": raw, "at": plus(turn.as_of, hours=self.conduct.delay(task))}
        turn.put(household, {"open": open_tasks} if open_tasks else None)

    def _plays(self, unit: str) -> bool:
        return not unit.startswith("queue-") and (self.units is None or unit in self.units)

    @staticmethod
    def due(state: Value) -> str | None:
        """When the next unit acts."""
        return min((entry["at"] for entry in state["open"].values() if entry["at"]), default=None)

    def act(self, household: str, turn: Turn) -> None:
        """All that is due in a household: one answer for each task; the next follows on the task's next revision."""
        state = turn.get(household)
        assert state is not None
        open_tasks = dict(state["open"])
        for task_id, entry in sorted(open_tasks.items()):
            if entry["at"] and entry["at"] <= turn.as_of:
                task = Task.model_validate(entry["task"])
                # planned before the first tick, when it was 1970 as far as the unit knew: it acts now
                update = self._answer(task, entry["at"] if entry["at"] > task.requested_at else turn.as_of)
                turn.emit("referral.updates", household, update)
                open_tasks[task_id] = {**entry, "at": None}
        turn.put(household, {"open": open_tasks})

    def _answer(self, task: Task, at: str) -> TaskUpdate:
        said = self.conduct.say(task)
        return TaskUpdate.model_validate(
            {
                "update_id": f"{task.task_id}:{task.revision}:{said['action']}",
                "task_id": task.task_id,
                "household_id": task.household_id,
                "expected_revision": task.revision,
                "at": at,
                "unit": task.unit,
                **said,
            }
        )


def simulated(patterns: str, units: Iterable[Unit]) -> frozenset[str]:
    """The units that KITHLINE_SIMULATED_UNITS names: `all`, or ids and kinds with commas between, each with * and ? if
    need be; one with ! in front is taken out of those before it. None if it is empty. Raises Problem for a word that
    fits no unit."""
    everybody = list(units)
    chosen: set[str] = set()
    for word in filter(None, (part.strip() for part in patterns.split(","))):
        pattern = word.removeprefix("!")
        fits = {
            unit.id
            for unit in everybody
            if pattern == "all" or fnmatchcase(unit.id, pattern) or fnmatchcase(unit.kind, pattern)
        }
        if not fits:
            raise Problem(
                f"KITHLINE_SIMULATED_UNITS: {pattern!r} fits no unit of the directory: write `all`, or ids or kinds of "
                "units.yaml with commas between (* and ? stand for any characters, ! in front takes out)"
            )
        chosen = chosen - fits if word != pattern else chosen | fits
    return frozenset(chosen)
