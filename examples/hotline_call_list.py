"""The call list of a 24-hour line: takes tasks, sorts them by when to call, and says what came of each call.

    LINE_SECRET=whsec_… python hotline_call_list.py serve          takes tasks, until Ctrl-C
    python hotline_call_list.py list                               who is to be called, the most pressing first
    LINE_SECRET=… python hotline_call_list.py call t-abc… no-answer
    LINE_SECRET=… python hotline_call_list.py call t-abc… covered | no-arrangement | unreachable

The list is a file. It holds no names: who is called, the line asks of the vault when it calls.
"""

import argparse
import json
import os
import sqlite3
import sys

from kithline_unit import Refused, Task, Unit

CALLS: dict[str, dict[str, object]] = {
    "no-answer": {"action": "attempt"},
    "covered": {"action": "complete", "outcome": "already_supported", "findings": ["cover_confirmed"]},
    "no-arrangement": {"action": "complete", "outcome": "follow_up_planned", "findings": ["no_arrangement"]},
    "unreachable": {"action": "complete", "outcome": "not_located", "findings": ["unreachable"]},
}
"""What came of a call, and how that is said to Kithline: `no_arrangement` brings emergency support, `unreachable` a
visit."""

PRESSING = ("stat", "asap", "urgent", "routine")


class CallList:
    """The newest revision of each task, in a file."""

    def __init__(self, file: str) -> None:
        self._file = file
        with self._open() as book:
            book.execute("CREATE TABLE IF NOT EXISTS calls (task TEXT PRIMARY KEY, body TEXT)")

    def put(self, task: Task) -> None:
        with self._open() as book:
            book.execute("INSERT OR REPLACE INTO calls VALUES (?, ?)", (task["task_id"], json.dumps(task)))

    def get(self, name: str) -> Task:
        found = [task for task in self._all() if task["task_id"].startswith(name)]
        if len(found) != 1:
            sys.exit(f"{name}: {'no' if not found else 'more than one'} task begins so; see `list`")
        return found[0]

    def to_call(self) -> list[Task]:
        return sorted((task for task in self._all() if task["allowed"]), key=_pressing)

    def _all(self) -> list[Task]:
        with self._open() as book:
            return [json.loads(body) for (body,) in book.execute("SELECT body FROM calls")]

    def _open(self) -> sqlite3.Connection:
        return sqlite3.connect(self._file, timeout=10)


def _pressing(task: Task) -> tuple[bool, int, str]:
    return (not task["breaches"], PRESSING.index(task["priority"]), task["due_contact"])


def main() -> None:
    """One command."""
    options = argparse.ArgumentParser(formatter_class=argparse.RawDescriptionHelpFormatter, description=__doc__)
    options.add_argument("--unit", default="hotline-182183")
    options.add_argument("--kithline", default="http://127.0.0.1:6180", help="the address of Kithline's adapters")
    options.add_argument("--port", type=int, default=8091)
    options.add_argument("--calls", default="calls.sqlite3", help="the file of the list")
    options.add_argument("command", choices=("serve", "list", "call"))
    options.add_argument("task", nargs="?")
    options.add_argument("result", nargs="?", choices=sorted(CALLS))
    chosen = options.parse_args()
    calls = CallList(chosen.calls)
    if chosen.command == "list":
        for task in calls.to_call():
            late = " LATE" if task["breaches"] else ""
            print(
                task["task_id"], task["status"], task["priority"], task["due_contact"] + late, task["reason_text"]["en"]
            )
        return
    unit = Unit(chosen.unit, os.environ["LINE_SECRET"], chosen.kithline)
    if chosen.command == "call":
        call(unit, calls.get(chosen.task or ""), chosen.result)
        return

    def on_task(task: Task) -> None:
        calls.put(task)
        if "accept" in task["allowed"]:
            unit.answer(task, "accept")  # a 24-hour line takes whatever comes
        elif task["business_status"] == "cancellation_requested":
            unit.answer(task, "confirm_cancel")

    unit.serve(on_task, chosen.port)


def call(unit: Unit, task: Task, result: str | None) -> None:
    """Says what came of a call."""
    if result is None:
        sys.exit(f"what came of it? One of {', '.join(sorted(CALLS))}")
    said = dict(CALLS[result])
    try:
        print(unit.answer(task, str(said.pop("action")), **said)["state"])
    except Refused as refused:
        sys.exit(f"not taken: {refused}")


if __name__ == "__main__":
    main()
