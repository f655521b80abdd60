"""The tables of a report: every figure of a district beside the territory's, small ones hidden. Pure.

What is hidden is decided for all districts together, so that the reports of the same period to eighteen councils do not
tell together what each of them hides. (Reports of overlapping periods would; see docs/how-to/report.md.)
"""

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from contracts.tasks import UNIT_KINDS
from services.explanation.terms import Both
from services.report.figures import Figures, TaskPlace, results_of
from services.report.programmes import OTHER, Programme, Programmes
from services.report.suppression import Cell, hidden
from services.report.words import COUNTED, RESULTS, TASK_RESULTS, TEXTS, UNITS

__all__ = ["Line", "Report", "Shown", "Table", "report_of"]

Shown = int | None
"""A count, or None where it is not shown."""

AS_THEY_ARE = frozenset({"urgent", "visited", "referred"})
"""Results that the department states for each district, as it does for the territory (papers of 2025)."""

_SUBTOTAL, _TERRITORY = 50, 1_000_000
"""How much dearer it is to hide a subtotal, or a figure of the territory, than one of the breakdown. The territory's is
hidden only where a single district has nearly all there is."""


class Line(NamedTuple):
    """One line: of a district (None: the report is of the territory alone), and of the territory. `depth` 0 is a total,
    1 a part of it, 2 a part of that. `code` is for machines."""

    code: str
    words: Both
    depth: int
    district: Shown
    territory: Shown


@dataclass(frozen=True, slots=True)
class Table:
    """Lines under a title. `counts`: what one of them is."""

    code: str
    title: Both
    counts: Both
    lines: Sequence[Line]

    @property
    def total(self) -> Line:
        return self.lines[0]


@dataclass(frozen=True, slots=True)
class Report:
    """What is written down: first the figures at a glance, then a table for each programme, then the tasks."""

    figures: Figures
    district: str | None
    below: int
    glance: Sequence[Line]
    programmes: Sequence[Table]
    units: Table


def report_of(figures: Figures, programmes: Programmes, district: str | None) -> Report:
    """The report of one district, or of the territory alone."""
    below = programmes.suppress_below
    tables = []
    glance: list[Line] = []
    for programme in (*programmes.programmes, OTHER):
        counts = figures.cases[programme.id]
        if programme is OTHER and not counts:
            continue
        shown = None if programme.territory_only else district
        table = _programme(programme, counts, shown, below)
        tables.append(table)
        glance += _glance(programme, table, counts, shown)
    return Report(figures, district, below, glance, tables, _units(figures, district, below))


def _programme(programme: Programme, counts: Counter[tuple[str, str]], district: str | None, below: int) -> Table:
    results = [result for result in RESULTS if result in results_of(programme)]
    cells = []
    for (place, result), value in _filled(counts, results).items():
        told = result in AS_THEY_ARE
        cells.append(Cell((place, result), result, ("of", place), value, not told, None if told else 0))
    cells += [
        Cell(("total", place), ("of", place), "all", value, False, None) for place, value in _sums(counts, 0).items()
    ]
    for result in results:
        value = sum(counts[place, result] for place in _sums(counts, 0))
        reluctance = None if result in AS_THEY_ARE else _TERRITORY
        cells.append(Cell(("territory", result), "all", result, value, False, reluctance))
    shown = _Values(cells, hidden(cells, below))
    lines = [Line("total", TEXTS["total"], 0, _or_none(district, _sums(counts, 0)), counts.total())]
    for result in results:
        mine = shown.of((district, result)) if district else None
        lines.append(Line(result, RESULTS[result], 1, mine, shown.of(("territory", result))))
    title = (programme.title.en, programme.title.zh_hant)
    return Table(programme.id, title, COUNTED[programme.counts], lines)


