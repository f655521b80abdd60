"""Where a place is free, for a task that needs one: as declared, and how old it is."""

from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest

from contracts.unit_tasks import UnitTask
from services.book.book import Book
from services.runtime.fold import Record
from tests.unit.book.made import book_of, task, task_record, tick

NOW = "2026-07-03T12:00:00.000Z"


@pytest.fixture
async def book() -> AsyncIterator[Book]:
    one = book_of("sqlite://", "unit-a")
    await one.store.open()
    yield one
    await one.store.close()


async def take(book: Book, *records: Record) -> None:
    async with book.store.write() as transaction:
        await book.taking.take(transaction, records)


def declared(unit: str, kind: str, places: int | None, hours_ago: int, revision: int = 1, **more: Any) -> Record:
    as_of = f"2026-07-{3 - hours_ago // 24:02d}T{12 - hours_ago % 24:02d}:00:00.000Z"
    free = None if places is None else {"places": places, "as_of": as_of, **more}
    said = {"unit": unit, "kind": kind, "district": "SSP", "revision": revision, "free": free}
    return Record("units.status", unit.encode(), orjson.dumps(said))


async def places(book: Book, purpose: str = "arrange_emergency_support") -> list[tuple[str, int, bool]]:
    await take(book, tick(NOW), task_record(task(purpose=purpose, asked_of="emergency_support")))
    (one,) = await book.all_held("unit-a")
    shown = await book.shown(one)
    UnitTask.model_validate(shown)
    return [(place["unit"], place["places"], place["stale"]) for place in shown["places"]]


async def test_the_kind_that_is_needed_first_and_stale_said_to_be_stale(book: Book) -> None:
    fresh, stale = declared("home-1", "emergency", 2, 1), declared("home-2", "emergency", 5, 30)
    await take(book, fresh, stale, declared("home-3", "respite", 9, 1))
    assert await places(book) == [("home-1", 2, False), ("home-2", 5, True), ("home-3", 9, False)]


async def test_for_respite_the_other_way_round(book: Book) -> None:
    await take(book, declared("home-1", "emergency", 2, 1), declared("home-3", "respite", 9, 1))
    assert (await places(book, "arrange_respite"))[0] == ("home-3", 9, False)


async def test_the_highest_revision_counts_whichever_copy_comes_when(book: Book) -> None:
    first, second = declared("home-1", "emergency", 2, 2), declared("home-1", "emergency", 1, 1, revision=2)
    await take(book, first, second, first, second, first)
    assert await places(book) == [("home-1", 1, False)]


async def test_what_is_full_or_taken_back_is_not_named(book: Book) -> None:
    await take(book, declared("home-1", "emergency", 0, 1), declared("home-2", "emergency", None, 1))
    assert await places(book) == []


async def test_other_tasks_name_no_place(book: Book) -> None:
    await take(book, declared("home-1", "emergency", 2, 1))
    assert await places(book, "check_arrangements") == []


async def test_a_status_that_cannot_be_read_stops_nobody(book: Book) -> None:
    await take(book, Record("units.status", b"x", b'{"unit": "x"}'), declared("home-1", "emergency", 2, 1))
    assert await places(book) == [("home-1", 2, False)]
