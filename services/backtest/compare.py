"""Two policies side by side: what only one of them raised, what units get to do, and who is raised more often. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from services.backtest.groups import DIMENSIONS
from services.backtest.intervals import Share, ratio
from services.backtest.judge import Judged
from services.backtest.life import Asked, Life, Raised

__all__ = ["differences", "disparity", "workload"]


def differences(a: Sequence[Judged], b: Sequence[Judged]) -> dict[str, Any]:
    """What only one policy raised: `rows` by rule, district and kind of household, and the same summed up `by_rule`.
    A flag is the same under both policies where it has one id: of one subject, pattern and episode."""
    of_a, of_b = _by_id(a), _by_id(b)
    rows: dict[tuple[str, str, str], Counter[str]] = defaultdict(Counter)
    for flag_id in of_a.keys() | of_b.keys():
        (flag, right), where = (
            (of_a[flag_id], "both")
            if flag_id in of_a and flag_id in of_b
            else (of_a[flag_id], "only_a")
            if flag_id in of_a
            else (of_b[flag_id], "only_b")
        )
        count = rows[flag.rule, flag.group.district, flag.group.kind]
        count[where] += 1
        if right is not None:
            count[where + "_labelled"] += 1
            count[where + "_in_need"] += right
        if where == "both":
            other = of_b[flag_id][0]
            count["other_level"] += flag.level != other.level
            count["other_mode"] += flag.shadow != other.shadow
    by_rule: dict[str, Counter[str]] = defaultdict(Counter)
    for (rule, _, _), count in rows.items():
        by_rule[rule] += count
    return {
        "by_rule": {rule: _counts(count) for rule, count in sorted(by_rule.items())},
        "rows": [
            {"rule": rule, "district": district, "kind": kind, **_counts(count)}
            for (rule, district, kind), count in sorted(rows.items())
        ],
    }


_COUNTED = ("only_a", "only_b", "both")
_COUNTS = (
    *_COUNTED,
    *(name + "_labelled" for name in _COUNTED),
    *(name + "_in_need" for name in _COUNTED),
    "other_level",
    "other_mode",
)


def _counts(count: Counter[str]) -> dict[str, int]:
    return {name: count[name] for name in _COUNTS}


def _by_id(judged: Iterable[Judged]) -> dict[str, tuple[Raised, bool | None]]:
    return {flag.flag_id: (flag, one.right.get(flag.flag_id)) for one in judged for flag in one.flags}


def workload(asked: Sequence[Asked], days: int) -> dict[str, Any]:
    """First attempts by rule, by kind of unit and by unit: how many, a day on the average, and on the fullest day.
    Further attempts are counted apart: in life a unit would have answered first."""
    first = [task for task in asked if task.attempt == 1]
    return {
        "tasks": len(first),
        "further_attempts": len(asked) - len(first),
        "by_rule": _load(((task.rule, task) for task in first), days),
        "by_unit_kind": _load(((task.unit_kind, task) for task in first), days),
        "by_unit": _load(((task.unit, task) for task in first), days),
    }


def _load(asked: Iterable[tuple[str, Asked]], days: int) -> dict[str, Any]:
    by_day: dict[str, Counter[str]] = defaultdict(Counter)
    for name, task in asked:
        by_day[name][task.day] += 1
    loads = {}
    for name, count in sorted(by_day.items()):
        peak = max(count.values())
        loads[name] = {
            "tasks": count.total(),
            "a_day": round(count.total() / days, 2),
            "peak": peak,
            "peak_day": min(day for day, tasks in count.items() if tasks == peak),
        }
    return loads


def disparity(judged: Sequence[Judged], life: Life) -> dict[str, Any]:
    """For all rules together and for each: by kind of household, age of the oldest member, and district, the share of
    households for which a flag was raised, precision and recall, and each one's ratio to that of the largest group."""
    return {"all": _disparity(judged, life), **{one.rule: _disparity([one], life) for one in judged}}


def _disparity(judged: Sequence[Judged], life: Life) -> dict[str, Any]:
    return {name: _groups(judged, life, place) for place, name in enumerate(DIMENSIONS)}


def _groups(judged: Sequence[Judged], life: Life, place: int) -> dict[str, Any]:
    households: Counter[str] = Counter()
    for group, count in life.population.items():
        households[group[place]] += count
    raised: dict[str, set[str]] = defaultdict(set)
    right: dict[str, list[bool]] = defaultdict(list)
    by_any: dict[tuple[int, str], bool] = {}
    group_of_case: dict[tuple[int, str], str] = {}
    for one in judged:
        for flag in one.flags:
            raised[flag.group[place]].add(flag.household)
            if flag.flag_id in one.right:
                right[flag.group[place]].append(one.right[flag.flag_id])
        for name in one.in_need():
            assert one.cases is not None
            case = id(one.cases), name  # rules of one kind of episode are held against the same cases
            by_any[case] = name in one.found or by_any.get(case, False)
            group_of_case[case] = one.cases.groups[name][place]
    found: dict[str, list[bool]] = defaultdict(list)
    for case, hit in by_any.items():
        found[group_of_case[case]].append(hit)
    shares = {
        name: {
            "raised": Share(len(raised[name]), max(households[name], len(raised[name]))),
            "precision": _share(right[name]),
            "recall": _share(found[name]),
        }
        for name in sorted(households.keys() | raised.keys() | found.keys())
    }
    if not households:
        return {}
    reference = max(sorted(households), key=lambda name: households[name])
    return {
        name: {
            "households": households[name],
            "reference": name == reference,
            **{
                what: {**share.figures(), "ratio": ratio(share, shares[reference][what])}
                for what, share in group.items()
            },
        }
        for name, group in shares.items()
    }


def _share(told: Sequence[bool]) -> Share:
    return Share(sum(told), len(told))
