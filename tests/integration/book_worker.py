"""A unit's adapter for the book's tests, in a process of its own: `python -m tests.integration.book_worker NAME DSN`.

Holds the tasks of the unit NAME, and accepts each as soon as it sees it.
"""

import asyncio
import sys

import faust
from mode import Service

from services.book.book import Book
from services.runtime.app import create_app, run_apps
from services.runtime.fold import Refused
from services.runtime.settings import Settings


class Accepting(Service):  # type: ignore[misc]
    """Answers what it has not answered yet."""

    def __init__(self, book: Book, unit: str) -> None:
        super().__init__()
        self._book, self._unit = book, unit

    async def on_start(self) -> None:
        self.add_future(self._run())

    async def _run(self) -> None:
        while not self.should_stop:
            for one in await self._book.all_held(self._unit):
                try:
                    await self._book.answer(self._unit, one.ref, {"action": "accept"}, one.task.task_id, "worker")
                except Refused as refused:
                    assert refused.reason == "id_reused", refused
            await asyncio.sleep(0.01)


class Opening(Service):  # type: ignore[misc]
    """Makes the tables before anybody needs them."""

    def __init__(self, book: Book) -> None:
        super().__init__()
        self._book = book

    async def on_start(self) -> None:
        await self._book.store.open()

    async def on_stop(self) -> None:
        await self._book.store.close()


def app() -> faust.App:
    """The app of this process."""
    name, dsn = sys.argv[1:]
    settings = Settings()
    book = Book(name, dsn, bytes(32), settings, lambda unit: unit == name)
    others = (Opening(book), book.inbox, book.outbox, Accepting(book, name))
    return create_app(name, settings=settings, others=others)


if __name__ == "__main__":
    run_apps(app)
