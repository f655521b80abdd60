"""Judges from looks at a process whether anything in it has stopped getting on. Pure: time comes with each look.

What counts is time that was *witnessed*: a process that was stopped and woken up (SIGSTOP, a suspended machine), or
that got no share of the processor, has not stood still for as long as the clock says.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass

__all__ = ["LOOP", "Judge", "Look", "Standing", "Watched"]


@dataclass(frozen=True, slots=True)
class Watched:
    """One thing that must get on while it `owes` something. `progress` differs from the last look's where it has."""

    processor: str
    partition: str
    """Empty: the processor as a whole."""
    duty: str
    """What it does while it gets on, for people: "commits", "fetches"."""
    owes: bool
    progress: Hashable
    patience: float
    """Seconds of standing still after which a restart is right."""
    lag: int | None = None
    """Records that it is known to be behind; None: not known."""
    last_commit: float = 0.0
    """Unix time in seconds; 0: none yet."""


LOOP = "hands back the event loop"
"""The duty of every fold; what stands when it fails is nobody's task but the process."""


@dataclass(frozen=True, slots=True)
class Look:
    """What the event loop published when it last came round."""

    beats: int
    """Grows each time."""
    answers: bool
    """Whether Kafka does. While it is away nothing can get on, and nobody is to blame."""
    things: tuple[Watched, ...] = ()


@dataclass(frozen=True, slots=True)
class Standing:
    """Something that owes and has not got on for `seconds`."""

    thing: Watched
    seconds: float

    @property
    def stalled(self) -> bool:
        """Whether patience is at an end."""
        return self.seconds >= self.thing.patience


_Name = tuple[str, str, str]


class Judge:
    """Give it looks in the order of time. `patience` is the loop's own, in seconds; a gap between two looks counts for
    `longest_gap` seconds at most."""

    def __init__(self, patience: float, longest_gap: float) -> None:
        self._patience = patience
        self._longest_gap = longest_gap
        self._at: float | None = None
        self._beats = -1
        self._silent = 0.0  # witnessed since the loop last came round
        self._clock = 0.0  # witnessed while it came round
        self._since: dict[_Name, tuple[Hashable, float]] = {}

    def look(self, at: float, seen: Look) -> list[Standing]:
        """All that owes something, and for how long it has stood still; `at` is monotonic, in seconds.

        While the loop does not come round, what it last published says nothing about the rest; then the loop alone
        is judged, and all others' time stands still too."""
        self._silent += 0.0 if self._at is None else min(at - self._at, self._longest_gap)
        self._at = at
        if seen.beats == self._beats:
            return [Standing(Watched("", "", LOOP, True, seen.beats, self._patience), self._silent)]
        self._clock += min(self._silent, self._longest_gap)
        self._silent, self._beats = 0.0, seen.beats
        known, self._since = self._since, {}
        return [self._judge(thing, known.get, seen.answers) for thing in seen.things if thing.owes]

    def _judge(
        self, thing: Watched, known: Callable[[_Name], tuple[Hashable, float] | None], answers: bool
    ) -> Standing:
        name = (thing.processor, thing.partition, thing.duty)
        before = known(name)
        since = before[1] if answers and before is not None and before[0] == thing.progress else self._clock
        self._since[name] = (thing.progress, since)
        return Standing(thing, self._clock - since)
