"""Files as they come and go: each day's tasks, and return files of which each row counts once."""

import csv
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from contracts.identity import Disclosure, OpenIdentity, Refusal, Written
from contracts.instants import plus
from services.adapters.connections import Csv
from services.adapters.csv_drop.drop import CsvDrop, Place
from services.adapters.csv_drop.folder import Folder
from services.adapters.csv_drop.form import COLUMNS
from services.runtime.vault_client import VaultRefused
from tests.scenario import expand
from tests.unit.adapters.bench import HOTLINE, World
from tests.unit.adapters.webhook.test_faults import NOW, asked, households

TODAY = "2026-07-11"


class FakeVault:
    """Answers as the vault does: to who asks for an accepted task."""

    def __init__(self) -> None:
        self.asked: list[OpenIdentity] = []
        self.refuses: str | None = None
        self.protected = False

    async def resolve(self, request: OpenIdentity) -> Disclosure:
        self.asked.append(request)
        if self.refuses is not None:
            raise VaultRefused(Refusal.model_validate({"refused": self.refuses, "says": "no"}))
        return Disclosure(
            task=request.task, person=request.person or "", purpose=request.purpose, protected=self.protected,
            entry=1, language="yue", name=Written(zh_hant="陳大文"), telephones=["+85223456789"],
        )  # fmt: skip

    async def close(self) -> None:
        pass


class CsvWorld(World):
    """The same line and book; the unit reads and writes files."""

    vault: FakeVault | None = None

    async def start(self) -> None:
        await super().start()
        connection = Csv(identity="call" if self.vault else None, kept_days=2)
        self.drop = CsvDrop(
            self.book,
            [Place(HOTLINE, connection, Folder(self.folder / "unit"))],
            self.vault,  # type: ignore[arg-type]
            3600,
        )
        self.rounds = 0

    async def round(self) -> None:
        await self.drop.round()
        self.rounds += 1

    def moved(self) -> object:
        return min(self.rounds, 3)  # a return file is read when two looks have found it the same

    async def settle(self, real_seconds: float = 0) -> None:
        self.rounds = 0
        await super().settle(real_seconds)

    def file(self, day: str = TODAY) -> list[dict[str, str]]:
        text = (self.folder / f"unit/out/tasks-{day}.csv").read_text("utf-8-sig")
        return [{name.split(" ")[0]: value for name, value in row.items()} for row in csv.DictReader(text.splitlines())]

    def give(self, name: str, *rows: dict[str, str]) -> Path:
        path = self.folder / "unit/in" / name
        lines = [",".join(COLUMNS), *(",".join(row.get(column, "") for column in COLUMNS) for row in rows)]
        path.write_text("\n".join(lines), encoding="utf-8-sig")
        return path

    def done(self) -> set[str]:
        return {path.name for path in (self.folder / "unit/done").iterdir()}

    def errors(self, name: str) -> list[list[str]]:
        text = (self.folder / "unit/done" / name).read_text("utf-8-sig")
        return list(csv.reader(text.splitlines()))[1:]


@pytest.fixture
async def one(tmp_path: Path) -> AsyncIterator[CsvWorld]:
    world = CsvWorld(tmp_path, NOW)
    await world.start()
    await world.tick(NOW)
    yield world
    await world.stop()


async def test_a_files_tasks_are_answered_by_the_file_filled_in(one: CsvWorld) -> None:
    await one.feed(*households(2))
    await one.settle()
    first, second = one.file()
    assert {first["list"], second["list"]} == {"due today 今天到期"}
    one.give("back.csv", {**first, "action": "accept"}, {**second, "action": "reject", "reason_code": "no_capacity"})
    await one.settle()
    assert one.done() == {"back.csv"}
    assert Counter(str(task["status"]) for task in asked(one) if task["unit"] == HOTLINE) == {
        "accepted": 1,
        "rejected": 1,
    }
    rows = {row["task"]: row for row in one.file()}
    assert rows[first["task"]]["status"].startswith("accepted ")
    assert rows[second["task"]]["list"] == "ended 已完結"


async def test_the_file_is_whole_at_every_moment_and_is_written_only_for_news(one: CsvWorld) -> None:
    await one.feed(*households(1))
    await one.settle()
    path = one.folder / f"unit/out/tasks-{TODAY}.csv"
    before = path.stat().st_mtime_ns
    await one.settle()
    assert path.stat().st_mtime_ns == before
    assert [each.name for each in path.parent.iterdir()] == [path.name]


async def test_a_file_dropped_again_counts_once(one: CsvWorld) -> None:
    await one.feed(*households(1))
    await one.settle()
    (row,) = one.file()
    for name in ("back.csv", "back.csv", "again.csv"):
        one.give(name, {**row, "action": "accept"})
        await one.settle()
    assert one.done() == {"back.csv", "back-2.csv", "again.csv"}
    assert (asked(one)[0]["status"], asked(one)[0]["revision"]) == ("accepted", 2)
    assert one.dead == Counter()


