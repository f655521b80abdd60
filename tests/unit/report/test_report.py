"""A report from a simulated district: it adds up, shows no small count, and can be read by people and machines."""

import csv
import re
from collections import Counter
from collections.abc import Sequence
from datetime import date
from html.parser import HTMLParser
from io import StringIO
from random import Random
from xml.etree.ElementTree import fromstring

import pytest
from pydantic import TypeAdapter

from services.commands.report import report_from
from services.explanation.cases import Cases
from services.explanation.terms import OUTCOMES, Lang
from services.policy import load_rules
from services.report.figures import CASE_RESULTS, LIST_RESULTS, Figures, TaskPlace
from services.report.page import page
from services.report.programmes import OTHER, Programme, Programmes
from services.report.sheet import sheet
from services.report.tables import Line, Report, report_of
from services.report.words import RESULTS, TASK_RESULTS, TEXTS, UNITS
from services.runtime.errors import Problem
from services.runtime.yaml_file import read
from tests.scenarios.memory import POLICY

TITLE = {"en": "Stays & <visits>", "zh_hant": "住院"}
NOTICES = Programme.model_validate({"id": "stays", "title": TITLE, "counts": "notices", "patterns": ["a"]})
LISTS = Programme.model_validate({"id": "lists", "title": TITLE, "counts": "households", "patterns": ["b"]})
PROGRAMMES = Programmes(programmes=[NOTICES, LISTS])
KINDS = ("hotline", "care_team", "mental_wellness")
DISTRICTS = ("KTS", "SSP", "TW", "unknown")


def figures(seed: int, districts: Sequence[str] = DISTRICTS, most: int = 30) -> Figures:
    dice = Random(seed)
    cases: dict[str, Counter[tuple[str, str]]] = {OTHER.id: Counter()}
    for name, results in (("stays", CASE_RESULTS), ("lists", LIST_RESULTS)):
        cases[name] = Counter(
            {(d, r): dice.choice((0, 0, 1, 2, dice.randint(0, most))) for d in districts for r in results}
        )
    tasks = Counter(
        {
            TaskPlace(d, k, r): dice.choice((0, 0, 1, 3, dice.randint(0, most)))
            for d in districts
            for k in KINDS
            for r in TASK_RESULTS
        }
    )
    return Figures(date(2026, 7, 1), date(2026, 7, 31), cases, +tasks)


def tables(report: Report) -> list[Sequence[Line]]:
    return [table.lines for table in (*report.programmes, report.units)]


def parts(lines: Sequence[Line]) -> list[tuple[Line, list[Line]]]:
    """Every total with its parts."""
    found: list[tuple[Line, list[Line]]] = []
    for place, line in enumerate(lines):
        below = []
        for other in lines[place + 1 :]:
            if other.depth <= line.depth:
                break
            if other.depth == line.depth + 1:
                below.append(other)
        if below:
            found.append((line, below))
    return found


@pytest.mark.parametrize("seed", range(12))
def test_totals_are_the_sums_of_their_parts_wherever_all_are_shown(seed: int) -> None:
    whole = Programmes(programmes=PROGRAMMES.programmes, suppress_below=2)
    checked = 0
    for made in (report_of(figures(seed), PROGRAMMES, "SSP"), report_of(figures(seed), whole, "SSP")):
        for lines in tables(made):
            for total, below in parts(lines):
                for side in ("district", "territory"):
                    numbers = [getattr(line, side) for line in (total, *below)]
                    if None not in numbers:
                        assert numbers[0] == sum(numbers[1:])
                        checked += 1
                    else:
                        assert numbers.count(None) != 1, "one number alone is hidden: it is the rest"
    assert checked > 5


@pytest.mark.parametrize("seed", range(6))
def test_no_small_count_of_a_breakdown_is_shown(seed: int) -> None:
    made = report_of(figures(seed), PROGRAMMES, "SSP")
    for lines in tables(made):
        small = [line for line in lines if line.depth and line.district is not None and 0 < line.district < 5]
        assert {line.code for line in small} <= {"urgent", "visited", "referred"}


@pytest.mark.parametrize("seed", range(4))
def test_eighteen_reports_together_tell_no_more_than_one(seed: int) -> None:
    """What one district hides, the territory's figure less all the others' must not give."""
    made = {place: report_of(figures(seed), PROGRAMMES, place) for place in DISTRICTS}
    for columns in zip(*(tables(report) for report in made.values()), strict=True):
        for same in zip(*columns, strict=True):
            if same[0].territory is not None:
                assert [line.district for line in same].count(None) != 1


def test_totals_of_district_and_territory_are_always_shown() -> None:
    made = report_of(figures(1, ("SSP",), 3), PROGRAMMES, "SSP")
    for lines in tables(made):
        assert lines[0].district == lines[0].territory is not None


def test_at_a_glance_visited_counts_those_referred_too() -> None:
    found = figures(3)
    made = {line.code: line for line in report_of(found, PROGRAMMES, "SSP").glance}
    lists = found.cases["lists"]
    assert made["lists.visited"].district == lists["SSP", "visited"] + lists["SSP", "referred"]
    assert made["lists.referred"].territory == sum(lists[place, "referred"] for place in DISTRICTS)
    assert made["stays.urgent"].district == found.cases["stays"]["SSP", "urgent"]


