"""`units.declarations`: what a unit says about its own intake. Nothing here is about a person."""

from typing import Literal

from pydantic import Field, model_validator

from ..ids import Token
from ..instants import Instant
from ._model import EventData

__all__ = ["TYPES", "VERSION", "Intake", "IntakeDeclared"]

Intake = Literal["accepting", "waiting_list", "closed"]
"""Whether a unit takes on new tasks: at once, after a wait, or not at all."""


class IntakeDeclared(EventData):
    """How a unit stands, as it says itself. It holds until the unit says something else, or until `valid_until`.

    A declaration guides who is asked; it binds nobody: a unit may decline whatever it declared."""

    unit: Token
    intake: Intake
    capacity: int | None = Field(default=None, ge=0, le=10_000, description="How many more tasks it can take on.")
    waiting_days: int | None = Field(default=None, ge=0, le=3_650, description="For `waiting_list`: how long the wait.")
    as_of: Instant = Field(description="When the unit looked.")
    valid_until: Instant | None = Field(default=None, description="From when it counts no more; null: until the next.")

    @model_validator(mode="after")
    def _makes_sense(self) -> "IntakeDeclared":
        if (self.intake == "waiting_list") != (self.waiting_days is not None):
            raise ValueError("intake 'waiting_list' needs waiting_days, and no other intake has any")
        if self.intake == "accepting" and self.capacity == 0:
            raise ValueError("capacity is 0 but intake is 'accepting'; say 'waiting_list' or 'closed'")
        if self.valid_until is not None and self.valid_until <= self.as_of:
            raise ValueError("valid_until is not after as_of")
        return self


TYPES: dict[str, type[EventData]] = {"units.intake_declared": IntakeDeclared}
VERSION = 1
