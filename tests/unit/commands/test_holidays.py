"""`kithline policy holidays` writes what the line reads."""

import re
from datetime import date
from pathlib import Path

import pytest
import yaml

from services.commands.holidays import general_holidays, write_holidays
from services.commands.policy import holidays_end
from services.policy import load_calendar
from services.runtime.errors import Problem
from tests.scenarios.memory import POLICY

GAZETTE_2026 = re.findall(
    r"\S+",
    """
2026-01-01 2026-02-17 2026-02-18 2026-02-19 2026-04-03 2026-04-04 2026-04-06 2026-04-07 2026-05-01 2026-05-25
2026-06-19 2026-07-01 2026-09-26 2026-10-01 2026-10-19 2026-12-25 2026-12-26
""",
)
"""The general holidays for 2026 as published by the Government (Sundays apart)."""


def test_the_general_holidays_not_only_the_statutory_ones() -> None:
    days = yaml.safe_load(general_holidays(2026, 2026))["days"]
    assert [str(one["day"]) for one in days] == GAZETTE_2026
    assert all(one["en"] and one["zh-Hant"] for one in days)
    assert not any(one["day"].weekday() == 6 for one in days), "what falls on a Sunday is kept on another day"


def test_the_file_of_the_repository_is_what_the_command_writes() -> None:
    calendar = load_calendar(POLICY)
    text = general_holidays(calendar.holidays.first_year, calendar.holidays.last_year)
    made = [(one["day"], one["en"], one["zh-Hant"]) for one in yaml.safe_load(text)["days"]]
    assert made == [(one.day, one.en, one.zh_hant) for one in calendar.holidays.days]


def test_an_estimate_keeps_its_mark(monkeypatch: pytest.MonkeyPatch) -> None:
    import holidays

    def reckoned(*_: object, **__: object) -> dict[date, str]:
        return {date(2031, 1, 23): "農曆年初一（推定）", date(2031, 1, 24): "農曆年初二"}

    monkeypatch.setattr(holidays, "country_holidays", reckoned)
    assert [one.get("estimated") for one in yaml.safe_load(general_holidays(2031, 2031))["days"]] == [True, None]


def test_years_in_the_wrong_order() -> None:
    with pytest.raises(Problem, match="--to 2025 is before --from 2026; name the first year, then the last"):
        general_holidays(2026, 2025)


def test_written_to_a_file_it_can_be_loaded(tmp_path: Path) -> None:
    (tmp_path / "hours.yaml").write_text((POLICY / "hours.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    write_holidays(2026, 2027, tmp_path / "holidays.yaml")
    calendar = load_calendar(tmp_path)
    assert [calendar.knows(year) for year in (2025, 2026, 2027, 2028)] == [False, True, True, False]
    with pytest.raises(Problem, match=r"cannot be written .*name another file with --out"):
        write_holidays(2026, 2027, tmp_path / "nowhere" / "holidays.yaml")


@pytest.mark.parametrize(
    ("today", "says"), [("2026-11-30", None), ("2028-01-02", "end with 2028"), ("2031-05-05", "end")]
)
def test_policy_check_says_in_time_that_the_holidays_end(today: str, says: str | None) -> None:
    warning = holidays_end(load_calendar(POLICY), f"{today}T00:00:00.000Z")
    assert (warning is None) == (says is None)
    if warning is not None and says is not None:
        assert says in warning
        assert "kithline policy holidays --from" in warning
