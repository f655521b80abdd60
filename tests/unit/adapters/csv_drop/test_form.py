"""The referral form as CSV: what a spreadsheet shows of it, and what is read of what comes back."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from services.adapters.csv_drop.form import COLUMNS, FILLED_IN, Unreadable, cell, identities, read, row, write

VIEW: dict[str, Any] = json.loads(Path("contracts/examples/unit_task/good-2.json").read_text("utf-8"))


def shown(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(content.decode("utf-8-sig").splitlines()))


def returned(*rows: dict[str, str], encoding: str = "utf-8-sig", delimiter: str = ",") -> bytes:
    """What a unit drops: the file with its columns filled in."""
    lines = [delimiter.join(f"{name} {chinese}" for name, chinese in COLUMNS.items())]
    lines += [delimiter.join(one.get(name, "") for name in COLUMNS) for one in rows]
    return "\r\n".join(lines).encode(encoding)


ANSWER = {"task": VIEW["task_id"], "revision": "3", "action": "accept"}


def test_a_task_in_both_languages_with_times_of_hong_kong() -> None:
    content = write([row(VIEW, "new")])
    assert content.startswith(b"\xef\xbb\xbf")
    (one,) = shown(content)
    assert list(one) == [f"{name} {chinese}" for name, chinese in COLUMNS.items()]
    assert one["task 轉介編號"] == VIEW["task_id"]
    assert one["list 類別"] == "new 新"
    assert one["reason 原因"] == "A carer has been admitted to hospital 照顧者入院"
    assert one["acknowledge_by 確認限期"] == "2026-07-03 09:00"
    assert one["places 空置名額"] == "九龍西緊急支援 SSP: 2"
    assert one["allowed 可填寫的行動"] == "receive accept reject"
    assert all(one[f"{name} {COLUMNS[name]}"] == "" for name in (*FILLED_IN, "name", "telephone", "address"))


def test_where_a_visit_is_arranged_contact_is_due_when_it_should_have_been_told_of() -> None:
    arranged = {"business_status": "visit_scheduled", "due_visit": "2026-08-14T02:00:00.000Z"}
    assert (
        shown(write([row({**VIEW, **arranged}, "overdue")]))[0]["contact_by " + COLUMNS["contact_by"]]
        == "2026-08-14 10:00"
    )


def test_a_stale_place_is_called_stale() -> None:
    view = {**VIEW, "places": [{**VIEW["places"][0], "stale": True}]}
    assert "stale" in shown(write([row(view, "new")]))[0]["places 空置名額"]


@pytest.mark.parametrize("text", ["=1+1", "+852", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_no_cell_is_a_formula(text: str) -> None:
    assert cell(text).startswith("'")
    content = write([row(VIEW, "new", {"name": text, "telephone": "", "address": "", "language": ""})])
    assert all(not cell.startswith(("=", "+", "-", "@", "\t", "\r")) for one in shown(content) for cell in one.values())
    assert identities(content)[VIEW["task_id"]]["name"] == text.strip()


def test_what_the_vault_has_filled_in_is_found_again() -> None:
    identity = {"name": "陳大文 Chan Tai Man", "telephone": "85223456789", "address": "麗閣邨, 7樓", "language": "yue"}
    assert identities(write([row(VIEW, "new", identity), row({**VIEW, "task_id": "t-" + "b" * 26}, "new")])) == {
        VIEW["task_id"]: identity
    }


@pytest.mark.parametrize(("encoding", "delimiter"), [("utf-8", ","), ("utf-8-sig", ";"), ("big5hkscs", "\t")])
def test_it_is_read_as_spreadsheets_save_it(encoding: str, delimiter: str) -> None:
    (one,) = read(returned(ANSWER, encoding=encoding, delimiter=delimiter))
    assert (one.line, one.task, one.revision, one.wrong) == (2, VIEW["task_id"], 3, None)
    assert one.said == {"action": "accept"}


def test_all_that_can_be_filled_in() -> None:
    full = {
        **ANSWER,
        "action": "complete",
        "outcome": "follow_up_planned",
        "findings": "needs_elderly_service wishes_alarm",
        "filler_id": "2026-17",
    }
    hold = {**ANSWER, "action": "hold", "reason_code": "person_away", "until": "2026/7/12 9:30"}
    first, second = read(returned(full, hold))
    assert first.said["findings"] == ["needs_elderly_service", "wishes_alarm"]
    assert (second.said["reason"], second.said["until"]) == ("person_away", "2026-07-12T09:30:00+08:00")


def test_rows_that_nobody_filled_in_say_nothing() -> None:
    assert read(returned({"task": VIEW["task_id"], "revision": "3"})) == []
    assert read(write([row(VIEW, "new")])) == []


def test_the_same_row_is_the_same_answer_and_twice_in_one_file_is_twice() -> None:
    attempt = {**ANSWER, "action": "attempt"}
    first, second = read(returned(attempt, attempt))
    assert first.key != second.key
    again = read(
        returned({"task": "t-" + "b" * 26, **{k: v for k, v in attempt.items() if k != "task"}}, attempt, attempt)
    )
    assert [one.key for one in again[1:]] == [first.key, second.key]
    assert read(returned({**attempt, "revision": "4"}))[0].key not in (first.key, second.key)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"task": ""}, "task: is missing"),
        ({"revision": ""}, "revision: is missing"),
        ({"revision": "three"}, "revision: is missing, or no number"),
        ({"action": "accepted"}, "action: is none of"),
        ({"action": "", "outcome": "moved"}, "action: is none of"),
        ({"action": "delivery_failed"}, "action: is none of"),
    ],
)
def test_a_row_that_is_wrong_says_what_is(changes: dict[str, str], words: str) -> None:
    (one,) = read(returned({**ANSWER, **changes}))
    assert one.wrong is not None
    assert words in one.wrong


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"\xff\xfe\x00", "neither UTF-8 nor Big5"),
        (b"task,action\n", "no column revision"),
        (b'task,revision,action\n"t,1,accept\n', "not CSV"),
    ],
)
def test_a_file_that_is_none_says_why(content: bytes, words: str) -> None:
    with pytest.raises(Unreadable, match=words):
        read(content)
