"""A report as one HTML page: no script, nothing fetched from anywhere, readable on paper. Pure."""

from collections.abc import Sequence
from xml.etree.ElementTree import Element, SubElement, tostring

from services.explanation.terms import Both, Lang, of
from services.report.chart import Bar, bar_chart
from services.report.tables import Line, Report, Shown, Table
from services.report.words import DISTRICTS, TEXTS, period

__all__ = ["page"]

_STYLE = """
:root { --ink: #1b1f24; --soft: #59636e; --line: #d1d9e0; --bar: #1f5f8b; }
body { margin: 0 auto; max-width: 58rem; padding: 2rem 1.5rem; color: var(--ink); background: #fff; line-height: 1.5;
  font-family: "Noto Sans", "Noto Sans HK", "Noto Sans CJK HK", "Noto Sans CJK TC", "PingFang HK", "Microsoft JhengHei",
  system-ui, sans-serif; }
h1 { font-size: 1.7rem; line-height: 1.25; margin: 0; }
h2 { font-size: 1.2rem; margin: 2.4rem 0 .6rem; }
.of { color: var(--soft); margin: .3rem 0 1.5rem; font-size: 1.05rem; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .6rem; border-bottom: 1px solid var(--line); text-align: left; font-weight: normal; }
thead th { color: var(--soft); font-size: .9rem; vertical-align: bottom; }
.number { text-align: right; width: 8.5rem; }
.depth-0 th, .depth-0 td { font-weight: 600; }
.units .depth-1 th, .units .depth-1 td { font-weight: 600; }
.depth-1 th { padding-left: 1.8rem; }
.depth-2 th { padding-left: 3.2rem; }
.chart { display: block; width: 100%; height: auto; margin: .4rem 0 .9rem; }
.chart text { font-size: 13px; dominant-baseline: central; fill: var(--ink); }
.chart .bar { fill: var(--bar); }
.chart .axis { stroke: var(--soft); stroke-width: 1; }
.notes { margin-top: 2.5rem; padding-top: .6rem; border-top: 2px solid var(--ink); font-size: .9rem;
  color: var(--soft); }
.notes h2 { font-size: 1rem; margin: 0 0 .4rem; color: var(--ink); }
.notes p { margin: .3rem 0; }
@media print {
  @page { size: A4; margin: 16mm; }
  body { max-width: none; padding: 0; font-size: 10.5pt; }
  section { break-inside: avoid; }
  section.units { break-inside: auto; }
  tr { break-inside: avoid; }
  thead { display: table-header-group; }
  .chart .bar { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
"""


def page(report: Report, as_of: str, lang: Lang) -> bytes:
    """The page. `as_of`: the day until which answers are counted, as people write it."""
    return _Page(report, lang).whole(as_of)


class _Page:
    def __init__(self, report: Report, lang: Lang) -> None:
        self.report, self.lang = report, lang
        self.place = _place(report.district)

    def whole(self, as_of: str) -> bytes:
        figures = self.report.figures
        html = Element("html", lang="zh-Hant-HK" if self.lang == "zh-Hant" else "en")
        head = SubElement(html, "head")
        SubElement(head, "meta", charset="utf-8")
        SubElement(head, "meta", name="viewport", content="width=device-width, initial-scale=1")
        SubElement(head, "title").text = f"{self._text('title')} – {of(self.place, self.lang)}"
        SubElement(head, "style").text = _STYLE
        body = SubElement(SubElement(html, "body"), "main")
        SubElement(body, "h1").text = self._text("title")
        when = period(figures.first, figures.last, self.lang)
        SubElement(body, "p", {"class": "of"}).text = self._text("of", district=of(self.place, self.lang), period=when)
        if not any(table.total.territory for table in self.report.programmes):
            SubElement(body, "p").text = self._text("note_none")
        glance = self._section(body, "glance", TEXTS["glance"])
        self._table(glance, TEXTS["glance"], self.report.glance, [table.title for table in self.report.programmes])
        for table in self.report.programmes:
            self._tell(body, table, 1, table.counts)
        self._tell(body, self.report.units, 1, TEXTS["tasks"])
        self._notes(body, as_of)
        written: bytes = tostring(html, encoding="utf-8", method="html")
        return b"<!DOCTYPE html>\n" + written + b"\n"

    def _section(self, body: Element, name: str, title: Both) -> Element:
        section = SubElement(body, "section", {"class": name})
        SubElement(section, "h2").text = of(title, self.lang)
        return section

    def _tell(self, body: Element, table: Table, depth: int, counts: Both) -> None:
        """A section with a chart of the lines at `depth`, and all lines as a table. Nothing where nothing came in."""
        if not table.total.territory:
            return
        section = self._section(body, table.code, table.title)
        bars = [
            Bar(of(line.words, self.lang), self._own(line))
            for line in table.lines
            if line.depth == depth and (self._own(line) is None or self._own(line))
        ]
        if sum(bar.value is not None for bar in bars) > 1:  # else there is nothing to compare
            title = self._text("chart", title=of(table.title, self.lang))
            section.append(bar_chart(f"chart-{table.code}", title, bars, self._text("mark")))
        lines = [line for line in table.lines if line.depth == 0 or line.district != 0 or line.territory != 0]
        self._table(section, counts, lines, [])

    def _own(self, line: Line) -> Shown:
        return line.territory if self.report.district is None else line.district

    def _table(self, section: Element, counts: Both, lines: Sequence[Line], groups: Sequence[Both]) -> None:
        """`groups` are headings, one before each line of depth 0."""
        table = SubElement(section, "table")
        top = SubElement(SubElement(table, "thead"), "tr")
        SubElement(top, "th", scope="col").text = of(counts, self.lang)
        columns = [self.place] if self.report.district is None else [self.place, TEXTS["territory"]]
        for column in columns:
            SubElement(top, "th", {"scope": "col", "class": "number"}).text = of(column, self.lang)
        rows = SubElement(table, "tbody")
        waiting = list(groups)
        for line in lines:
            if line.depth == 0 and waiting:
                row = SubElement(rows, "tr", {"class": "depth-0"})
                SubElement(row, "th", scope="rowgroup", colspan=str(1 + len(columns))).text = of(
                    waiting.pop(0), self.lang
                )
            inner = "depth-1" if groups else f"depth-{line.depth}"
            row = SubElement(rows, "tr", {"class": inner})
            SubElement(row, "th", scope="row").text = of(line.words, self.lang)
            for number in [line.territory] if self.report.district is None else [line.district, line.territory]:
                cell = SubElement(row, "td", {"class": "number"})
                if number is None:
                    SubElement(cell, "abbr", title=self._text("hidden")).text = self._text("mark")
                else:
                    cell.text = f"{number:,}"

    def _notes(self, body: Element, as_of: str) -> None:
        notes = SubElement(body, "section", {"class": "notes"})
        SubElement(notes, "h2").text = self._text("notes")
        for name in ("note_period", "note_notices", "note_hidden"):
            SubElement(notes, "p").text = self._text(name, as_of=as_of, most=str(self.report.below - 1))

    def _text(self, name: str, **values: str) -> str:
        return of(TEXTS[name], self.lang).format(**values)


def _place(district: str | None) -> Both:
    if district is None:
        return TEXTS["territory"]
    return DISTRICTS.get(district, (district, district))
