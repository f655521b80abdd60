"""How a flag ends: the gravest finding names it, whoever found it and in whichever order."""

from itertools import permutations
from typing import Any, get_args

import pytest

from contracts.tasks import OUTCOMES, Finding
from services.referral.closing import closure, covered

NEEDS = {"placement_arranged", "service_delivered", "follow_up_planned", "hospital_referral_made"}
SUPPORTED = {"already_supported", "care_resumed"}


def task(outcome: str | None = None, *findings: str, status: str = "completed") -> dict[str, Any]:
    return {"outcome": outcome, "findings": list(findings), "status": status}


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_what_one_outcome_makes_of_it(outcome: str) -> None:
    expected = (
        "confirmed_need"
        if outcome in NEEDS
        else "arranged_already"
        if outcome in SUPPORTED
        else {"moved": "wrong_person", "not_located": "unreachable"}.get(outcome, "no_need")
    )
    assert closure([task(outcome)]) == expected


@pytest.mark.parametrize("finding", get_args(Finding))
def test_what_one_finding_makes_of_it(finding: str) -> None:
    named = {"cover_confirmed": "arranged_already", "unreachable": "unreachable"}
    assert closure([task("not_located", finding)]) == named.get(finding, "confirmed_need")


def test_the_gravest_counts_in_any_order() -> None:
    told = [
        (task("not_located", "unreachable"), "unreachable"),
        (task("moved"), "wrong_person"),
        (task("care_resumed"), "arranged_already"),
        (task("follow_up_planned"), "confirmed_need"),
    ]
    for number in range(1, len(told) + 1):
        for order in permutations(told[:number]):
            assert closure([one for one, _ in order]) == told[number - 1][1]


def test_cover_is_confirmed_by_any_but_not_by_what_was_entered_in_error() -> None:
    nothing, confirmed = task("risk_assessed"), task("already_supported", "cover_confirmed")
    assert covered([nothing, confirmed])
    assert not covered([nothing])
    assert not covered([nothing, {**confirmed, "status": "entered-in-error"}])
