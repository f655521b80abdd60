"""Counts what a report tells, from flags and tasks in their last revisions. Pure, and knows nothing of Kafka.

A case belongs to the day in Hong Kong on which the last event behind its flag came in; what has come of it is told as
far as it is known now, later answers included. So the counts of a programme's results always add up to its cases, and
those of the tasks to the tasks: what nobody has answered yet is counted as open.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

from contracts.flags import OPEN
from contracts.instants import day_of
from contracts.tasks import TERMINAL
from services.report.programmes import OTHER, Programme, Programmes

__all__ = ["CASE_RESULTS", "LIST_RESULTS", "UNKNOWN_DISTRICT", "Case", "Figures", "TaskPlace", "count", "results_of"]

Raw = Mapping[str, Any]
"""A flag or a task as it stands on its topic."""

UNKNOWN_DISTRICT = "unknown"
"""Where nobody has said in which district the household lives."""

CASE_RESULTS = ("urgent", "need", "open", "arranged", "no_need", "unreachable", "elsewhere", "eased", "withdrawn")
"""How a case ends, the gravest first: emergency support was needed · another need was confirmed · nobody has answered
yet · care was arranged already · no need · nobody could be reached · wrong person, or known from elsewhere · it
resolved itself before anybody answered · taken back (cancelled, corrected)."""

LIST_RESULTS = ("referred", "visited", "open", "not_reached", "waiting", "withdrawn")
"""What has come of a household on a list, the furthest first: visited and referred to a service · visited, with no
referral · a visit was asked for · visited in vain · waits for an officer's release · no longer on the list."""

_CLOSED: Mapping[str, str] = {
    "confirmed_need": "need",
    "arranged_already": "arranged",
    "no_need": "no_need",
    "unreachable": "unreachable",
    "wrong_person": "elsewhere",
    "duplicate": "elsewhere",
}
_ANSWERED = ("completed", "failed")
_CANCELLED = ("cancelled", "entered-in-error")


class Case(NamedTuple):
    """One thing that a programme counts. `key` is what makes two flags the same case."""

    programme: str
    key: str
    district: str
    result: str


class TaskPlace(NamedTuple):
    """Where a task is counted: an outcome, or `declined`, `cancelled`, `open`."""

    district: str
    unit_kind: str
    result: str


@dataclass(frozen=True, slots=True)
class Figures:
    """The counts of a period in the whole territory: by programme, (district, result) -> cases; and tasks."""

    first: date
    last: date
    cases: Mapping[str, Counter[tuple[str, str]]]
    tasks: Counter[TaskPlace] = field(default_factory=Counter)

    def districts(self) -> set[str]:
        """Every district of which there is anything to tell."""
        return {district for counts in self.cases.values() for district, _ in counts} | {
            place.district for place in self.tasks
        }


def count(flags: Iterable[Raw], tasks: Iterable[Raw], programmes: Programmes, first: date, last: date) -> Figures:
    """The figures of the days `first` to `last`, both included. `flags` and `tasks` are last revisions, each id once.
    Flags of rules on trial count nowhere."""
    by_flag: dict[str, list[Raw]] = {}
    for task in tasks:
        by_flag.setdefault(task["flag_id"], []).append(task)
    mine = [flag for flag in flags if flag["status"] != "shadow" and first <= day_of(flag["received_at"]) <= last]
    cases: dict[str, Counter[tuple[str, str]]] = {one.id: Counter() for one in (*programmes.programmes, OTHER)}
    for case in _one_for_each(_cases(mine, by_flag, programmes)):
        cases[case.programme][case.district, case.result] += 1
    places = Counter(_place(task) for flag in mine for task in by_flag.get(flag["flag_id"], ()))
    return Figures(first, last, cases, places)


def results_of(programme: Programme) -> tuple[str, ...]:
    """Every result that a case of the programme may have, the one that counts most first."""
    return LIST_RESULTS if programme.counts == "households" else CASE_RESULTS


def _cases(flags: Iterable[Raw], tasks: Mapping[str, list[Raw]], programmes: Programmes) -> Iterator[tuple[int, Case]]:
    """Every flag as a case, with the rank of its result."""
    by_pattern = programmes.by_pattern
    for flag in flags:
        programme = by_pattern.get(flag["typology"], OTHER)
        of_flag = tasks.get(flag["flag_id"], [])
        result = _on_a_list(flag, of_flag) if programme.counts == "households" else _result(flag, of_flag)
        case = Case(programme.id, _key(programme, flag), flag["district"] or UNKNOWN_DISTRICT, result)
        yield results_of(programme).index(result), case


def _key(programme: Programme, flag: Raw) -> str:
    name = {"notices": "episode", "households": "household_id", "cases": "flag_id"}[programme.counts]
    key: str = flag[name]
    return key


def _one_for_each(cases: Iterable[tuple[int, Case]]) -> Iterator[Case]:
    """Of several flags that are one case, the one whose result counts most: a carer of two households who is admitted
    is one notice, counted where the need was greatest (among equals, in the district that is first in order)."""
    chosen: dict[tuple[str, str], tuple[int, str, Case]] = {}
    for rank, case in cases:
        name, standing = (case.programme, case.key), (rank, case.district, case)
        chosen[name] = min(chosen.get(name, standing), standing)
    return (case for _, _, case in chosen.values())


def _result(flag: Raw, tasks: Iterable[Raw]) -> str:
    answered = [task for task in tasks if task["status"] in _ANSWERED]
    if any("no_arrangement" in task["findings"] or _placed(task) for task in answered):
        return "urgent"
    if flag["status"] == "closed":
        return _CLOSED[flag["outcome"]]
    if flag["status"] in OPEN:
        return "open"
    if flag["status"] == "mitigated":
        return "arranged" if any("cover_confirmed" in task["findings"] for task in answered) else "eased"
    return "withdrawn"


def _placed(task: Raw) -> bool:
    """Whether emergency support was given. (Respite for an absence that was planned is a placement too.)"""
    return bool(task["outcome"] == "placement_arranged" and task["purpose"] == "arrange_emergency_support")


def _on_a_list(flag: Raw, tasks: Iterable[Raw]) -> str:
    visits = [task for task in tasks if task["part_of"] is None]
    if any(task["part_of"] is not None and task["status"] not in _CANCELLED for task in tasks):
        return "referred"
    if any(task["status"] == "completed" and task["outcome"] != "not_located" for task in visits):
        return "visited"
    if any(task["status"] not in TERMINAL for task in visits):
        return "open"
    if any(task["status"] in _ANSWERED for task in visits):
        return "not_reached"
    return "waiting" if flag["status"] in OPEN else "withdrawn"


def _place(task: Raw) -> TaskPlace:
    if task["status"] in _ANSWERED:
        result = task["outcome"]
    elif task["status"] == "rejected":
        result = "declined"
    else:
        result = "cancelled" if task["status"] in _CANCELLED else "open"
    return TaskPlace(task["district"] or UNKNOWN_DISTRICT, task["unit_kind"], result)
