"""What the department decides about referrals, as data: the clocks. Pure models."""

from pydantic import BaseModel, ConfigDict, Field

from contracts.instants import plus
from contracts.tasks import UnitKind

__all__ = ["LINE_24_HOURS", "Clock"]

LINE_24_HOURS: UnitKind = "hotline"
"""Where a `stat` task goes that nobody has acknowledged in time: the carer hotline answers day and night."""


class Clock(BaseModel):
    """Hours until a task must be acknowledged and the person contacted; `floor` counts from our receipt. After so many
    `attempts` in vain a task rests for `parked_days` and the duty officer is asked what next."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    acknowledge: float = Field(gt=0)
    contact: float = Field(gt=0)
    floor: float = Field(ge=0)
    attempts: int = Field(default=3, ge=1)
    parked_days: float = Field(default=14, gt=0)

    def due(self, began: str, received: str) -> tuple[str, str]:
        """(acknowledge by, contact by): from when it began, but no sooner than the floor after our receipt."""
        soonest = plus(received, hours=self.floor)
        return max(plus(began, hours=self.acknowledge), soonest), max(plus(began, hours=self.contact), soonest)
