"""How a unit's system talks with Kithline, in one file that needs nothing but Python: copy it.

`serve` takes tasks (signed requests of Kithline's) and hands each new revision to your function; `answer` signs and
posts what your unit says. Signatures are those of https://www.standardwebhooks.com, for which most languages have a
library.
"""

import base64
import hmac
import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, MutableMapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock
from typing import Any

Task = dict[str, Any]
"""What Kithline sends: contracts/schemas/unit_task.json."""

_WINDOW_SECONDS = 300
_MOST_BYTES = 1_000_000


class Refused(Exception):
    """Kithline does not take an answer; `problem` says why (contracts/schemas/unit_problem.json)."""

    def __init__(self, problem: dict[str, Any]) -> None:
        super().__init__(problem["detail"])
        self.problem = problem


class Unit:
    """One unit. `secret`: `whsec_…`, that Kithline has too; `kithline`: the address of its adapters; `known`: the
    newest revision of each task, in a store of yours if it shall outlive your process."""

    def __init__(self, unit: str, secret: str, kithline: str, known: MutableMapping[str, int] | None = None) -> None:
        self.unit = unit
        self._key = base64.b64decode(secret.removeprefix("whsec_"))
        self._kithline = kithline
        self._known = {} if known is None else known
        self._one_at_a_time = Lock()

    def serve(self, on_task: Callable[[Task], None], port: int, bind: str = "127.0.0.1") -> None:
        """Takes tasks at http://bind:port/ for ever. What `on_task` raises makes Kithline send the task again later."""
        ThreadingHTTPServer((bind, port), self._handler(on_task)).serve_forever()

    def answer(self, task: Task, action: str, **more: Any) -> dict[str, Any]:
        """Says something about a task, of the revision that you have. Saying the same again does no harm. Raises
        Refused."""
        said = {"task": task["task_id"], "action": action, "expected_revision": task["revision"], **more}
        # the id follows from what is said: if you do not know whether it arrived, say it again
        said["id"] = f"{action}-{task['task_id'][2:14]}-{task['revision']}"
        body = json.dumps(said).encode()
        for attempt in range(8):
            try:
                return self._send("POST", f"/v1/units/{self.unit}/answers", said["id"], body)
            except Refused as refused:
                if "being taken" not in str(refused) or attempt == 7:
                    raise
                time.sleep(0.5)  # your last answer to this task is under way
        raise AssertionError

    def tasks(self) -> list[Task]:
        """All that your unit holds, if you have lost your list."""
        path = f"/v1/units/{self.unit}/tasks"
        tasks: list[Task] = self._send("GET", path, path, b"")["tasks"]
        return tasks

    def _send(self, method: str, path: str, message: str, body: bytes) -> dict[str, Any]:
        seconds = str(int(time.time()))
        headers = {
            "content-type": "application/json",
            "webhook-id": message,
            "webhook-timestamp": seconds,
            "webhook-signature": self._signature(message, seconds, body),
        }
        request = urllib.request.Request(self._kithline + path, body or None, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                content: dict[str, Any] = json.load(answer)
                return content
        except urllib.error.HTTPError as fault:
            raise Refused(json.load(fault)) from None

    def _signature(self, message: str, seconds: str, body: bytes) -> str:
        signed = f"{message}.{seconds}.".encode() + body
        return "v1," + base64.b64encode(hmac.digest(self._key, signed, "sha256")).decode()

    def _is_kithline(self, headers: Any, body: bytes) -> bool:
        message, seconds = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
        if not seconds.isdigit() or abs(int(seconds) - time.time()) > _WINDOW_SECONDS:
            return False
        right = self._signature(message, seconds, body)
        return any(hmac.compare_digest(right, one) for one in headers.get("webhook-signature", "").split())

    def _take(self, task: Task, on_task: Callable[[Task], None]) -> None:
        with self._one_at_a_time:
            if task["revision"] > self._known.get(task["task_id"], 0):  # else: a repetition
                on_task(task)
                self._known[task["task_id"]] = task["revision"]

    def _handler(self, on_task: Callable[[Task], None]) -> type[BaseHTTPRequestHandler]:
        unit = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                size = int(self.headers.get("content-length", 0))
                body = self.rfile.read(min(size, _MOST_BYTES))
                if not unit._is_kithline(self.headers, body):
                    self._end(401)
                    return
                try:
                    unit._take(json.loads(body), on_task)
                except Exception as fault:
                    print("not taken; Kithline sends it again:", type(fault).__name__, fault, flush=True)
                    self._end(500)
                    return
                self._end(204)  # from now on it is yours

            def _end(self, status: int) -> None:
                self.send_response(status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        return Handler