def drawn(lines: Sequence[Line]) -> list[Line]:
    """What a chart shows the numbers of."""
    return [line for line in lines if line.depth == 1 and line.district]


def test_of_some_programmes_no_district_is_told_of() -> None:
    quiet = Programmes(programmes=[NOTICES.model_copy(update={"territory_only": True}), LISTS])
    made = report_of(figures(2), quiet, "SSP")
    (stays, lists) = made.programmes
    assert {line.district for line in stays.lines} == {None}
    assert stays.total.territory == sum(figures(2).cases["stays"].values())
    assert {line.district for line in made.glance if line.code.startswith("stays")} == {None}
    assert lists.total.district is not None


class Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize("lang", ["en", "zh-Hant"])
def test_the_page_stands_alone_and_says_what_it_draws(lang: Lang) -> None:
    made = report_of(figures(2), PROGRAMMES, "SSP")
    written = page(made, "31 Jul 2026", lang)
    read = Reader()
    read.feed(written.decode())
    assert {"script", "link", "img", "iframe"}.isdisjoint(tag for tag, _ in read.tags)
    assert not re.search(rb"(src|href)=|url\(|@import|https?:", written)
    charts = [attributes for tag, attributes in read.tags if tag == "svg"]
    assert len(charts) == sum(len(drawn(lines)) > 1 for lines in tables(made)) > 0
    for chart in charts:
        assert chart["role"] == "img"
        named = (chart["aria-labelledby"] or "").split()
        assert {f'id="{name}"' in written.decode() for name in named} == {True}
    assert "Stays & <visits>" in read.text or lang == "zh-Hant"
    assert ("深水埗區" in read.text, "全港" in read.text) == (lang == "zh-Hant",) * 2
    assert next(attributes for tag, attributes in read.tags if tag == "html")["lang"] in ("en", "zh-Hant-HK")


def test_a_chart_does_not_draw_what_is_not_shown() -> None:
    made = report_of(figures(2), PROGRAMMES, "SSP")
    written = page(made, "31 Jul 2026", "en").decode()
    section = written[written.index('<svg class="chart"') :]
    chart = fromstring(section[: section.index("</svg>") + 6])
    lines = next(lines for lines in tables(made) if len(drawn(lines)) > 1)
    shown = [line for line in lines if line.depth == 1 and line.district != 0]
    bars = list(chart.iter("g"))
    assert [len(group.findall("rect")) for group in bars] == [int(line.district is not None) for line in shown]
    assert any(line.district is None for line in shown)


@pytest.mark.parametrize("lang", ["en", "zh-Hant"])
def test_the_sheet_holds_what_the_tables_hold(lang: Lang) -> None:
    made = report_of(figures(4), PROGRAMMES, "SSP")
    text = sheet(made, lang).decode("utf-8-sig")
    rows = list(csv.DictReader(StringIO(text)))
    assert len(rows) == 2 * (len(made.glance) + sum(len(lines) for lines in tables(made)))
    for row in rows:
        assert (row["count"] == "") == (row["shown"] == "no")
        assert row["first_day"] == "2026-07-01"
    of_units = {(row["line"], row["place"]): row["count"] for row in rows if row["table"] == "units"}
    for line in made.units.lines:
        assert of_units[line.code, "SSP"] == ("" if line.district is None else str(line.district))


def test_every_result_has_words_in_both_languages() -> None:
    assert {*CASE_RESULTS, *LIST_RESULTS} == RESULTS.keys()
    assert {*OUTCOMES, "declined", "cancelled", "open"} == TASK_RESULTS.keys()
    for table in (RESULTS, TASK_RESULTS, TEXTS, UNITS):
        assert all(english and chinese and (english != chinese) for english, chinese in table.values())
        assert all(not re.search("[a-z]{3}", re.sub(r"{\w+}", "", chinese)) for _, chinese in table.values())


def test_a_district_that_nobody_knows_and_days_the_wrong_way_round_are_named() -> None:
    with pytest.raises(Problem, match="no district has this code"):
        report_from(Cases("nothing"), POLICY, date(2026, 7, 1), date(2026, 7, 31), "XX")
    with pytest.raises(Problem, match="lies before"):
        report_from(Cases("nothing"), POLICY, date(2026, 7, 31), date(2026, 7, 1), "SSP")


def test_a_period_in_which_nothing_came_in_is_a_report_too() -> None:
    made = report_from(Cases("nothing"), POLICY, date(2026, 7, 1), date(2026, 7, 31), "SSP")
    assert "Nothing came in" in page(made, "today", "en").decode()
    assert all(line.territory == 0 for line in made.glance)


def test_the_departments_file_names_every_pattern_that_there_is_and_no_other() -> None:
    named = read(POLICY / "report.yaml", TypeAdapter(Programmes)).by_pattern
    assert {rule.pattern for rule in load_rules(POLICY)} == set(named)
