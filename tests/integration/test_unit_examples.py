"""The examples of unit systems, each a process of its own, against the real adapters on a real Kafka."""

import asyncio
import base64
import importlib.util
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from tests.integration.running_line import RunningLine, running_line
from tests.scenario import expand
from tests.scenarios.feeds import ADMITTED, PAIR
from tests.unit.adapters.bench import free_port

pytestmark = pytest.mark.kafka

EXAMPLES = Path(__file__).parents[2] / "examples"
POLICY = Path(__file__).parents[2] / "deploy" / "policy"
NOW = "2026-07-11T01:00:00.000Z"

SECRETS = {
    name: "whsec_" + base64.b64encode(name.encode().ljust(32, b".")).decode()
    for name in ("LINE_SECRET", "PROVIDER_SECRET", "MY_UNIT_SECRET")
}

UNITS: list[dict[str, Any]] = [
    {"id": "hotline-182183", "kind": "hotline", "districts": "all", "channel": "webhook"},
    {"id": "alarm-provider-1", "kind": "emergency_alarm", "districts": "all", "channel": "webhook"},
    {"id": "my-unit", "kind": "emergency_support", "districts": "all", "channel": "webhook"},
    {"id": "district-office", "kind": "district_office", "districts": "all"},
    {"id": "care-team", "kind": "care_team", "districts": "all"},
]


def policy(folder: Path, ports: Mapping[str, int]) -> Path:
    """The policy with the examples' units alone, reached as `examples/channels.yaml` says, on ports that are free."""
    shutil.copytree(POLICY, folder)
    (folder / "units.yaml").write_text(yaml.safe_dump(_directory()), encoding="utf-8")
    for rule in (folder / "rules").glob("*.yaml"):  # a directory of few districts: rules are for all
        rule.write_text(re.sub(r"^districts:.*\n", "", rule.read_text("utf-8"), flags=re.MULTILINE), encoding="utf-8")
    text = (EXAMPLES / "channels.yaml").read_text("utf-8")
    for usual, port in ports.items():
        text = text.replace(usual, str(port))
    (folder / "channels.yaml").write_text(text, encoding="utf-8")
    return folder


def _directory() -> object:
    units = [{**unit, "name": {"en": unit["id"], "zh-Hant": unit["id"]}} for unit in UNITS]
    written = yaml.safe_load((POLICY / "units.yaml").read_text("utf-8"))
    return {**written, "units": units}


@contextmanager
def example(name: str, *arguments: str, folder: Path, **environment: str) -> Iterator[None]:
    """One example runs."""
    with (folder / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, str(EXAMPLES / name), *arguments],
            env={**os.environ, **SECRETS, **environment},
            cwd=folder,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        yield
        assert process.poll() is None, (folder / f"{name}.log").read_text()
    finally:
        process.terminate()
        process.wait(20)


async def until(what: str, holds: Callable[[], Any], seconds: float = 60) -> Any:
    """Waits for something that other processes do."""
    deadline = time.monotonic() + seconds
    while not (found := await asyncio.to_thread(holds)):
        assert time.monotonic() < deadline, f"{what}: not in {seconds} s"
        await asyncio.sleep(0.2)
    return found


async def ended(line: RunningLine, purpose: str, status: str) -> dict[str, Any]:
    """The task of a purpose, once it has a status on its topic."""
    for _ in range(150):
        for task in (await line.ends()).tasks.values():
            if task["purpose"] == purpose and task["status"] == status:
                return dict(task)
        await asyncio.sleep(0.3)
    raise AssertionError(f"{purpose} did not become {status}: {(await line.ends()).tasks}")


