"""What a report counts, as the department has written it in `report.yaml`. Pure models."""

from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from contracts.model import Bilingual, Code

__all__ = ["OTHER", "Programme", "Programmes"]

Counts = Literal["notices", "households", "cases"]


class Programme(BaseModel):
    """One thing that a report tells of: the patterns whose flags belong to it, and what is counted as one.

    `notices`: one for each stay in hospital, however many depend on the carer. `households`: one for each household.
    `cases`: one for each flag."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Code
    title: Bilingual
    counts: Counts
    patterns: list[Code] = Field(min_length=1)
    territory_only: bool = Field(default=False, description="No figure of any district is shown, not even its total.")


OTHER = Programme(
    id="other",
    title=Bilingual(en="Other reasons", zh_hant="其他原因"),
    counts="cases",
    patterns=["other"],
)
"""For flags of patterns that no programme names: nothing is left out of a report because nobody thought of it."""


class Programmes(BaseModel):
    """The whole file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    suppress_below: int = Field(default=5, ge=2, le=100)
    programmes: list[Programme] = Field(min_length=1)

    @model_validator(mode="after")
    def _one_programme_for_each_pattern(self) -> "Programmes":
        seen: set[str] = set()
        for programme in self.programmes:
            for name in (f"id {programme.id}", *(f"pattern {one}" for one in programme.patterns)):
                if name in seen or name == f"id {OTHER.id}":
                    raise ValueError(f"{name} is used twice; every flag is counted once")
                seen.add(name)
        return self

    @property
    def by_pattern(self) -> Mapping[str, Programme]:
        """The programme of each pattern."""
        return {pattern: programme for programme in self.programmes for pattern in programme.patterns}
