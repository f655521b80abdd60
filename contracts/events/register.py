"""`welfare.register`: what the department knows: care, cohorts, planned absences, services, consent, deaths."""

from typing import Literal

from pydantic import Field

from ..ids import PersonId, Token
from ._model import EventData
from .hotline import PlannedAbsence

__all__ = [
    "TYPES",
    "VERSION",
    "AbsencePlanned",
    "CareAsserted",
    "CareEnded",
    "Cohort",
    "Consent",
    "Deceased",
    "Rekeyed",
    "Residence",
    "Service",
]

Basis = Literal["allowance", "self_reported", "hotline", "visit"]
ServiceKind = Literal[
    "emergency_alarm",
    "home_care",
    "day_care",
    "elderly_centre",
    "disability_support",
    "carer_resource",
    "family_service",
    "mental_wellness",
    "meal_delivery",
]


class CareAsserted(EventData):
    """The envelope's subject cares for this person."""

    cared_for_person_id: PersonId
    basis: Basis
    cared_for_group: Literal["elderly", "disabled", "mental_recovery", "child", "other"]


class CareEnded(EventData):
    cared_for_person_id: PersonId
    basis: Basis


class Cohort(EventData):
    """Membership of a group of carers about whose admissions the hospitals tell the department."""

    cohort: Literal["allowance_carers_of_elderly", "allowance_carers_of_disabled", "high_risk_public_housing"]


class AbsencePlanned(PlannedAbsence):
    absence_id: Token = Field(description="The natural key of the absence: a correction repeats it.")


class Service(EventData):
    """A service that the envelope's subject uses, has used or has applied for."""

    kind: ServiceKind
    unit: Token | None = Field(default=None, description="The unit that gives it, as the directory of units names it.")


class Consent(EventData):
    scope: Literal["outreach", "data_sharing"]


class Deceased(EventData):
    confidence: Literal["confirmed", "reported"]


class Rekeyed(EventData):
    """The pseudonymising service has a new key: the envelope's subject, of the envelope's `keyepoch`, and this id of an
    earlier epoch are one person. Both are in use for a while; histories join, and no new person comes of it."""

    former_person_id: PersonId


class Residence(EventData):
    """Where a person lives of whom the housing department knows nothing: the district is enough to route."""

    district: Token
    birth_year: int | None = Field(default=None, ge=1890, le=2100)


TYPES: dict[str, type[EventData]] = {
    "register.care_relationship_asserted": CareAsserted,
    "register.care_relationship_ended": CareEnded,
    "register.cohort_asserted": Cohort,
    "register.cohort_ended": Cohort,
    "register.care_absence_planned": AbsencePlanned,
    "register.care_absence_cancelled": AbsencePlanned,
    "register.service_enrolled": Service,
    "register.service_ended": Service,
    "register.service_applied_for": Service,
    "register.service_application_withdrawn": Service,
    "register.consent_granted": Consent,
    "register.consent_withdrawn": Consent,
    "register.residence_asserted": Residence,
    "identity.rekeyed": Rekeyed,
    "person.deceased": Deceased,
}
VERSION = 1
