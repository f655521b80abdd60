"""Every scenario in every order of up to six feed records, and 60 orders of more."""

from math import factorial

import pytest

from tests.scenarios import SCENARIOS, Scenario
from tests.scenarios.test_in_memory import ends_so_in_other_orders

pytestmark = [pytest.mark.soak, pytest.mark.timeout(3_600)]


@pytest.mark.parametrize("scenario", SCENARIOS, ids=[scenario.name for scenario in SCENARIOS])
def test_it_ends_so_in_every_order(scenario: Scenario) -> None:
    ends_so_in_other_orders(scenario, most=factorial(6), samples=60)
