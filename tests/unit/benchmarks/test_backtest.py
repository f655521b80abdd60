"""What the backtest of the published figures simulates, and the policy that it tries."""

from pathlib import Path

from benchmarks.backtest import SHARES, narrower, parameters
from services.policy import load_rules
from services.simulator import simulate
from tests.scenarios.memory import POLICY


def test_admissions_are_as_published() -> None:
    said = parameters(households=100, days=60, seed=1, share=0.01)
    assert said.carer_admissions_per_year == 0.315
    assert (said.households, said.days, said.true_need_share) == (100, 60, 0.01)


def test_the_share_of_true_need_changes_no_record() -> None:
    told = [list(simulate(parameters(60, 30, 3, share)).records()) for share in (SHARES[0], 1.0)]
    assert told[0] == told[1]


def test_the_other_policy_differs_in_one_clause(tmp_path: Path) -> None:
    before = {rule.id: rule for rule in load_rules(POLICY)}
    after = {rule.id: rule for rule in load_rules(narrower(POLICY, tmp_path / "b"))}
    assert [name for name in before if before[name] != after[name]] == ["carer-admitted"]
    assert len(after["carer-admitted"].when) == len(before["carer-admitted"].when) + 1
