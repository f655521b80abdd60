"""The small topics: ticks, officers' decisions, commands to the clock."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from .ids import HouseholdId, Token
from .instants import Instant
from .model import Code, Published

__all__ = ["ClockCommand", "Forgotten", "OfficerDecision", "Tick"]


class Tick(Published):
    """`clock.ticks` and `units.ticks`: one record per partition. A tick only reveals that an instant has passed.

    The simulated units are no part of the line: they have ticks of their own, so that a demo can let the line finish
    what a moment reveals before the units act on it."""

    as_of: Instant


class ClockCommand(Published):
    """`clock.commands`: asks a commanded clock (a demo's) to publish one tick. A real clock ticks both each second."""

    as_of: Instant
    topic: Literal["clock.ticks", "units.ticks"] = "clock.ticks"


class OfficerDecision(BaseModel):
    """`officer.decisions`: a person decides, names the evidence seen, and is named by role."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    decision_id: Token
    household_id: HouseholdId
    flag_id: str
    decision: Literal["release"]
    seen_revision: int = Field(ge=1, description="The flag's revision that the officer saw.")
    wave: Token = Field(description="The wave in which the household is released.")
    officer: Token
    at: Instant
    reason: Code = "wave"


class Forgotten(Published):
    """`subject.forgotten` on a feed, in its envelope, written by `kithline subject erase` only: of these events of the
    subject, nothing that the feed's service keeps stays. `erased`: the subject is the person who is erased, and nothing
    that was recorded up to `at` is let in again."""

    events: list[Annotated[str, StringConstraints(pattern=r"^[^ ]+ [^ ]+$")]] = Field(
        description="`source id` of each."
    )
    at: Instant
    erased: bool
