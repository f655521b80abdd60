"""Flags held against cases: right, wrong or unlabelled; and what is said of a rule in words."""

from collections import Counter

import pytest

from services.backtest.cases import Case
from services.backtest.compare import differences, disparity, workload
from services.backtest.groups import Group
from services.backtest.judge import Judged, judged, rule_row
from services.backtest.life import Asked, Life, Raised

SSP = Group("singleton_elderly", "80+", "SSP")
KTS = Group("others", "under 65", "KTS")


def flag(number: int, rule: str = "r", group: Group = SSP, **more: object) -> Raised:
    """A flag about p-<number>, raised for the visit V<number> in h-<number>."""
    said = {
        "flag_id": f"f-{rule}-{number}", "rule": rule, "shadow": False, "subject": f"p-{number}",
        "episode": f"V{number}",
        "household": f"h-{number}", "level": "high", "at": "2026-07-01T00:00:00.000Z", "ended": None, "ended_at": None,
        "listed": False, "persons": frozenset([f"p-{number}"]), "group": group,
    }  # fmt: skip
    return Raised(**{**said, **more})  # type: ignore[arg-type]


def case(number: int, needy: bool, kind: str = "carer_admitted") -> Case:
    needs = {"carer_admitted": "emergency_support", "call": "immediate_help", "strain": "outreach"}.get(kind, "any")
    return Case(kind, f"h-{number}", f"p-{number}", f"V{number}", frozenset([needs] if needy else []))


def lived(flags: list[Raised], **more: object) -> Life:
    groups = {f"h-{number}": SSP for number in range(50)} | {f"h-{number}": KTS for number in range(50, 2000)}
    return Life(raised=flags, groups=groups, **more)  # type: ignore[arg-type]


def judge(flags: list[Raised], cases: list[Case], episode: str = "hospital_visit", **more: object) -> Judged:
    (one,) = judged({"r": episode}, lived(flags, **more), cases)
    return one


def test_right_wrong_and_unlabelled() -> None:
    one = judge([flag(1), flag(2), flag(3), flag(99)], [case(1, True), case(2, False), case(3, False), case(4, True)])
    assert one.precision().figures() | {"low": 0, "high": 0} == {
        "hits": 1,
        "of": 3,
        "value": 0.333333,
        "low": 0,
        "high": 0,
    }
    assert (one.recall().hits, one.recall().of) == (1, 2)
    row = rule_row(one)
    assert (row["raised"], row["labelled"]) == (4, 3)
    assert row["everybody"]["of"] == 4


def test_another_visit_of_the_same_person_is_another_case() -> None:
    one = judge([flag(1, episode="V7")], [case(1, True)])
    assert one.precision().of == 0
    assert (one.recall().hits, one.recall().of) == (0, 1)


def test_a_person_may_be_found_through_whom_the_flag_speaks_of() -> None:
    cared_for = flag(1, persons=frozenset(["p-1", "p-5"]))
    one = judge([cared_for], [case(5, True, "absence")], "planned_absence", announcers={"p-5": SSP, "p-6": SSP})
    assert one.precision().hits == 1
    assert one.recall().hits == 1
    assert rule_row(one)["everybody"]["of"] == 2


def test_of_callers_the_truth_lists_only_those_in_need() -> None:
    callers = {f"p-{number}": SSP for number in range(10)}
    cases = [case(1, True, "strain"), case(1, True, "call"), Case("strain", None, None, None, frozenset(["outreach"]))]
    one = judge([flag(1), flag(2), flag(77)], cases, "strain_run", callers=callers)
    assert (one.precision().hits, one.precision().of) == (1, 2)
    assert (one.cases.base.hits, one.cases.base.of) == (1, 10) if one.cases else False
    assert rule_row(one)["nameless_needs"] == 1


def test_needs_of_another_sort_do_not_count() -> None:
    one = judge([flag(1)], [case(1, True, "strain")], "dangerous_contact", callers={"p-1": SSP})
    assert one.in_need() == []
    assert rule_row(one)["verdict"] == "no_needs"


def test_a_kind_of_episode_that_nobody_labelled_is_not_judged() -> None:
    row = rule_row(judge([flag(1)], [case(1, True)], "something_new"))
    assert (row["verdict"], row["labelled"]) == ("not_judged", None)


