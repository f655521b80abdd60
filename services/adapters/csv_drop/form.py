"""The sub-district referral form as CSV: a row a task, in both languages, with columns for the unit to fill in. Pure.

UTF-8 with a byte order mark, which spreadsheets need to see that it is UTF-8. No cell can be taken for a formula. The
unit fills in the last columns of the same file and drops it back; what else stands in a row is not read.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from types import SimpleNamespace
from typing import Any

from contracts.instants import in_hong_kong
from contracts.tasks import OWNER_ACTIONS
from services.calendar.running import contact_by
from services.explanation import terms
from services.explanation.terms import Both

__all__ = [
    "COLUMNS",
    "FILLED_IN",
    "IDENTITY",
    "LISTS",
    "Returned",
    "Unreadable",
    "cell",
    "identities",
    "lines",
    "read",
    "row",
    "write",
]

COLUMNS: Mapping[str, str] = {
    "task": "轉介編號",
    "revision": "版次",
    "list": "類別",
    "priority": "緩急",
    "purpose": "要求",
    "reason": "原因",
    "level": "級別",
    "status": "狀態",
    "acknowledge_by": "確認限期",
    "contact_by": "聯絡限期",
    "district": "地區",
    "person": "當事人編號",
    "name": "姓名",
    "telephone": "電話",
    "address": "地址",
    "language": "語言",
    "places": "空置名額",
    "allowed": "可填寫的行動",
    "action": "行動",
    "reason_code": "理由代碼",
    "outcome": "結果",
    "findings": "評估所得",
    "filler_id": "單位檔案編號",
    "visit_at": "探訪時間",
    "until": "暫緩至",
}
"""Every column, with its name in Chinese; a heading has both."""

IDENTITY = ("name", "telephone", "address", "language")
"""Columns that only the vault can fill."""

FILLED_IN = ("action", "reason_code", "outcome", "findings", "filler_id", "visit_at", "until")
"""Columns for the unit's answer. Several findings stand with spaces between them."""

LISTS: Mapping[str, Both] = {
    "overdue": ("overdue", "逾期"),
    "due_today": ("due today", "今天到期"),
    "new": ("new", "新"),
    "open": ("open", "跟進中"),
    "ended": ("ended", "已完結"),
}
"""Where a task stands in the file, in this order."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""With these a cell begins that a spreadsheet would run."""

_BOM = "\ufeff"
_ENCODINGS = ("utf-8-sig", "big5hkscs")
"""How spreadsheets here save CSV. The codes that we read are plain ASCII in both."""


class Unreadable(Exception):
    """Why nothing in a file can be read."""


@dataclass(frozen=True, slots=True)
class Returned:
    """One answer of a return file. `line`: of the file, the heading is 1; `key`: its id, which follows from what it
    says, so that the same row is the same answer, in whichever file it comes again."""

    line: int
    task: str
    revision: int | None
    said: Mapping[str, Any]
    key: str
    wrong: str | None = None


def row(view: Mapping[str, Any], where: str, identity: Mapping[str, str] | None = None) -> dict[str, str]:
    """The cells of a task. `view`: `contracts.unit_tasks.UnitTask` as JSON; `where`: of LISTS; `identity`: of the
    vault, by column."""
    cells = {
        "task": view["task_id"],
        "revision": str(view["revision"]),
        "list": _both(LISTS[where]),
        "priority": _word(terms.PRIORITIES, view["priority"]),
        "purpose": _word(terms.PURPOSES, view["purpose"]),
        "reason": _both((view["reason_text"]["en"], view["reason_text"]["zh_hant"])),
        "level": _word(terms.LEVELS, view["level"]),
        "status": _status(view),
        "acknowledge_by": _time(view["due_ack"]),
        "contact_by": _time(contact_by(view)),
        "district": view["district"] or "",
        "person": view["for"],
        "places": "; ".join(_place(place) for place in view.get("places", ())),
        "allowed": " ".join(view["allowed"]),
    }
    return {**dict.fromkeys(COLUMNS, ""), **cells, **(identity or {})}


def write(rows: Iterable[Mapping[str, str]]) -> bytes:
    """The file."""
    return lines([[f"{name} {chinese}" for name, chinese in COLUMNS.items()], *([r[c] for c in COLUMNS] for r in rows)])


def lines(rows: Iterable[Sequence[str]]) -> bytes:
    """Rows as CSV, as spreadsheets read it, none of their cells a formula."""
    written: list[str] = [_BOM]
    writer = csv.writer(SimpleNamespace(write=written.append))
    writer.writerows([cell(text) for text in one] for one in rows)
    return "".join(written).encode()


