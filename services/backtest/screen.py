"""A backtest's report as tables for people."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

__all__ = ["tell"]

Figures = Mapping[str, Any]


def tell(report: Figures, console: Console) -> None:
    """Prints the report: what each rule is worth, what only one policy raised, the units' work, and disparities."""
    feed = report["feed"]
    console.print(
        f"{feed['records']:,} records of the feeds ({feed['duplicates']:,} duplicates, {feed['dead_letters']:,} dead "
        f"letters), {feed['days']} days, {feed['households']:,} households"
        + (f"; {feed['left_out']:,} ticks, answers and decisions left out" if feed["left_out"] else ""),
        highlight=False,
    )
    for name in ("a", "b"):
        console.print(_rules(report["rules"][name], name))
        if report["truth"] is not None:
            for row in report["rules"][name]:
                console.print(f"  {row['rule']}: {row['in_words']}", highlight=False)
    console.print(_differences(report["differences"]))
    console.print(_workload(report["workload"]))
    for name in ("a", "b"):
        console.print(_disparity(report["disparity"][name]["all"], name))


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left")
    for place, column in enumerate(columns):
        table.add_column(column, justify="left" if place == 0 else "right", no_wrap=place == 0)
    return table


def _share(figures: Figures | None) -> str:
    """Such as "12.1 % (10.3-14.1)"."""
    if figures is None or figures["value"] is None:
        return "-"
    value, low, high = (100 * figures[name] for name in ("value", "low", "high"))
    digits = 2 if value < 10 else 1
    return f"{value:.{digits}f} % ({low:.{digits}f}-{high:.{digits}f})"


def _range(figures: Figures | None, digits: int = 2) -> str:
    """Such as "8.1 (7.1-9.4)"."""
    if figures is None or figures["value"] is None:
        return "-"
    low, high = figures["low"], figures["high"]
    return f"{figures['value']:,.{digits}f} ({low:,.{digits}f}-{'∞' if high is None else f'{high:,.{digits}f}'})"


def _rules(rows: list[Figures], name: str) -> Table:
    table = _table(
        f"Policy {name.upper()}: flags by rule, with 95 % intervals",
        "rule", "raised", "on a list", "in need / labelled", "precision", "recall", "contacts to one need",
        "of everybody",
    )  # fmt: skip
    for row in rows:
        precision = row.get("precision")
        table.add_row(
            row["rule"] + (" (shadow)" if row["shadow"] else ""),
            f"{row['raised']:,}",
            f"{row['listed']:,}",
            f"{precision['hits']:,} / {precision['of']:,}" if precision else "not labelled",
            _share(precision),
            _share(row.get("recall")),
            _range(row.get("contacts_per_need"), 1),
            _range(row.get("contacts_per_need_of_everybody"), 1),
        )
    return table


def _differences(differences: Figures) -> Table:
    table = _table(
        "What only one policy raised (in brackets: labelled, of those somebody in need)",
        "rule, district, kind of household", "only A", "only B", "both", "other level",
    )  # fmt: skip

    def counts(row: Figures) -> list[str]:
        return [
            f"{row[what]:,} ({row[what + '_labelled']:,}, {row[what + '_in_need']:,})"
            for what in ("only_a", "only_b", "both")
        ] + [f"{row['other_level']:,}"]

    for rule, row in differences["by_rule"].items():
        table.add_row(rule, *counts(row))
        for part in differences["rows"]:
            if part["rule"] == rule and (part["only_a"] or part["only_b"]):
                table.add_row(f"  {part['district']}, {part['kind']}", *counts(part))
    return table


def _workload(workload: Figures) -> Table:
    table = _table(
        "Tasks by kind of unit and unit: all, a day, on the fullest day",
        "kind of unit, unit", "A", "A a day", "A peak", "B", "B a day", "B peak",
    )  # fmt: skip
    for part in ("by_unit_kind", "by_unit"):
        a, b = workload["a"][part], workload["b"][part]
        names = sorted(a.keys() | b.keys())
        if part == "by_unit":
            table.add_section()
            names = sorted(names, key=lambda name: -max(_tasks(a, name), _tasks(b, name)))
        for name in names:
            table.add_row(name, *_load(a.get(name)), *_load(b.get(name)))
    return table


def _tasks(loads: Figures, name: str) -> int:
    return int(loads[name]["tasks"]) if name in loads else 0


def _load(load: Figures | None) -> tuple[str, str, str]:
    if load is None:
        return "0", "-", "-"
    return f"{load['tasks']:,}", f"{load['a_day']:,}", f"{load['peak']:,} on {load['peak_day']}"


def _disparity(dimensions: Figures, name: str) -> Table:
    table = _table(
        f"Policy {name.upper()}: who is raised, all rules together (ratios to the largest group, *)",
        "group", "households", "raised", "ratio", "precision", "ratio", "recall", "ratio",
    )  # fmt: skip
    for dimension, groups in dimensions.items():
        table.add_section()
        for group, row in groups.items():
            cells = [
                cell
                for what in ("raised", "precision", "recall")
                for cell in (_share(row[what]), "1" if row["reference"] else _range(row[what]["ratio"]))
            ]
            table.add_row(
                f"{dimension}: {group}" + (" *" if row["reference"] else ""), f"{row['households']:,}", *cells
            )
    return table
