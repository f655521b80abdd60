"""A unit of one's own in ten lines: accepts whatever comes, and prints it."""

import os

from kithline_unit import Task, Unit

unit = Unit("my-unit", os.environ["MY_UNIT_SECRET"], os.environ.get("KITHLINE", "http://127.0.0.1:6180"))


def on_task(task: Task) -> None:
    print(task["status"], task["reason_text"]["en"], "- acknowledge by", task["due_ack"], flush=True)
    if "accept" in task["allowed"]:
        unit.answer(task, "accept")


unit.serve(on_task, port=int(os.environ.get("MY_UNIT_PORT", "8088")))