def cell(text: str) -> str:
    """A text that no spreadsheet takes for a formula: one that begins like one is led by an apostrophe."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def read(content: bytes) -> list[Returned]:
    """The answers of a return file, in its order: of the rows whose `action` is filled in. Raises Unreadable."""
    table = list(_table(_text(content)))
    if not table:
        raise Unreadable("the file is empty")
    heading = [name.strip().split(" ")[0] for name in table[0][1]]
    missing = [name for name in ("task", "revision", "action") if name not in heading]
    if missing:
        raise Unreadable(
            f"its first line has no column {', '.join(missing)}; fill in the file of tasks, and leave its headings as "
            "they are"
        )
    found: list[Returned] = []
    times: dict[str, int] = {}
    for line, cells in table[1:]:
        values = {name: _plain(text) for name, text in zip(heading, cells, strict=False) if name in COLUMNS}
        if any(values.get(name) for name in FILLED_IN):
            found.append(_returned(line, values, times))
    return found


def identities(content: bytes) -> dict[str, dict[str, str]]:
    """What the vault has filled in of a file of tasks, by task."""
    table = [cells for _, cells in _table(_text(content))]
    heading = [name.split(" ")[0] for name in table[0]] if table else []
    rows = (dict(zip(heading, cells, strict=False)) for cells in table[1:])
    filled = {one["task"]: {name: _plain(one.get(name, "")) for name in IDENTITY} for one in rows}
    return {task: columns for task, columns in filled.items() if any(columns.values())}


def _returned(line: int, values: Mapping[str, str], times: dict[str, int]) -> Returned:
    said: dict[str, Any] = {name: values[name] for name in FILLED_IN if values.get(name)}
    if "reason_code" in said:
        said["reason"] = said.pop("reason_code")
    if "findings" in said:
        said["findings"] = said["findings"].replace(",", " ").replace(";", " ").split()
    for name in ("visit_at", "until"):
        if name in said:
            said[name] = _instant(said[name])
    told = repr((values.get("task"), values.get("revision"), sorted(said.items())))
    times[told] = times.get(told, 0) + 1  # twice in one file is twice: two calls in vain, say
    key = "csv-" + blake2b(f"{told}|{times[told]}".encode(), digest_size=12).hexdigest()
    wrong, revision = None, values.get("revision", "")
    if not values.get("task"):
        wrong = "task: is missing; copy it from the file of tasks"
    elif not (revision.isascii() and revision.isdigit() and len(revision) < 9):
        wrong = "revision: is missing, or no number; copy it from the file of tasks"
    elif said.get("action") not in OWNER_ACTIONS:
        wrong = "action: is none of " + ", ".join(OWNER_ACTIONS) + "; the column `allowed` says which are possible"
    number = int(revision) if wrong is None else None
    return Returned(line, values.get("task", ""), number, said, key, wrong)


def _text(content: bytes) -> str:
    for encoding in _ENCODINGS:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Unreadable("is neither UTF-8 nor Big5; save it as `CSV UTF-8`")


def _table(text: str) -> Iterator[tuple[int, list[str]]]:
    first = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)  # spreadsheets save with what their region is set to
    reader = csv.reader(text.splitlines(keepends=True), delimiter=delimiter, strict=True)
    try:
        for cells in reader:
            if any(cells):
                yield reader.line_num, cells
    except csv.Error as fault:
        raise Unreadable(f"line {reader.line_num} is not CSV ({fault})") from None


def _plain(text: str) -> str:
    return text.strip().removeprefix("'").strip()


def _time(instant: str) -> str:
    """As a clock in Hong Kong shows it, in the form that spreadsheets know."""
    return f"{in_hong_kong(instant):%Y-%m-%d %H:%M}"


def _instant(text: str) -> str:
    """What was filled in as a time of Hong Kong, as an instant; anything else as it is: its contract refuses it."""
    found = re.fullmatch(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})[ T](\d{1,2}):(\d{2})(?::\d{2})?", text)
    if found is None:
        return text
    year, month, day, hour, minute = (int(part) for part in found.groups())
    return f"{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:00+08:00"


def _both(words: Both) -> str:
    return f"{words[0]} {words[1]}"


def _word(table: Mapping[str, Both], code: str) -> str:
    return _both(table[code]) if code in table else code


def _status(view: Mapping[str, Any]) -> str:
    parts = [_word(terms.TASK_STATUSES, view["status"])]
    if view["business_status"] == "cancellation_requested":
        parts.append(_word(terms.BUSINESS_STATUSES, view["business_status"]))
    return "; ".join(parts)


def _place(place: Mapping[str, Any]) -> str:
    name = place["name"]["zh_hant"] if place["name"] else place["unit"]
    stale = "（資料已舊 stale）" if place["stale"] else ""
    return f"{name} {place['district']}: {place['places']}{stale}"
