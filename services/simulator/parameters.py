"""Every number of the simulation, in one place, with where it comes from."""

from dataclasses import dataclass, field, fields, replace
from datetime import date
from typing import Any, Literal

__all__ = ["Parameters", "Provenance", "provenance_of"]

Provenance = Literal["published", "derived", "assumed", "demonstration"]
"""`demonstration`: turned up on purpose, so that a month of 2,000 households shows what a year of a district
would; `Parameters.published` turns it back to the figure named in its text."""


def _is(default: Any, provenance: Provenance, text: str, published: Any = None) -> Any:
    return field(default=default, metadata={"provenance": provenance, "text": text, "published": published})


@dataclass(frozen=True, slots=True)
class Parameters:
    """What to simulate. Shares are of 1; rates are per year, or a month of 30 days, as their names say."""

    households: int = 2000
    days: int = 30
    seed: int = 1
    start: date = date(2026, 7, 1)

    # who lives there
    second_district_share: float = _is(0.1, "assumed", "households in Kwai Tsing instead of Sham Shui Po")
    flats_per_block: int = _is(200, "assumed", "flats of one block")
    all_elderly_share: float = _is(0.22, "published", "public rental households with all members 60+ (2021)")
    singleton_share: float = _is(0.55, "assumed", "singletons among the all-elderly households")
    disabled_share: float = _is(0.03, "assumed", "persons under 65 with a disability that needs care")
    in_recovery_share: float = _is(0.015, "assumed", "persons under 65 in mental recovery who are cared for")

    # who cares for whom
    carer_share: float = _is(
        0.12,
        "demonstration",
        "carers on the register per household; published: 20,000 per 800,000 (2.5 %)",
        0.025,
    )
    no_cohort_share: float = _is(0.15, "assumed", "registered carers who are in none of the three cohorts")
    mutual_care_share: float = _is(0.35, "assumed", "elderly couples with a carer in which both care for each other")
    two_households_share: float = _is(0.06, "assumed", "carers who also care for somebody in another household")
    second_carer_share: float = _is(0.06, "assumed", "cared-for persons who have a second carer")
    outsider_share: float = _is(0.4, "assumed", "carers living elsewhere whose home is not public rental housing")
    services_known_share: float = _is(
        0.35,
        "assumed",
        "elderly or cared-for persons of whom the register knows any service; of the others, nothing",
    )

    # the hospital
    carer_admissions_per_year: float = _is(
        1.5,
        "demonstration",
        "per carer in a cohort; derived from 2,100 notices of 20,000 in four months: 0.32",
        0.315,
    )
    elderly_admissions_per_year: float = _is(0.35, "assumed", "per person 65+ who is no carer in a cohort")
    other_admissions_per_year: float = _is(0.06, "assumed", "per person under 65 who is no carer in a cohort")
    readmitted_share: float = _is(0.12, "assumed", "stays of persons 65+ followed by another within four weeks")
    planned_admission_share: float = _is(0.15, "assumed", "admissions that were preadmitted")
    through_emergency_share: float = _is(0.6, "assumed", "unplanned admissions that began in the emergency department")
    emergency_only_share: float = _is(0.15, "assumed", "episodes that end in the emergency department")
    transfer_share: float = _is(0.08, "assumed", "stays of two days and more with a transfer to another hospital")
    transfer_as_discharge_share: float = _is(0.2, "assumed", "transfers coded as a discharge and an admission")
    leave_share: float = _is(0.08, "assumed", "stays of a week and more with home leave")
    death_share: float = _is(0.03, "assumed", "stays of persons 65+ that end in death")
    cancelled_share: float = _is(0.01, "assumed", "admissions entered in error and cancelled (A11)")
    discharge_cancelled_share: float = _is(0.01, "assumed", "discharges cancelled, the stay goes on (A13)")
    transfer_cancelled_share: float = _is(0.05, "assumed", "transfers cancelled (A12)")
    corrected_share: float = _is(0.03, "assumed", "visits with a correction (A08), half of them to an earlier time")
    merged_share: float = _is(0.001, "assumed", "hospital events that were recorded under a second id, merged later")
    unmerged_share: float = _is(0.1, "assumed", "merges that are taken back (A37)")
    true_need_share: float = _is(
        0.03,
        "assumed",
        "carer admissions after which the cared-for person truly needs emergency support: 0.15-3 %",
    )

    # the other feeds
    tenancy_changes_per_year: float = _is(0.15, "assumed", "changes per household that reach the housing department")
    register_lag_days: tuple[int, int] = _is((90, 180), "assumed", "from a change to its record: 3-6 months")
    care_changes_per_year: float = _is(0.6, "assumed", "changes on the welfare register, per registered carer")
    calls_per_carer_month: float = _is(0.4, "assumed", "single calls to the hotline, per registered carer")
    strained_carers_per_month: float = _is(0.03, "assumed", "carers who begin a sequence of three to five calls")
    absences_per_carer_month: float = _is(0.03, "assumed", "carers who announce an absence")
    danger_share: float = _is(
        0.01,
        "demonstration",
        "calls with immediate danger; published: 260 of 140,600 (0.19 %)",
        260 / 140_600,
    )
    observations_per_household_month: float = _is(0.03, "assumed", "what staff, visitors and others notice")
    repeated_visits_per_household_month: float = _is(0.003, "assumed", "homes where nobody opens at three visits")
    hidden_households_per_household_month: float = _is(
        0.001, "assumed", "hidden households that units find from door to door, in private housing"
    )
    report_true_share: float = _is(0.6, "assumed", "grave reports and visits in vain behind which there is a need")
    incidents_per_block_month: float = _is(0.1, "assumed", "fires, floods, power cuts of a whole block")
    alarm_applications_per_elderly_month: float = _is(0.006, "assumed", "applications for an alarm, per person 65+")
    alarm_never_fitted_share: float = _is(0.15, "assumed", "applications for an emergency alarm that come to nothing")
    alarms_given_up_per_month: float = _is(0.01, "assumed", "emergency alarms given up, of those in use")
    carer_deaths_share: float = _is(0.4, "assumed", "deaths on the register that are a carer's")
    need_after_death_share: float = _is(0.2, "assumed", "carers' deaths after which the cared-for person needs support")
    referral_need_share: float = _is(0.07, "published", "households with little support that need a referral: 6.7-8 %")
    alarm_wish_share: float = _is(0.1, "assumed", "elderly households without an emergency alarm that wish one")

    # what units say about themselves: nothing, unless asked for. Whom a task is routed to hangs on when that came.
    declarations_per_unit_month: float = _is(0.0, "assumed", "declarations of their intake, per unit that makes any")
    vacancies_per_home_month: float = _is(8.0, "assumed", "declarations of free places, per home, if units declare")

    # what goes wrong on the way
    duplicate_share: float = _is(0.02, "assumed", "records sent twice: 1-3 %")
    late_share: float = _is(0.03, "assumed", "records that come hours to days after they were recorded")
    shuffled_batch_share: float = _is(0.2, "assumed", "morning batches whose messages are in no order")
    bad_share: float = _is(0.005, "assumed", "records that must end as dead letters")

    def published(self) -> "Parameters":
        """The same, with whatever was turned up for the demonstration back at the published figures."""
        back = {f.name: f.metadata["published"] for f in fields(self) if f.metadata.get("published") is not None}
        return replace(self, **back)


def provenance_of(name: str) -> tuple[Provenance, str]:
    """Where a parameter's default comes from, and what it says."""
    metadata = next(f.metadata for f in fields(Parameters) if f.name == name)
    return metadata["provenance"], metadata["text"]
