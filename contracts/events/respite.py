"""`respite.vacancies`: how many respite and emergency places are free, and where. Nothing here is about a person."""

from typing import Literal

from pydantic import Field, model_validator

from ..ids import Token
from ..instants import Instant
from ._model import EventData

__all__ = ["TYPES", "VERSION", "PlaceKind", "VacancyDeclared"]

PlaceKind = Literal["respite", "emergency"]
"""A planned stay, or one from today on."""


class VacancyDeclared(EventData):
    """How many places of one kind a unit (a home, a centre) has free. It replaces what the unit said of that kind and
    district before; `places: 0` says that there are none. How old it is, `as_of` tells."""

    unit: Token
    kind: PlaceKind
    district: Token = Field(description="Where the places are.")
    places: int = Field(ge=0, le=10_000)
    as_of: Instant = Field(description="When the unit counted.")
    valid_until: Instant | None = Field(default=None, description="From when it counts no more; null: until the next.")

    @model_validator(mode="after")
    def _ends_after_start(self) -> "VacancyDeclared":
        if self.valid_until is not None and self.valid_until <= self.as_of:
            raise ValueError("valid_until is not after as_of")
        return self


TYPES: dict[str, type[EventData]] = {"respite.vacancy_declared": VacancyDeclared}
VERSION = 1
