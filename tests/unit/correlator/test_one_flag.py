"""One flag has one decision behind it, also where a source gives two carers' stays one id."""

from itertools import permutations

import pytest

from tests.scenario import expand
from tests.scenarios.memory import run_in_memory

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
