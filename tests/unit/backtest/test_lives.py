"""A feed lived through: in the order of receipt, with time moving, and the same whoever lives through which part."""

from pathlib import Path
from random import Random
from shutil import copytree

import orjson
import pytest

from contracts.ids import household_of_tenancy
from services import shards
from services.backtest.life import Life
from services.backtest.run import Policy, lived, report
from services.backtest.truth import read_truth
from services.runtime.errors import Problem
from services.runtime.fold import Record
from services.runtime.lines import write_lines
from services.simulator import Parameters, simulate, write_simulation
from tests.scenario import expand, person
from tests.scenarios.feeds import ADMITTED, DISCHARGED, PAIR
from tests.scenarios.memory import POLICY

LATER = {"type": "hospital.preadmitted", "subject": "zoe", "visit": "V9", "received": "2026-08-20T08:00"}
"""Something about somebody else, so that time goes on."""

ABSENCE = {
    "type": "register.care_absence_planned",
    "subject": "anna",
    "absence": "A1",
    "starts": "2026-08-01",
    "ends": "2026-08-05",
}


def life(tmp_path: Path, records: list[Record], policy: Path = POLICY) -> Life:
    path = tmp_path / "feed.jsonl"
    write_lines(path, records)
    (result,) = lived(path, [Policy.read(policy)], jobs=1).lives
    return result


def of(result: Life, rule: str) -> list[tuple[str, str | None, str | None]]:
    return [(flag.at, flag.ended, flag.ended_at) for flag in result.raised if flag.rule == rule]


def test_time_stops_at_every_instant_at_which_something_is_due(tmp_path: Path) -> None:
    result = life(tmp_path, expand([*PAIR, {**ABSENCE, "received": "2026-07-11T08:00"}, LATER]))
    # not on 20 August, when the next record came in
    assert of(result, "planned-absence") == [("2026-07-11T00:00:00.000Z", "absence_over", "2026-08-05T01:00:00.000Z")]
    (flag,) = (flag for flag in result.raised if flag.rule == "planned-absence")
    assert flag.subject == person("ben")
    assert flag.persons == {person("ben"), person("anna")}
    assert flag.group == ("doubleton_elderly", "80+", "SSP")
    assert result.population[flag.group] == 1
    assert set(result.announcers) == {person("anna")}


def test_what_stands_at_the_end_has_not_ended(tmp_path: Path) -> None:
    assert of(life(tmp_path, expand([*PAIR, ABSENCE])), "planned-absence")[0][1:] == (None, None)


def test_a_stay_that_came_in_whole_with_one_batch_is_fleeting(tmp_path: Path) -> None:
    batch = "2026-07-15T07:00"
    stay = [{**ADMITTED, "received": batch}, {**DISCHARGED, "received": batch}]
    result = life(tmp_path, expand([*PAIR, *stay, LATER]))
    assert of(result, "carer-admitted") == []
    assert result.fleeting == life(tmp_path, expand([*PAIR, LATER])).fleeting + 1
    assert [task for task in result.asked if task.rule == "carer-admitted"] == []


def test_a_stay_of_two_batches_is_raised_and_ends(tmp_path: Path) -> None:
    stay = [{**ADMITTED, "received": "2026-07-11T07:00"}, {**DISCHARGED, "received": "2026-07-15T07:00"}]
    result = life(tmp_path, expand([*PAIR, *stay, LATER]))
    assert of(result, "carer-admitted") == [("2026-07-10T23:00:00.000Z", "returned_home", "2026-07-14T23:00:00.000Z")]
    (task,) = (task for task in result.asked if task.rule == "carer-admitted")
    assert (task.unit_kind, task.day) == ("hotline", "2026-07-11")


def test_records_are_taken_in_the_order_in_which_they_came_in(tmp_path: Path) -> None:
    records = expand([*PAIR, ADMITTED, DISCHARGED, LATER])
    told = life(tmp_path, records)
    Random(3).shuffle(records)
    assert life(tmp_path, records).raised == told.raised


def test_who_lives_where_is_told_of_those_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "feed.jsonl"
    write_lines(path, expand([*PAIR, ADMITTED]))
    (tmp_path / "truth").write_bytes(
        orjson.dumps({"kind": "strain", "person_id": person("ben"), "needs": []})
        + b"\n"
        + orjson.dumps({"kind": "household_support", "household_id": household_of_tenancy("T1"), "needs": []})
    )
    (result,) = lived(path, [Policy.read(POLICY)], read_truth(tmp_path / "truth"), jobs=1).lives
    assert set(result.groups) == {person("ben"), household_of_tenancy("T1")}
    assert set(result.groups.values()) == {("doubleton_elderly", "80+", "SSP")}


def test_a_rule_in_shadow_is_counted_and_asks_nothing(tmp_path: Path) -> None:
    policy = tmp_path / "policy"
    copytree(POLICY, policy)
    rule = policy / "rules" / "carer-admitted.yaml"
    rule.write_text(rule.read_text(encoding="utf-8") + "\nmode: shadow\n", encoding="utf-8")
    result = life(tmp_path, expand([*PAIR, ADMITTED]), policy)
    assert [flag.shadow for flag in result.raised if flag.rule == "carer-admitted"] == [True]
    assert [task for task in result.asked if task.rule == "carer-admitted"] == []


def test_a_feed_without_receipts_cannot_be_lived_through(tmp_path: Path) -> None:
    path = tmp_path / "feed.jsonl"
    write_lines(path, [Record("clock.ticks", b"0", b'{"as_of":"2026-07-01T00:00:00.000Z"}')])
    with pytest.raises(Problem, match=r"feed\.jsonl: no record of a feed with a receipt time"):
        lived(path, [Policy.read(POLICY)], jobs=1)


@pytest.mark.parametrize("seed", [1, 2])
def test_in_many_shards_and_two_processes_the_report_is_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    path = tmp_path / "feed.jsonl"
    write_simulation(simulate(Parameters(households=300, days=25, seed=seed)), path)
    cases = read_truth(tmp_path / "feed.jsonl.truth")
    policies = [Policy.read(POLICY)] * 2

    def whole(jobs: int) -> dict[str, object]:
        return report(lived(path, policies, cases, jobs), cases)

    alone = whole(1)
    monkeypatch.setattr(shards, "LINES_OF_A_SHARD", 50)
    assert whole(1) == alone
    assert whole(2) == alone
    rules = alone["rules"]
    assert isinstance(rules, dict)
    assert sum(row["raised"] for row in rules["a"]) > 30
    assert rules["a"] == rules["b"]
