"""Where a household lives, as far as it matters to who serves it: district, sub-district, estate. Pure."""

from collections.abc import Mapping
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from contracts.ids import Token
from services.directory.unit import Name

__all__ = ["NOWHERE", "District", "Place", "Places"]


class District(BaseModel):
    """One district as `deploy/policy/districts.yaml` has it: its sub-districts, and the estates in each."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Name
    sub_districts: dict[Token, list[Token]] = Field(default={})


class Place(NamedTuple):
    """A place. None: nobody knows."""

    district: str | None
    sub_district: str | None
    estate: str | None


class Places:
    """The districts of the territory, and in which sub-district each estate is."""

    def __init__(self, districts: Mapping[str, District]) -> None:
        self.districts = districts
        self._sub_districts = {
            (code, estate): name
            for code, district in districts.items()
            for name, estates in district.sub_districts.items()
            for estate in estates
        }

    def place(self, district: str | None, estate: str | None) -> Place:
        """The place of an estate in a district. An estate that is not among those of the district is taken for
        unknown: sources name estates in their own way."""
        sub_district = None if district is None or estate is None else self._sub_districts.get((district, estate))
        return Place(district, sub_district, estate)


NOWHERE = Places({})
"""No district has parts."""
