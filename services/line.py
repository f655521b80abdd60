"""The whole line: which services there are, and the same folds without Kafka.

`Line` runs every processor's own fold in memory, one input record at a time until nothing is in flight. Replay, the
rules' examples and most tests stand on it; the services run the very same folds inside transactions.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from contracts.instants import EPOCH
from services.adapters.simulated_unit import SimulatedUnits
from services.admission import hospital
from services.community import observations
from services.correlator.household import correlator
from services.hotline import contacts
from services.housing import places, tenancy
from services.people import person
from services.policy import load_clocks, load_directory, load_rules, load_sources
from services.referral.desk import Desk
from services.register import welfare
from services.runtime.fold import TICK_TOPICS, Processor, Record, Store, Turn
from services.runtime.folding import MemoryStore, Task
from services.runtime.settings import BESIDE_THE_LINE, WEB_ORDER
from services.units import intake, vacancies

__all__ = ["SERVICES", "Line", "line_processors"]

SERVICES: tuple[str, ...] = tuple(name for name in WEB_ORDER if name not in BESIDE_THE_LINE)
"""Every service of the line, in the order of the web ports. Each is `services.<name>.app`."""


def line_processors(policy: Path, units: bool = False) -> tuple[Processor, ...]:
    """The processors of all services; with `units`, the simulated units too (a recorded log holds their answers)."""
    return (
        hospital.PROCESSOR,
        tenancy.PROCESSOR,
        places.PROCESSOR,
        contacts.PROCESSOR,
        welfare.PROCESSOR,
        observations.PROCESSOR,
        intake.PROCESSOR,
        vacancies.PROCESSOR,
        person.PROCESSOR,
        correlator(load_rules(policy), load_sources(policy)),
        Desk(load_directory(policy), load_clocks(policy)).processor(),
        *((SimulatedUnits().processor(),) if units else ()),
    )


class Line:
    """All processors in memory. What a record causes is finished before the next one is taken."""

    def __init__(
        self, processors: Sequence[Processor], as_of: str = EPOCH, store: Callable[[], Store] = MemoryStore
    ) -> None:
        """`as_of` is where every task starts; ticks move it on. `store` makes each task's state."""
        self.tasks = [Task(processor, store(), as_of) for processor in processors]
        self._readers: dict[str, list[Task]] = {}
        for task in self.tasks:
            for topic in task.processor.inputs:
                self._readers.setdefault(topic, []).append(task)

    def next_due(self) -> str | None:
        """When the first of all keys wants to be woken; None: never."""
        return min([due for task in self.tasks if (due := task.next_due()) is not None], default=None)

    def take(self, record: Record) -> Iterator[tuple[str, Turn]]:
        """Runs one record through the line; yields every turn that it caused with its processor's name."""
        readers, timestamp = self._readers, record.timestamp
        waiting = deque((record,))
        while waiting:
            current = waiting.popleft()
            ticks = current.topic in TICK_TOPICS
            for task in readers.get(current.topic, ()):
                for turn in task.take(current) if ticks else (task.take_one(current),):
                    for topic, key, value, headers, _, _ in turn.outputs:
                        if topic in readers:
                            waiting.append(Record(topic, key, value, headers, timestamp=timestamp))
                    yield task.processor.name, turn
