"""The small topics: ticks, officers' decisions, commands to the clock."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from .flags import OUTCOMES, Outcome, Scope
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
    """`officer.decisions`: a person decides, names the evidence seen, and is named by role.

    One about a revision that has since changed in what matters (status, level, the clauses met) is refused: a dead
    letter says what is different now. Of a flag that is closed the outcome is said; a snooze says until when, and what
    it covers."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    decision_id: Token
    household_id: HouseholdId
    flag_id: str
    decision: Literal["release", "acknowledge", "snooze", "unsnooze", "close"]
    seen_revision: int = Field(ge=1, description="The flag's revision that the officer saw.")
    wave: Token | None = Field(default=None, description="For `release`: the wave in which the household is released.")
    clocks_from: Instant | None = Field(
        default=None, description="For `release`: from when the clocks run, so that a wave is not due all at once."
    )
    scope: Scope = Field(default="flag", description="For `snooze` and `unsnooze`: what it covers.")
    until: Instant | None = Field(default=None, description="For `snooze`: when it ends by itself.")
    outcome: Outcome | None = Field(default=None, description="For `close`: what the officer knows.")
    officer: Token
    at: Instant
    reason: Code = "wave"

    @model_validator(mode="after")
    def _says_what_it_must(self) -> "OfficerDecision":
        if self.decision == "release" and self.wave is None:
            raise ValueError("a release needs a wave: the name of the wave in which the household is released")
        if self.decision == "close" and self.outcome is None:
            raise ValueError("decision 'close' needs an outcome: one of " + ", ".join(OUTCOMES))
        if self.decision == "snooze" and (self.until is None or self.until <= self.at):
            raise ValueError("decision 'snooze' needs an until that is later than at")
        if self.decision != "release" and "reason" not in self.model_fields_set:
            raise ValueError(f"decision {self.decision!r} needs a reason: a code, for example away_with_family")
        return self


class Forgotten(Published):
    """`subject.forgotten` on a feed, in its envelope, written by `kithline subject erase` only: of these events of the
    subject, nothing that the feed's service keeps stays. `erased`: the subject is the person who is erased, and nothing
    that was recorded up to `at` is let in again."""

    events: list[Annotated[str, StringConstraints(pattern=r"^[^ ]+ [^ ]+$")]] = Field(
        description="`source id` of each."
    )
    at: Instant
    erased: bool
