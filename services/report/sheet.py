"""A report as a sheet of figures (CSV), a line each. Pure."""

import csv
from collections.abc import Iterator, Sequence
from io import StringIO

from services.explanation.terms import Lang, of
from services.report.tables import Line, Report

__all__ = ["sheet"]

_HEADER = ("table", "line", "words", "depth", "first_day", "last_day", "place", "count", "shown")


def sheet(report: Report, lang: Lang) -> bytes:
    """One line for each figure and place; where it is not shown, `count` is empty and `shown` is `no`. With a byte
    order mark, without which Excel takes UTF-8 for something else."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(_HEADER)
    writer.writerows(_lines(report, lang))
    return ("\ufeff" + text.getvalue()).encode()


def _lines(report: Report, lang: Lang) -> Iterator[Sequence[str]]:
    tables: list[tuple[str, Sequence[Line]]] = [("glance", report.glance)]
    tables += [(table.code, table.lines) for table in (*report.programmes, report.units)]
    days = (report.figures.first.isoformat(), report.figures.last.isoformat())
    for name, lines in tables:
        for line in lines:
            places = {"territory": line.territory}
            if report.district is not None:
                places = {report.district: line.district, **places}
            for place, count in places.items():
                told = ("", "no") if count is None else (str(count), "yes")
                yield name, line.code, of(line.words, lang), str(line.depth), *days, place, *told
