"""`hospital.admissions`: who was admitted, where and when. No diagnosis, no ward type that reveals one."""

from typing import Any

from pydantic import Field, model_validator

from ..ids import PersonId, Token
from ..instants import Instant
from ._model import EventData

__all__ = ["TYPES", "VERSION", "Corrected", "Discharged", "IdentityLink", "Visit"]


class Visit(EventData):
    """An event of one visit; when it happened is the envelope's `time`."""

    visit_id: Token
    hospital: Token


class Discharged(Visit):
    deceased: bool = Field(default=False, description="True: the patient died; never treated as a return home.")


class Corrected(EventData):
    """The next version of what is known of a visit (A08, or a repeated A01/A03)."""

    visit_id: Token
    hospital: Token | None = None
    admitted_at: Instant | None = None
    discharged_at: Instant | None = None
    deceased: bool = False

    @model_validator(mode="before")
    @classmethod
    def _corrects_something(cls, data: Any) -> Any:
        if isinstance(data, dict) and not data.keys() & {"hospital", "admitted_at", "discharged_at"}:
            if data.get("deceased") is True:
                return data
            raise ValueError("a correction names at least one of hospital, admitted_at, discharged_at, or a death")
        return data


class IdentityLink(EventData):
    """The envelope's subject and this id are (or after `unmerged`, are no longer) the same person."""

    retired_person_id: PersonId


TYPES: dict[str, type[EventData]] = {
    "hospital.preadmitted": Visit,
    "hospital.admitted": Visit,
    "hospital.ed_registered": Visit,
    "hospital.transferred": Visit,
    "hospital.discharged": Discharged,
    "hospital.leave_started": Visit,
    "hospital.leave_ended": Visit,
    "hospital.admission_cancelled": Visit,
    "hospital.transfer_cancelled": Visit,
    "hospital.discharge_cancelled": Visit,
    "hospital.corrected": Corrected,
    "identity.merged": IdentityLink,
    "identity.unmerged": IdentityLink,
}
VERSION = 1
