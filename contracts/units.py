"""`units.status`: what holds of a unit now, of all that it has declared. A copy stands in every partition, so that
whoever reads one partition of it knows all units."""

from pydantic import Field

from .events.respite import PlaceKind
from .events.units import Intake
from .ids import Token
from .instants import Instant
from .model import Published

__all__ = ["FreePlaces", "IntakeStatus", "UnitStatus", "VacancyStatus"]


class IntakeStatus(Published):
    """What a unit last declared about its intake; see `contracts.events.units`. From `valid_until` on it counts no
    more."""

    intake: Intake
    capacity: int | None = None
    waiting_days: int | None = None
    as_of: Instant
    valid_until: Instant | None = None


class UnitStatus(Published):
    """How a unit stands. A later revision replaces it. `intake` is null where what was said was taken back; such a
    unit, and one of which nothing is here, is asked like one that accepts."""

    unit: Token
    revision: int = Field(ge=1)
    intake: IntakeStatus | None


class FreePlaces(Published):
    """How many places are free. How old that is, `as_of` tells: whoever shows it says so, and says what is stale."""

    places: int = Field(ge=0)
    as_of: Instant
    valid_until: Instant | None = None


class VacancyStatus(Published):
    """A unit's free places of one kind in one district. A later revision replaces it. `free` is null where what was
    said was taken back."""

    unit: Token
    kind: PlaceKind
    district: Token
    revision: int = Field(ge=1)
    free: FreePlaces | None
