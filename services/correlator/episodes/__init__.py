"""Episodes: what a rule is asked about. Each theme has a module of its own; this is the table of all kinds. Pure."""

from collections.abc import Mapping

from services.correlator.episodes.absence import planned_absences
from services.correlator.episodes.candidate import Candidate, Enumerator, EpisodeKind, Part, flag_of
from services.correlator.episodes.contacts import dangerous_contacts, strain_runs
from services.correlator.episodes.hospital import visits_of_carers
from services.correlator.episodes.household import composition
from services.correlator.kinds import ABSENCE, CARE, CONTACT, DEATH, MEMBERS, STAYS, VISITS

__all__ = ["EPISODES", "Candidate", "Enumerator", "EpisodeKind", "Part", "flag_of"]

_OF_CARE: frozenset[Part] = frozenset({"person", "carer"})
_OF_CONTACTS: frozenset[Part] = frozenset({"person", "contacts"})

EPISODES: Mapping[str, EpisodeKind] = {
    "hospital_visit": EpisodeKind(
        "cared_for_person",
        visits_of_carers,
        CARE | VISITS | STAYS,
        (CARE, frozenset({"visit.admitted"})),
        _OF_CARE | {"visit"},
    ),
    "composition": EpisodeKind("household", composition, MEMBERS | {"occupancy.start"}, (STAYS | DEATH,), frozenset()),
    "strain_run": EpisodeKind("person", strain_runs, CONTACT | STAYS, (CONTACT,), _OF_CONTACTS),
    "dangerous_contact": EpisodeKind("person", dangerous_contacts, CONTACT | STAYS, (CONTACT,), _OF_CONTACTS),
    "planned_absence": EpisodeKind(
        "cared_for_person",
        planned_absences,
        CARE | ABSENCE | STAYS,
        (CARE, ABSENCE),
        _OF_CARE | {"absence"},
    ),
}
"""The kinds of episode a rule may name."""
