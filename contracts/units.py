"""`units.status`: what holds of a unit now, of all that it has declared. One record for each partition."""

from pydantic import Field

from .events.respite import PlaceKind
from .events.units import Intake
from .ids import Token
from .instants import Instant
from .model import Published

__all__ = ["IntakeStatus", "UnitStatus", "Vacancy"]


class IntakeStatus(Published):
    """What a unit last declared about its intake; see `contracts.events.units`."""

    intake: Intake
    capacity: int | None = None
    waiting_days: int | None = None
    as_of: Instant
    valid_until: Instant | None = None


class Vacancy(Published):
    """What a unit last declared about its free places of one kind in one district. How old that is, `as_of` tells:
    whoever shows it says so, and says what is stale."""

    kind: PlaceKind
    district: Token
    places: int = Field(ge=0)
    as_of: Instant
    valid_until: Instant | None = None


class UnitStatus(Published):
    """All that holds of one unit, keyed by the unit. A later revision replaces the whole. Of a unit that has said
    nothing of its intake there is no `intake`: it is asked like one that accepts."""

    unit: Token
    revision: int = Field(ge=1)
    intake: IntakeStatus | None = None
    vacancies: list[Vacancy] = Field(default=[], description="By kind and district, one of each.")
