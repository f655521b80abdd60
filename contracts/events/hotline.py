"""`hotline.contacts`: calls to the 24-hour carer hotline. Codes only; what was said stays with the hotline."""

from typing import Any, Literal

from pydantic import Field, model_validator

from ..ids import PersonId, Token
from ..instants import Instant
from ._model import EventData

__all__ = ["TYPES", "VERSION", "Contact", "PlannedAbsence", "Topic"]

Topic = Literal[
    "emotional",
    "care",
    "community_services",
    "respite",
    "finance",
    "information",
    "other",
    "violence",
    "child_at_risk",
    "mental_health_crisis",
    "youth_distress",
]
"""What the call is about. The last four are what the caller reports: violence, or a crisis of their own; a child at
risk or a young person in distress whom they know."""

AbsenceReason = Literal["travel", "treatment", "helper_absent"]


class PlannedAbsence(EventData):
    """A carer or helper who will be away."""

    starts_at: Instant
    ends_at: Instant
    reason: AbsenceReason

    @model_validator(mode="after")
    def _ends_after_start(self) -> "PlannedAbsence":
        if self.ends_at <= self.starts_at:
            raise ValueError("ends_at is not after starts_at")
        return self


class Contact(EventData):
    """One contact. Only a `confirmed` caller is linked to a person, never a telephone number alone."""

    caller_match: Literal["confirmed", "probable", "none"]
    caller_person_id: PersonId | None = None
    topics: list[Topic] = Field(min_length=1)
    gravity: Literal["routine", "raised", "grave"] = "routine"
    immediate_danger: bool = False
    planned_absence: PlannedAbsence | None = None
    district: Token | None = None
    outcome: Literal["advised", "referred", "outreach_requested", "call_back", "ended_by_caller"] = "advised"

    @model_validator(mode="before")
    @classmethod
    def _confirmed_names_a_person(cls, data: Any) -> Any:
        if isinstance(data, dict) and data.get("caller_match") == "confirmed" and not data.get("caller_person_id"):
            raise ValueError("caller_match is 'confirmed' but caller_person_id is missing")
        return data


TYPES: dict[str, type[EventData]] = {"hotline.contact": Contact}
VERSION = 1
