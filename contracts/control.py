"""The small topics: ticks, officers' decisions, commands to the clock."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from .ids import HouseholdId, Token
from .instants import Instant
from .model import Code, Published

__all__ = ["ClockCommand", "OfficerDecision", "Tick"]


class Tick(Published):
    """`clock.ticks`: one record per partition. A tick only reveals that an instant has passed."""

    as_of: Instant


class ClockCommand(Published):
    """`clock.commands`: asks a commanded clock (a demo's) to publish one tick."""

    as_of: Instant


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
