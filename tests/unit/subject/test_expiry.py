"""What expires by itself: accepted events that no feed holds any more, and persons who are gone; nobody else."""

from typing import Any

import pytest

from contracts.instants import plus
from services.line import Line
from services.runtime.states import last_values
from services.runtime.topics import topics
from services.subject.erasing import plan_erasure
from services.subject.expiry import expired_events, gone_persons
from tests.scenario import AS_OF, expand, person, resend
from tests.scenarios.memory import run_in_memory
from tests.unit.subject.lived import Lived
from tests.unit.subject.test_access import ADMITTED, CALLED, CARE, COHORT, HOME, LINES, MERGED
from tests.unit.subject.test_erasing import named

KEEPS = {name: topic.retention_days for name, topic in topics().items()}
LATER = "2029-01-01T00:00:00.000Z"

LEFT = {"type": "housing.member_removed", "tenancy": "T1", "who": "anna", "at": "2026-07-12"}
DIED = {"type": "person.deceased", "subject": "anna", "confidence": "confirmed", "at": "2026-07-12"}
HEARSAY = {**DIED, "confidence": "reported"}
SERVED = {"type": "register.service_enrolled", "subject": "anna", "kind": "home_care"}
SERVED_NO_MORE = {"type": "register.service_ended", "subject": "anna", "kind": "home_care"}
HOME_AGAIN = {"type": "hospital.discharged", "subject": "anna", "visit": "V1", "at": "2026-07-11"}
ALONE = {"type": "housing.tenancy_started", "tenancy": "T1", "members": {"anna": 1948}}


def gone(*lines: dict[str, Any], at: str = LATER, days: int = 800) -> set[str]:
    states = last_values(Lived(*expand(lines)).changelogs())
    return {one for found in gone_persons(states, days, at) for one in found.ids}


@pytest.mark.parametrize(
    ("lines", "is_gone"),
    [
        ([ALONE, LEFT], True),
        ([ALONE, DIED], True),
        ([ALONE, HEARSAY], False),
        ([ALONE], False),
        ([ALONE, LEFT, SERVED], False),
        ([ALONE, LEFT, SERVED, SERVED_NO_MORE], True),
        ([ALONE, LEFT, COHORT], False),
        ([ALONE, LEFT, ADMITTED], False),
        ([ALONE, LEFT, ADMITTED, HOME_AGAIN], True),
        ([HOME, CARE, LEFT], False),
        ([COHORT], False),
    ],
)
def test_who_is_gone(lines: list[dict[str, Any]], is_gone: bool) -> None:
    assert (person("anna") in gone(*lines)) == is_gone


def test_not_before_the_days_are_over_and_all_ids_together() -> None:
    lines = [ALONE, LEFT, {**MERGED, "at": "2026-07-12"}]
    assert gone(*lines, at="2028-01-01T00:00:00.000Z") == set()
    assert gone(*lines) == {person("anna"), person("ann")}


def test_whoever_has_an_open_matter_stays() -> None:
    assert person("ben") not in gone(
        *LINES, {"type": "person.deceased", "subject": "ben", "confidence": "reported"}, at=LATER
    )
    called = {**CALLED, "subject": "anna"}
    assert gone(ALONE, called, LEFT) == set()


def test_who_is_gone_is_forgotten_like_anybody_who_is_erased() -> None:
    lived = Lived(*expand([ALONE, LEFT]))
    lived.take(plan_erasure(lived.holdings("anna"), LATER, LATER).records)
    assert named(lived, "anna") == []
    assert gone_persons(last_values(lived.changelogs()), 800, plus(LATER, days=900)) == []


def memory(lived: Lived) -> set[str]:
    """The names of the events that the feeds' services keep."""
    feeds = ("admission", "housing", "hotline", "register", "community")
    states = last_values(lived.changelogs())
    return {key.split()[2] for name in feeds for key in states.get(name, {})}


def test_accepted_events_expire_with_their_feed_and_sent_again_they_are_no_news() -> None:
    records = expand(LINES)
    lived = Lived(*records)
    facts = {r.key: r.value for r in lived.changelogs() if r.topic in ("changelog.people", "changelog.correlator")}
    at = "2026-09-01T00:00:00.000Z"
    lived.take(expired_events(last_values(lived.changelogs()), KEEPS, at))
    assert memory(lived) == {"e-001", "e-002", "e-003"}, "hospital and hotline keep 35 days, the registers 400"
    assert list(expired_events(last_values(lived.changelogs()), KEEPS, at)) == []
    lived.take([resend(record, plus(AS_OF, days=40)) for record in records])
    after = {r.key: r.value for r in lived.changelogs() if r.topic in ("changelog.people", "changelog.correlator")}
    assert after == facts


def test_what_units_declared_expires_too_and_what_holds_of_them_stays() -> None:
    said = {"type": "units.intake_declared", "unit": "ssp-decc-1", "intake": "closed", "id": "d-1"}
    free = {"type": "respite.vacancy_declared", "unit": "home-1", "kind": "respite", "district": "SSP", "places": 1}
    lived = Lived(*expand([*LINES, said, free]))

    def keys() -> set[str]:
        states = last_values(lived.changelogs())
        return {*states["units"], *states["vacancies"]} | {key for key in states["referral"] if "ssp" in key}

    standing = {"ssp-decc-1", "home-1", "unit ssp-decc-1"}
    assert len(keys()) == len(standing) + 2
    lived.take(expired_events(last_values(lived.changelogs()), KEEPS, "2026-09-01T00:00:00.000Z"))
    assert keys() == standing
    assert gone_persons(last_values(lived.changelogs()), 800, LATER) == []  # they are no households, and no persons


def test_nothing_expires_that_is_young() -> None:
    assert list(expired_events(last_values(Lived(*expand(LINES)).changelogs()), KEEPS, AS_OF)) == []


def test_the_line_stays_what_it_was() -> None:
    """Of what expires, nobody else's flags or tasks change."""
    lived = Lived(*expand(LINES))
    line: Line = lived.line
    records = list(expired_events(last_values(lived.changelogs()), KEEPS, LATER))
    assert records
    ends = run_in_memory(records, line=line)
    assert (ends.published, ends.dead) == ([], [])