async def test_several_rows_about_a_task_are_taken_in_their_order(one: CsvWorld) -> None:
    await one.feed(*households(1))
    await one.settle()
    (row,) = one.file()
    one.give(
        "day.csv",
        {**row, "action": "accept"},
        {**row, "action": "attempt"},
        {**row, "action": "attempt"},
        {**row, "action": "complete", "outcome": "already_supported", "findings": "cover_confirmed"},
    )
    await one.settle()
    assert one.done() == {"day.csv"}
    (task,) = asked(one)
    assert (task["status"], task["attempts_to_reach"], task["revision"]) == ("completed", 2, 5)
    assert one.dead == Counter()


async def test_what_is_wrong_in_a_row_stands_beside_the_file_and_stops_no_other_row(one: CsvWorld) -> None:
    await one.feed(*households(2))
    await one.settle()
    first, second = one.file()
    stranger = {**first, "task": "t-" + "a" * 26, "action": "accept"}
    bare = {**first, "action": "reject"}
    one.give("back.csv", stranger, bare, {**second, "action": "accept"}, {**second, "action": "begin"})
    await one.settle()
    assert one.done() == {"back.csv", "back.errors.csv"}
    errors = one.errors("back.errors.csv")
    assert [(line, task) for line, task, _ in errors] == [
        ("2", stranger["task"]),
        ("3", first["task"]),
        ("5", second["task"]),
    ]
    assert "no task of that id" in errors[0][2]
    assert "needs a reason" in errors[1][2]
    assert sorted(str(task["status"]) for task in asked(one)) == ["accepted", "requested"]


async def test_a_stale_row_is_an_error_that_says_to_look_again(one: CsvWorld) -> None:
    await one.feed(*households(1))
    await one.settle()
    (row,) = one.file()
    cancelled = {"type": "hospital.admission_cancelled", "subject": "anna0", "visit": "V0", "at": "2026-07-10T12:00"}
    await one.feed(*expand([cancelled]))
    one.give("late.csv", {**row, "action": "accept"})
    await one.settle()
    ((line, task, why),) = one.errors("late.errors.csv")
    assert (line, task) == ("2", row["task"])
    assert why


async def test_a_file_that_is_still_being_written_is_left_alone(one: CsvWorld) -> None:
    await one.feed(*households(1))
    await one.settle()
    (row,) = one.file()
    path = one.give("slow.csv", {**row, "action": "accept"})
    await one.drop.round()
    assert await one.book.waiting(HOTLINE) == set()
    path.write_text(path.read_text("utf-8-sig") + "\n", encoding="utf-8-sig")
    await one.drop.round()
    assert await one.book.waiting(HOTLINE) == set()
    assert one.done() == set()
    await one.settle()
    assert one.done() == {"slow.csv"}


async def test_a_new_day_is_a_new_file_and_old_ones_go(one: CsvWorld) -> None:
    await one.feed(*households(1))
    await one.settle()
    for day in range(1, 4):
        await one.tick(plus(NOW, days=day))
        await one.settle()
    names = {path.name for path in (one.folder / "unit/out").iterdir()}
    assert names == {f"tasks-2026-07-{day}.csv" for day in (12, 13, 14)}
    assert one.file("2026-07-14")[0]["list"] == "overdue 逾期"


async def test_identities_are_asked_for_accepted_tasks_once_and_protected_ones_never_stand_there(
    tmp_path: Path,
) -> None:
    one = CsvWorld(tmp_path, NOW)
    vault = one.vault = FakeVault()
    await one.start()
    await one.tick(NOW)
    await one.feed(*households(1))
    await one.settle()
    (row,) = one.file()
    assert (vault.asked, row["name"]) == ([], "")
    one.give("back.csv", {**row, "action": "accept"})
    await one.settle()
    (row,) = one.file()
    assert (row["name"], row["telephone"], row["address"]) == ("陳大文", "85223456789", "")
    assert (vault.asked[0].task, vault.asked[0].purpose, vault.asked[0].unit) == (row["task"], "call", HOTLINE)
    one.give("more.csv", {**row, "action": "attempt"})
    await one.settle()
    assert one.file()[0]["name"] == "陳大文"
    assert len(vault.asked) == 1
    vault.protected = True
    await one.tick(plus(NOW, days=1))
    await one.settle()
    assert one.file("2026-07-12")[0]["name"] == ""
    await one.stop()


async def test_the_vault_that_has_not_heard_of_the_acceptance_is_asked_again(tmp_path: Path) -> None:
    one = CsvWorld(tmp_path, NOW)
    vault = one.vault = FakeVault()
    vault.refuses = "not_accepted"
    await one.start()
    await one.tick(NOW)
    await one.feed(*households(1))
    await one.settle()
    (row,) = one.file()
    one.give("back.csv", {**row, "action": "accept"})
    await one.settle()
    assert one.file()[0]["name"] == ""
    vault.refuses = None
    for _ in range(25):
        await one.round()
    assert one.file()[0]["name"] == "陳大文"
    await one.stop()