@pytest.mark.parametrize(
    ("raised", "needy", "verdict", "words"),
    [
        (
            range(100, 200),
            range(100),
            "worse",
            "WORSE than contacting everybody: 100 contacts find no need; contacting",
        ),
        (
            range(100),
            range(100),
            "better",
            "Better than contacting everybody: 1.0 contacts to one need; contacting",
        ),
        (range(1000), range(0, 1000, 10), "no_better", "No better than contacting everybody, as far as"),
        (range(3), range(0, 1000, 5), "no_better", "3.0 contacts to one need"),
        ((), range(10), "no_flags", "it raised nothing that is labelled"),
        (range(10), (), "no_needs", "nobody was in need"),
    ],
)
def test_in_words(raised: range, needy: range, verdict: str, words: str) -> None:
    cases = [case(number, number in needy) for number in range(1000)]
    row = rule_row(judge([flag(number) for number in raised], cases))
    assert row["verdict"] == verdict
    assert words in row["in_words"]


def test_by_level() -> None:
    one = judge([flag(1, level="low"), flag(2), flag(3)], [case(1, False), case(2, True), case(3, False)])
    levels = rule_row(one)["by_level"]
    assert {name: (found["hits"], found["of"]) for name, found in levels.items()} == {"low": (0, 1), "high": (1, 2)}


def test_what_only_one_policy_raised() -> None:
    cases = [case(number, number == 3) for number in range(60)]
    a = judged({"r": "hospital_visit"}, lived([flag(1), flag(2)]), cases)
    b = judged({"r": "hospital_visit"}, lived([flag(2, level="low"), flag(3), flag(55, group=KTS)]), cases)
    told = differences(a, b)
    expected = {
        "only_a": 1, "only_b": 2, "both": 1, "only_a_labelled": 1, "only_b_labelled": 2, "both_labelled": 1,
        "only_a_in_need": 0, "only_b_in_need": 1, "both_in_need": 0, "other_level": 1, "other_mode": 0,
    }  # fmt: skip
    assert told["by_rule"] == {"r": expected}
    assert [(row["district"], row["kind"], row["only_a"], row["only_b"]) for row in told["rows"]] == [
        ("KTS", "others", 0, 1),
        ("SSP", "singleton_elderly", 1, 1),
    ]
    assert differences(a, a)["by_rule"]["r"]["both"] == 2


def test_work_by_day() -> None:
    asked = [Asked("r", "hotline", "u-1", "2026-07-02", 1)] * 3 + [Asked("s", "hotline", "u-2", "2026-07-03", 1)] * 2
    asked.append(Asked("s", "district_office", "u-3", "2026-07-03", 2))  # nobody has answered the first
    told = workload(asked, days=4)
    assert (told["tasks"], told["further_attempts"]) == (5, 1)
    assert told["by_unit_kind"] == {"hotline": {"tasks": 5, "a_day": 1.25, "peak": 3, "peak_day": "2026-07-02"}}
    assert told["by_unit"]["u-2"] == {"tasks": 2, "a_day": 0.5, "peak": 2, "peak_day": "2026-07-03"}
    assert told["by_rule"]["s"]["tasks"] == 2


def test_who_is_raised_more_often() -> None:
    life = lived([flag(1), flag(1, rule="s"), flag(2), flag(60, group=KTS)], population=Counter({SSP: 10, KTS: 40}))
    cases = [case(1, True), case(2, False), case(60, False), case(61, True)]
    rules = {"r": "hospital_visit", "s": "hospital_visit"}
    told = disparity(judged(rules, life, cases), life)
    assert told["all"].keys() == {"kind", "age", "district"}
    assert told["r"]["district"]["KTS"]["reference"] and not told["r"]["district"]["SSP"]["reference"]
    ssp, kts = told["all"]["district"]["SSP"], told["all"]["district"]["KTS"]
    assert (ssp["households"], ssp["raised"]["hits"], ssp["raised"]["of"]) == (10, 2, 10)  # each household once
    assert ssp["raised"]["ratio"]["value"] == pytest.approx((2 / 10) / (1 / 40))
    assert (kts["recall"]["hits"], kts["recall"]["of"]) == (0, 1)
    assert (ssp["recall"]["hits"], ssp["recall"]["of"]) == (1, 1)  # found by one of two rules, or by both: found
    assert (ssp["precision"]["hits"], ssp["precision"]["of"]) == (2, 3)
