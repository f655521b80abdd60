"""One flag has one decision behind it, also where a source gives two carers' stays one id."""

from itertools import permutations

import orjson
import pytest

from contracts.instants import plus
from services.line import Line
from tests.scenario import AS_OF, expand
from tests.scenarios.memory import processors, run_in_memory
from tests.scenarios.model import Tick

HOME = (
    {"type": "housing.tenancy_started", "tenancy": "T1", "members": {"anna": 1948, "ben": 1946, "carol": 1950}},
    *(
        line
        for carer in ("anna", "carol")
        for line in (
            {
                "type": "register.care_relationship_asserted",
                "subject": carer,
                "cared_for": "ben",
                "group": "elderly",
            },
            {"type": "register.cohort_asserted", "subject": carer, "cohort": "allowance_carers_of_elderly"},
            {"type": "hospital.admitted", "subject": carer, "visit": "V1"},
        )
    ),
)


@pytest.mark.parametrize("returned", ["anna", "carol"])
def test_who_still_needs_somebody_is_not_lost_behind_another_carers_return(returned: str) -> None:
    records = expand([*HOME, {"type": "hospital.discharged", "subject": returned, "visit": "V1"}])
    for order in list(permutations(records))[::4001]:
        ends = run_in_memory(order)
        flags = [flag["rule"] for flag in ends.flags.values() if flag["status"] == "active"]
        assert flags.count("carer-admitted") == 1


def test_it_does_not_change_its_mind_twice_within_one_fact() -> None:
    away = run_in_memory(expand([*HOME, {"type": "hospital.discharged", "subject": "carol", "visit": "V1"}]))
    said = [flag["status"] for kind, flag in away.published if kind == "flag" and flag["rule"] == "carer-admitted"]
    assert set(said) == {"active"}


@pytest.mark.parametrize("later", [False, True])
def test_what_changes_nothing_that_a_flag_says_makes_no_revision(later: bool) -> None:
    """Nor that all of it has grown older meanwhile."""
    call = {"type": "hotline.contact", "subject": "carol", "topics": ["information"], "id": "e-call", "sequence": 100}
    alarm = {"type": "register.service_applied_for", "subject": "anna", "kind": "emergency_alarm", "id": "e-alarm"}
    ticks = [Tick(plus(AS_OF, hours=1))] if later else []
    known = run_in_memory([*expand(HOME), *ticks])
    ends = run_in_memory([*expand(HOME), *ticks, *expand([call, alarm, {**call, "id": "e-call-2"}])])
    revisions, before = (
        [flag["revision"] for flag in one.flags.values() if flag["rule"] == "carer-admitted"] for one in (ends, known)
    )
    assert revisions == before


def test_a_flag_says_in_its_headers_what_it_is() -> None:
    line = Line(processors(), AS_OF)
    sent = [out for record in expand(HOME) for _, turn in line.take(record) for out in turn.outputs]
    flags = [out for out in sent if out.topic == "risk.flags"]
    assert flags
    for out in flags:
        flag = orjson.loads(out.value)
        assert dict(out.headers) == {
            "ce_specversion": b"1.0",
            "ce_id": f"{flag['flag_id']}:{flag['revision']}".encode(),
            "ce_source": b"kithline/correlator",
            "ce_type": b"risk.flag",
            "ce_time": flag["as_of"].encode(),
            "ce_subject": flag["subject"].encode(),
        }