def client() -> ModuleType:
    """The examples' own client."""
    spec = importlib.util.spec_from_file_location("kithline_unit", EXAMPLES / "kithline_unit.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


async def test_a_call_list_an_alarm_provider_and_ten_lines_do_their_work(own_kafka: str, tmp_path: Path) -> None:
    """The hotline takes a call that finds nobody caring, asks for an alarm on the side; each unit does its part."""
    door, line_port, provider_port, my_port = (free_port() for _ in range(4))
    ports = {"8091": line_port, "8090": provider_port, "8088": my_port}
    kithline = f"http://127.0.0.1:{door}"
    settings = {
        **SECRETS,
        "KITHLINE_POLICY_DIR": str(policy(tmp_path / "policy", ports)),
        "KITHLINE_NAMESPACE_KEY": bytes(range(32)).hex(),
        "KITHLINE_SIMULATED_UNITS": "care_team",
        "KITHLINE_ADAPTERS_STORE": f"sqlite:///{tmp_path / 'book.sqlite3'}",
        "KITHLINE_ADAPTERS_PORT": str(door),
    }
    calls = [sys.executable, str(EXAMPLES / "hotline_call_list.py"), "--kithline", kithline]

    def command(*arguments: str) -> str:
        done = subprocess.run(
            [*calls, *arguments], cwd=tmp_path, env={**os.environ, **SECRETS}, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def listed(status: str) -> str:
        rows = [row.split() for row in command("list").splitlines()]
        return next((row[0] for row in rows if row[1] == status), "")

    def called(task: str, result: str) -> bool:
        """The list may be a moment older than the task: then the person calls again on the newest."""
        done = subprocess.run(
            [*calls, "call", task, result], cwd=tmp_path, env={**os.environ, **SECRETS}, capture_output=True
        )
        return done.returncode == 0

    def rows(file: str, query: str) -> list[Any]:
        with closing(sqlite3.connect(tmp_path / file)) as book:
            return book.execute(query).fetchall()

    async with running_line(own_kafka, tmp_path, NOW, settings) as line:
        with ExitStack() as stack:
            stack.enter_context(
                example(
                    "hotline_call_list.py", "--kithline", kithline, "--port", str(line_port), "serve", folder=tmp_path
                )
            )
            stack.enter_context(
                example(
                    "emergency_alarm_provider.py", "--kithline", kithline, "--port", str(provider_port),
                    "--fit-seconds", "0.2", folder=tmp_path,
                )
            )  # fmt: skip
            stack.enter_context(example("my_unit.py", folder=tmp_path, KITHLINE=kithline, MY_UNIT_PORT=str(my_port)))
            await line.send(*expand([*PAIR, ADMITTED]))
            task = await until("the call is on the list, accepted", lambda: listed("accepted"))
            await until("a call in vain", lambda: called(task, "no-answer"))
            await until("it is known of", lambda: listed("in-progress"))
            unit = client().Unit("hotline-182183", SECRETS["LINE_SECRET"], kithline)
            (held,) = await asyncio.to_thread(unit.tasks)
            alarm = {"refer_to": "emergency_alarm", "refer_for": "fit_emergency_alarm"}
            await asyncio.to_thread(lambda: unit.answer(held, "refer_on", **alarm))
            await until("nobody cares", lambda: called(task, "no-arrangement"))
            completed = await ended(line, "check_arrangements", "completed")
            assert completed["attempts_to_reach"] == 1
            fitted = await ended(line, "fit_emergency_alarm", "completed")
            assert (fitted["unit"], fitted["outcome"]) == ("alarm-provider-1", "service_delivered")
            mine = await ended(line, "arrange_emergency_support", "accepted")
            assert mine["unit"] == "my-unit"
            assert (await line.ends()).dead == []
            await until(
                "the order is closed", lambda: rows("orders.sqlite3", "SELECT state FROM orders") == [("ended",)]
            )
            # every answer, receipts too, has become a revision, and each unit has the newest of its tasks
            states = "SELECT DISTINCT state FROM answers"
            await until("all is taken", lambda: rows("book.sqlite3", states) == [("taken",)])
            late = "SELECT count(*) FROM held WHERE told < revision"
            await until("all is told", lambda: rows("book.sqlite3", late) == [(0,)])
            assert rows("book.sqlite3", "SELECT count(*) FROM deliveries") == [(0,)]
    assert "acknowledge by" in (tmp_path / "my_unit.py.log").read_text()
