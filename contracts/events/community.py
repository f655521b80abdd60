"""`community.observations`: what people on the ground notice. Codes only, no free text."""

from typing import Any, Literal

from pydantic import Field, model_validator

from ..ids import PersonId, Token
from ._model import Address, EventData

__all__ = ["TYPES", "VERSION", "Concern", "Incident", "IncidentKind", "Observation", "Observer"]

Observer = Literal[
    "care_team",
    "property_staff",
    "welfare_unit",
    "school",
    "police",
    "volunteer",
    "district_office",
    "family",
    "self",
]
"""Who says so. `self`: the person concerned has told whoever recorded it; `family`: somebody of their family has."""

Concern = Literal[
    "not_seen",
    "no_answer",
    "strain",
    "frail",
    "isolated",
    "violence_reported",
    "child_at_risk_reported",
    "mental_health_crisis_reported",
    "youth_distress_reported",
    "hidden_household",
    "care_covered",
    "carer_home",
]


class Observation(EventData):
    """One concern, about a person or, where nobody knows who, about a flat."""

    by: Observer
    concern: Concern
    person_id: PersonId | None = None
    address: Address | None = None
    days: int | None = Field(default=None, ge=0, le=365, description="For `not_seen`: for how many days.")

    @model_validator(mode="before")
    @classmethod
    def _names_a_person_or_a_flat(cls, data: Any) -> Any:
        if isinstance(data, dict) and (data.get("person_id") is None) == (data.get("address") is None):
            raise ValueError("an observation names either person_id or address")
        return data


IncidentKind = Literal["fire", "death", "flood", "power_cut", "outbreak", "other"]


class Incident(EventData):
    """Something that concerns a whole block."""

    kind: IncidentKind
    block_id: Token
    district: Token


TYPES: dict[str, type[EventData]] = {
    "community.observation": Observation,
    "community.incident": Incident,
}
VERSION = 1
