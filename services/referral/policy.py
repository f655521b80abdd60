"""What the department decides about referrals, as data: the clocks, and what comes of those that run out. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, model_validator

from contracts.flags import Priority
from contracts.tasks import Clock as ClockName
from contracts.tasks import Task, UnitKind
from services.calendar import ROUND_THE_CLOCK, Calendar, Span, TimeOfDay
from services.calendar.span import read_span

__all__ = ["OFFICE", "OVERDUE_MATTERS", "Clock", "ClockPolicy", "Clocks", "OverdueMatter", "Step", "Times", "Waves"]

OFFICE = "office"
"""The service hours of whoever names none, and of a district's queue."""

OverdueMatter = Literal["review_unacknowledged", "review_overdue", "review_still_overdue"]
"""What an officer is asked to look at because a clock has run out; the last goes to the territory's officer."""
OVERDUE_MATTERS: frozenset[str] = frozenset(get_args(OverdueMatter))


class Step(BaseModel):
    """What comes of a clock that has run out: the task goes to a unit of another kind (`hand_on`), or an officer is
    asked to look at it (`ask`), so long `after`. Each step once; each kind of unit once."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    on: ClockName
    after: Span = "0m"
    hand_on: UnitKind | None = None
    ask: OverdueMatter | None = None

    @model_validator(mode="after")
    def _does_one_thing(self) -> "Step":
        if (self.hand_on is None) == (self.ask is None):
            raise ValueError("a step has exactly one of: hand_on (a kind of unit), ask (what an officer looks at)")
        if self.hand_on is not None and (self.on, any(read_span(self.after))) != ("acknowledge", False):
            raise ValueError("a task is handed on when nobody acknowledges it, at once: on: acknowledge, and no after")
        return self


class Clock(BaseModel):
    """The spans until a task must be acknowledged and the person contacted, and the least that is left after our
    receipt (`floor`), in the service hours of whoever has it, or `round_the_clock`. After so many `attempts` in vain a
    task rests for `parked_days` and the duty officer is asked what next."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    acknowledge: Span
    contact: Span
    floor: Span
    round_the_clock: bool = False
    attempts: int = Field(default=3, ge=1)
    parked_days: float = Field(default=14, gt=0)
    escalate: list[Step] = []

    @model_validator(mode="after")
    def _can_be_kept(self) -> "Clock":
        if not any(read_span(self.acknowledge)) or not any(read_span(self.contact)):
            raise ValueError("acknowledge and contact take time; write at least 1m")
        if self.hand_on and self.hand_on[-1] != "district_office":
            raise ValueError("the last unit that a task is handed on to is the district_office: somebody keeps it")
        for steps in ([step.ask for step in self.escalate if step.ask], self.hand_on):
            if len(set(steps)) != len(steps):
                raise ValueError("a step occurs twice; each is taken once")
        return self

    def steps(self, on: ClockName) -> list[Step]:
        """What an officer is asked to look at once a clock has run out, in the order of the file."""
        return [step for step in self.escalate if step.on == on and step.ask is not None]

    @property
    def hand_on(self) -> list[UnitKind]:
        """The kinds of unit that a task goes to, one after the other, which nobody acknowledges."""
        return [step.hand_on for step in self.escalate if step.hand_on is not None]


class Waves(BaseModel):
    """How much of a list is released at once: the visits that a unit can begin on a day with service hours, and for how
    many such days ahead."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    visits_a_day: int = Field(ge=1)
    days: int = Field(ge=1)


class ClockPolicy(BaseModel):
    """`clocks.yaml`. `remind_at`: the share of a clock after which the unit is reminded; `visit_told_within`: how long
    after a visit that it has arranged the unit has to say how it went; `digest_at`: when units are shown what is new,
    due today and overdue."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    remind_at: float = Field(gt=0, lt=1)
    visit_told_within: Span
    digest_at: TimeOfDay
    waves: Waves
    priorities: dict[Priority, Clock]


@dataclass(frozen=True, slots=True)
class Times:
    """When a task is due, and its unit reminded, by which hours."""

    hours: str
    due_ack: str
    due_contact: str
    warn_ack: str | None
    warn_contact: str | None

    def no_later_than(self, task: Task) -> "Times":
        """With what the task has promised where that is earlier."""
        ack, contact = self.due_ack <= task.due_ack, self.due_contact <= task.due_contact
        return Times(
            self.hours,
            self.due_ack if ack else task.due_ack,
            self.due_contact if contact else task.due_contact,
            self.warn_ack if ack else task.warn_ack,
            self.warn_contact if contact else task.warn_contact,
        )


class Clocks:
    """The clocks of each priority, and the calendar by which they run."""

    def __init__(self, policy: ClockPolicy, calendar: Calendar) -> None:
        self.policy = policy
        self.calendar = calendar
        self.priorities: Mapping[Priority, Clock] = policy.priorities
        # asked again with every record of a household that has an open task
        self.times = lru_cache(maxsize=8192)(self._times)

    def __getitem__(self, priority: Priority) -> Clock:
        return self.priorities[priority]

    def hours(self, priority: Priority, round_the_clock: bool, unit_hours: str | None) -> str:
        """By which hours a task's clocks run; `unit_hours`: those of the unit that has it."""
        if round_the_clock or self[priority].round_the_clock:
            return ROUND_THE_CLOCK
        return unit_hours or OFFICE

    def due_visit(self, hours: str, visit_at: str) -> str:
        """By when a unit says how a visit went."""
        return self.calendar.after(hours, visit_at, self.policy.visit_told_within)

    def _times(self, priority: Priority, hours: str, ack_from: tuple[str, str], contact_from: tuple[str, str]) -> Times:
        """When a task is due. Each clock counts from when something began, but leaves the floor after we received it:
        (began, received). A reminder is for who has it, so it counts from the receipt."""
        clock = self[priority]
        due_ack = self._due(hours, clock.acknowledge, clock.floor, *ack_from)
        due_contact = self._due(hours, clock.contact, clock.floor, *contact_from)
        return Times(
            hours,
            due_ack,
            due_contact,
            self.calendar.part(hours, max(ack_from), due_ack, self.policy.remind_at),
            self.calendar.part(hours, max(contact_from), due_contact, self.policy.remind_at),
        )

    def _due(self, hours: str, span: str, floor: str, began: str, received: str) -> str:
        return max(self.calendar.after(hours, began, span), self.calendar.after(hours, received, floor))
