"""Episodes: what a rule is asked about. Each theme has a module of its own; this is the table of all kinds. Pure."""

from collections.abc import Mapping

from services.correlator.episodes.absence import planned_absences
from services.correlator.episodes.candidate import Candidate, Enumerator, EpisodeKind, Part, flag_of
from services.correlator.episodes.contacts import dangerous_contacts, strain_runs
from services.correlator.episodes.deaths import deaths_of_carers
from services.correlator.episodes.homecoming import admission_runs, homecomings, visits_of_couples
from services.correlator.episodes.hospital import visits_of_carers
from services.correlator.episodes.household import composition
from services.correlator.episodes.incidents import incidents
from services.correlator.episodes.reports import attempt_runs, reports
from services.correlator.episodes.services import alarm_applications, alarms_ended
from services.correlator.kinds import (
    ABSENCE,
    APPLICATION,
    CARE,
    CONTACT,
    DEATH,
    DIED,
    INCIDENT,
    MEMBERS,
    OBSERVATION,
    SERVICE,
    STAYS,
)

__all__ = ["EPISODES", "Candidate", "Enumerator", "EpisodeKind", "Part", "flag_of"]

_OF_CARE: frozenset[Part] = frozenset({"person", "carer"})
_OF_CONTACTS: frozenset[Part] = frozenset({"person", "contacts"})
_OF_SERVICE: frozenset[Part] = frozenset({"person", "service"})
_ADMITTED = frozenset({"visit.admitted"})

EPISODES: Mapping[str, EpisodeKind] = {
    "hospital_visit": EpisodeKind(
        "cared_for_person", visits_of_carers, CARE | DEATH | STAYS, (CARE, _ADMITTED), _OF_CARE | {"visit"}
    ),
    "homecoming": EpisodeKind(
        "cared_for_person",
        homecomings,
        CARE | DEATH | STAYS,
        (CARE, frozenset({"visit.discharged"})),
        frozenset({"person", "homecoming"}),
    ),
    "carer_death": EpisodeKind("cared_for_person", deaths_of_carers, CARE | DEATH | STAYS, (CARE, DIED), _OF_CARE),
    "couple_visit": EpisodeKind(
        "person", visits_of_couples, MEMBERS, (_ADMITTED, STAYS), frozenset({"person", "carer", "visit"})
    ),
    "admission_run": EpisodeKind("person", admission_runs, DEATH | STAYS, (_ADMITTED,), frozenset({"person"})),
    "composition": EpisodeKind("household", composition, MEMBERS | {"occupancy.start"}, (STAYS | DEATH,), frozenset()),
    "strain_run": EpisodeKind("person", strain_runs, CONTACT | DEATH | STAYS, (CONTACT,), _OF_CONTACTS),
    "dangerous_contact": EpisodeKind("person", dangerous_contacts, CONTACT | DEATH | STAYS, (CONTACT,), _OF_CONTACTS),
    "planned_absence": EpisodeKind(
        "cared_for_person",
        planned_absences,
        CARE | ABSENCE | DEATH | STAYS | {"care.gives"},
        (ABSENCE,),
        frozenset({"person", "absence"}),
    ),
    "report": EpisodeKind(
        "person",
        reports,
        OBSERVATION | CONTACT | DEATH | STAYS,
        (OBSERVATION | CONTACT,),
        frozenset({"report"}),
    ),
    "attempt_run": EpisodeKind(
        "household", attempt_runs, OBSERVATION | DEATH | STAYS, (OBSERVATION,), frozenset({"attempts"})
    ),
    "alarm_ended": EpisodeKind("person", alarms_ended, SERVICE | DEATH | STAYS, (SERVICE,), _OF_SERVICE),
    "alarm_application": EpisodeKind(
        "person", alarm_applications, APPLICATION | DEATH | STAYS, (APPLICATION,), _OF_SERVICE
    ),
    "block_incident": EpisodeKind("block", incidents, INCIDENT, (INCIDENT,), frozenset({"incident"})),
}
"""The kinds of episode a rule may name. The subject of one that is about a person may be the household, where only its
flat was named."""
