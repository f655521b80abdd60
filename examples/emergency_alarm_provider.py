"""A provider of emergency alarms (平安鐘): takes orders as far as its fitters can, arranges a visit, fits the alarm.

    PROVIDER_SECRET=whsec_… python emergency_alarm_provider.py --unit alarm-provider-1

Orders are kept in a file, so that a restart loses none. Who the person is, and where they live, the provider asks of
the vault once it has accepted: no task holds it.
"""

import argparse
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone

from kithline_unit import Refused, Task, Unit

HONG_KONG = timezone(timedelta(hours=8))


class Orders:
    """The order book: a row a task."""

    def __init__(self, file: str) -> None:
        self._file = file
        with self._open() as book:
            book.execute(
                "CREATE TABLE IF NOT EXISTS orders (task TEXT PRIMARY KEY, state TEXT, revision INT, body TEXT)"
            )

    def put(self, task: Task, state: str) -> None:
        with self._open() as book:
            row = (task["task_id"], state, task["revision"], task["status"])
            book.execute("INSERT OR REPLACE INTO orders VALUES (?, ?, ?, ?)", row)

    def state(self, task: Task) -> str | None:
        with self._open() as book:
            row = book.execute("SELECT state FROM orders WHERE task = ?", (task["task_id"],)).fetchone()
        return row[0] if row else None

    def in_hand(self) -> int:
        with self._open() as book:
            return int(
                book.execute("SELECT count(*) FROM orders WHERE state IN ('accepted', 'arranged')").fetchone()[0]
            )

    def _open(self) -> sqlite3.Connection:
        return sqlite3.connect(self._file, timeout=10)


class Provider:
    """What the provider does about each task, whichever revision it comes in."""

    def __init__(self, unit: Unit, orders: Orders, fitters: int, fit_seconds: float) -> None:
        self._unit = unit
        self._orders = orders
        self._fitters = fitters
        self._fit_seconds = fit_seconds

    def on_task(self, task: Task) -> None:
        """A new revision: the next step that is ours, if there is one."""
        if not task["allowed"]:
            self._orders.put(task, "ended")
        elif task["business_status"] == "cancellation_requested":
            self._unit.answer(task, "confirm_cancel")
        elif "accept" in task["allowed"]:
            self._acknowledge(task)
        elif task["status"] == "accepted":
            self._orders.put(task, "accepted")
            visit = datetime.now(HONG_KONG) + timedelta(days=1)
            self._unit.answer(task, "schedule", visit_at=visit.isoformat(timespec="seconds"))
        elif task["business_status"] == "visit_scheduled":
            self._orders.put(task, "arranged")
            threading.Timer(self._fit_seconds, self._fitted, [task]).start()

    def _acknowledge(self, task: Task) -> None:
        if self._orders.in_hand() >= self._fitters:
            self._unit.answer(task, "reject", reason="no_capacity")  # another provider is asked at once
            return
        self._unit.answer(task, "accept")

    def _fitted(self, task: Task) -> None:
        """The fitter has been there. (Here: after some seconds.)"""
        try:
            self._unit.answer(task, "complete", outcome="service_delivered")
        except Refused as refused:
            print("not taken:", refused, flush=True)  # it has changed meanwhile: its next revision says what is to do


def main() -> None:
    """Runs for ever."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    options.add_argument("--unit", default="alarm-provider-1")
    options.add_argument("--kithline", default="http://127.0.0.1:6180", help="the address of Kithline's adapters")
    options.add_argument("--port", type=int, default=8090)
    options.add_argument("--orders", default="orders.sqlite3")
    options.add_argument("--fitters", type=int, default=20, help="orders in hand at most")
    options.add_argument("--fit-seconds", type=float, default=60.0)
    chosen = options.parse_args()
    unit = Unit(chosen.unit, os.environ["PROVIDER_SECRET"], chosen.kithline)
    provider = Provider(unit, Orders(chosen.orders), chosen.fitters, chosen.fit_seconds)
    for task in later(unit):
        provider.on_task(task)
    unit.serve(provider.on_task, chosen.port)


def later(unit: Unit) -> Iterator[Task]:
    """What was in hand when the process last ended: asked of Kithline, once it answers."""
    for _ in range(30):
        try:
            yield from unit.tasks()
            return
        except OSError:
            time.sleep(1)


if __name__ == "__main__":
    main()