def _glance(
    programme: Programme, table: Table, counts: Counter[tuple[str, str]], district: str | None
) -> Sequence[Line]:
    """What the department states of a programme: how many, and of these the ones that matter most."""
    total = table.total
    lines = [Line(f"{programme.id}.total", table.counts, 0, total.district, total.territory)]
    parts: Mapping[str, tuple[str, ...]] = {"urgent": ("urgent",)}
    if programme.counts == "households":
        parts = {"visited": ("visited", "referred"), "referred": ("referred",)}
    for name, results in parts.items():
        mine = sum(counts[district, result] for result in results) if district else None
        all_ = sum(value for (_, result), value in counts.items() if result in results)
        if name == "urgent" and programme.counts != "notices" and not all_:
            continue  # the department states it of notices, also where there is none
        lines.append(Line(f"{programme.id}.{name}", TEXTS[name], 1, mine, all_))
    return lines


def _units(figures: Figures, district: str | None, below: int) -> Table:
    """Tasks by kind of unit, and within each by what came of them."""
    tasks = figures.tasks
    there = {(task.unit_kind, task.result) for task in tasks}
    results = {kind: [one for one in TASK_RESULTS if (kind, one) in there] for kind in UNIT_KINDS}
    kinds = [kind for kind in UNIT_KINDS if results[kind]]
    places = sorted({task.district for task in tasks})
    several = len(kinds) > 1  # of one kind alone the district's total tells
    cells = []
    for kind in kinds:
        for place in places:
            of_kind = {one: tasks[TaskPlace(place, kind, one)] for one in results[kind]}
            alone = len(of_kind) == 1  # then the subtotal tells
            for one, value in of_kind.items():
                cells.append(Cell((place, kind, one), (kind, one), (place, kind), value, not alone or several, 0))
            subtotal = sum(of_kind.values())
            cells.append(
                Cell((place, kind), (place, kind), ("of", place), subtotal, several, _SUBTOTAL if several else None)
            )
        for one in results[kind]:
            value = sum(tasks[TaskPlace(place, kind, one)] for place in places)
            cells.append(Cell(("territory", kind, one), ("all", kind), (kind, one), value, False, _TERRITORY))
        value = sum(count for task, count in tasks.items() if task.unit_kind == kind)
        cells.append(Cell(("territory", kind), "all", ("all", kind), value, False, _TERRITORY))
    totals = {place: sum(count for task, count in tasks.items() if task.district == place) for place in places}
    cells += [Cell(("total", place), ("of", place), "all", value, False, None) for place, value in totals.items()]
    shown = _Values(cells, hidden(cells, below))
    lines = [Line("total", TEXTS["total"], 0, _or_none(district, totals), tasks.total())]
    for kind in kinds:
        mine = shown.of((district, kind)) if district else None
        lines.append(Line(kind, UNITS[kind], 1, mine, shown.of(("territory", kind))))
        for one in results[kind]:
            mine = shown.of((district, kind, one)) if district else None
            code = f"{kind}.{one}"
            lines.append(Line(code, TASK_RESULTS[one], 2, mine, shown.of(("territory", kind, one))))
    return Table("units", TEXTS["units"], TEXTS["tasks"], lines)


class _Values:
    """What may be shown of the cells; a figure of which there is no cell is zero."""

    def __init__(self, cells: Sequence[Cell], taken: frozenset[Hashable]) -> None:
        self._shown: dict[Hashable, Shown] = {c.name: None if c.name in taken else c.value for c in cells}

    def of(self, name: Hashable) -> Shown:
        return self._shown.get(name, 0)


def _filled(counts: Counter[tuple[str, str]], results: Sequence[str]) -> Mapping[tuple[str, str], int]:
    """Zeros written out: they too may have to be hidden."""
    places = sorted({place for place, _ in counts})
    return {(place, result): counts[place, result] for place in places for result in results}


def _sums(counts: Counter[tuple[str, str]], part: int) -> dict[str, int]:
    sums: dict[str, int] = {}
    for name, value in counts.items():
        sums[name[part]] = sums.get(name[part], 0) + value
    return sums


def _or_none(district: str | None, totals: Mapping[str, int]) -> Shown:
    return totals.get(district, 0) if district else None
