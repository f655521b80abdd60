"""What a run of chaos does, and when. The same seed makes the same choices."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from services.simulator.dice import Dice

__all__ = ["LONGER", "Fault", "Plan", "chooser", "faults"]

LONGER = 3.0
"""Seconds beyond the session for which a worker stays away or paused: time for the others to take over."""

_ROUND, _AWAY, _PAUSE = 12, 2, 5
"""Of twelve kills, the second leaves its worker away until the others have taken over its partitions, and after the
fifth another worker is stopped for longer than its session: never both at a time."""
_BROKER_EVERY = 8
"""With every eighth a broker is killed, where there is more than one."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A run's size. `session` is the workers' session time-out in seconds, `rate` in feed records a second."""

    seconds: float
    kill_every: float
    workers: int
    nodes: int
    rate: float
    seed: int
    session: float

    @property
    def inputs(self) -> int:
        """How many feed records are sent."""
        return round(self.seconds * self.rate)


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing done on purpose, `at` seconds after the first records had come through.

    `kill`: kill -9 and start again at once; `away`: and start again when others have its partitions; `pause`: SIGSTOP
    for longer than the session, then SIGCONT; `broker`: kill -9 of one broker, which is then started again."""

    at: float
    kind: Literal["kill", "away", "pause", "broker"]


def faults(plan: Plan) -> Iterator[Fault]:
    """The faults in the order of time. With one worker nobody could take over, so it is never left away or paused."""
    number = 0
    while (at := (number + 1) * plan.kill_every) <= plan.seconds:
        number += 1
        # somebody must be there to take over, and time to see it
        long = plan.workers > 1 and at + plan.session + LONGER <= plan.seconds
        yield Fault(at, "away" if long and number % _ROUND == _AWAY else "kill")
        # between two kills, so that what is hit are workers at work
        if long and number % _ROUND == _PAUSE:
            yield Fault(at + plan.kill_every / 3, "pause")
        if plan.nodes > 1 and number % _BROKER_EVERY == 1:
            yield Fault(at + plan.kill_every / 2, "broker")


def chooser(plan: Plan) -> Dice:
    """Chooses whom a fault hits."""
    return Dice(plan.seed, "chaos")
