"""Twenty units at the desk: `python -m benchmarks.desk --json FILE`.

Real Kafka, the referral desk and the desk as processes of their own. Flags are published as the correlator would, the
referral desk asks twenty units, and people of all units answer through the desk's forms, so many a second, while others
look at lists and tasks. At the end every answer must have been taken, once.
"""

import argparse
import asyncio
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import aiohttp
import orjson
from aiokafka import AIOKafkaProducer
from sqlalchemy import func, select

from benchmarks.machine import busy_now, machine_in_words
from contracts.flags import Flag
from contracts.ids import flag_id, household_of_tenancy
from contracts.tasks import Task
from services.book.tables import answers, held
from services.demo.processes import free_ports
from services.desk.app import open_desk
from services.desk.desk import Desk
from services.desk.settings import DeskSettings
from services.desk.web import COOKIE
from services.directory import Directory
from services.policy import load_directory
from services.runtime.kafka_dev import broker
from services.runtime.now import now, now_ms
from services.runtime.reading import read_topics
from services.runtime.settings import WEB_ORDER, Settings
from services.runtime.topic_admin import ensure_topics

UNITS = 20
KINDS = ("family_service", "disability_support")
LOOKS_A_SECOND = 10
_KEY = bytes(range(32)).hex()
_EXAMPLE = Path(__file__).parents[1] / "contracts" / "examples" / "flag" / "good-1.json"


def flags_for(count: int, directory: Directory) -> list[Flag]:
    """So many flags, each asking one of the first twenty units that come, all of them equally often."""
    example = json.loads(_EXAMPLE.read_text("utf-8"))
    districts = sorted(
        {code for unit in directory.units.values() if unit.districts != "all" for code in unit.districts}
    )
    each, asked = -(-count // UNITS), Counter[str]()
    made: list[Flag] = []
    number = 0
    while len(made) < count:
        number += 1
        household = household_of_tenancy(f"bench-{number}")
        district, kind = districts[number % len(districts)], KINDS[number // len(districts) % len(KINDS)]
        _, unit = directory.route(kind, district, None, household)
        if asked[unit] >= each or (unit not in asked and len(asked) >= UNITS) or unit not in directory.units:
            continue
        asked[unit] += 1
        ask = {"unit": kind, "for": "assess_and_serve", "priority": "routine"}
        flag = {**example, "flag_id": flag_id(household, "bench", "1"), "household_id": household, "subject": household}
        flag |= {"district": district, "estate": None, "asks": [ask], "then": [], "as_of": now()}
        made.append(Flag.model_validate(flag | {"episode_at": now(), "received_at": now()}))
    return made


class Processes:
    """The referral desk and the desk, started and stopped."""

    def __init__(self, environment: Mapping[str, str], folder: Path) -> None:
        self._running = []
        for name in ("referral", "desk"):
            with (folder / f"{name}.log").open("wb") as log:
                command = [sys.executable, "-m", f"services.{name}"]
                self._running.append(
                    subprocess.Popen(command, env={**os.environ, **environment}, stdout=log, stderr=subprocess.STDOUT)
                )

    def stop(self) -> None:
        """By their ids; what does not stop is killed."""
        for process in self._running:
            process.send_signal(signal.SIGTERM)
        for process in self._running:
            with suppress(subprocess.TimeoutExpired):
                process.wait(20)
            if process.poll() is None:
                process.kill()


class Load:
    """People at the desk: those who answer, and those who look."""

    def __init__(self, desk: Desk, url: str) -> None:
        self._desk = desk
        # no httpx: the load takes from the same two cores, and aiohttp's client costs a third
        self._browser = aiohttp.ClientSession(
            base_url=url,
            connector=aiohttp.TCPConnector(limit=64),
            timeout=aiohttp.ClientTimeout(60),
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        self._people: dict[str, tuple[str, str]] = {}
        self.tasks: list[tuple[str, str, int]] = []
        self.taking: list[float] = []
        self.lists: list[float] = []
        self.pages: list[float] = []
        self.answered: Counter[int] = Counter()

    async def come_in(self) -> None:
        """Somebody of each unit signs in, and knows the unit's tasks."""
        async with self._desk.book.store.read() as look:
            rows = (await look.execute(select(held.c.unit, held.c.ref, held.c.revision).where(held.c.open))).all()
        by_unit: dict[str, list[tuple[str, str, int]]] = {}
        for row in rows:
            by_unit.setdefault(row.unit, []).append((row.unit, row.ref, row.revision))
        for unit in by_unit:
            token = await self._desk.accounts.sign_in_as(f"bench.{unit}", unit, "worker", now_ms(), 10)
            who = await self._desk.accounts.who(token, now_ms())
            assert who is not None
            self._people[unit] = (token, who.form_token)
        most = max(map(len, by_unit.values()))
        self.tasks = [tasks[n] for n in range(most) for tasks in by_unit.values() if n < len(tasks)]

    async def run(self, seconds: float, rate: int) -> None:
        """Answers go out on time, whatever became of those before; so a slow desk shows."""
        begun, going = time.perf_counter(), set()
        tasks = iter(self.tasks)
        for number in range(int(seconds * rate)):
            await asyncio.sleep(max(0.0, begun + number / rate - time.perf_counter()))
            going.add(asyncio.create_task(self._answer(*next(tasks))))
            if number % (rate // LOOKS_A_SECOND) == 0:
                going.add(asyncio.create_task(self._look(number // (rate // LOOKS_A_SECOND))))
        await asyncio.gather(*going)
        await self._browser.close()

    async def _answer(self, unit: str, ref: str, revision: int) -> None:
        token, form_token = self._people[unit]
        form = {"form_token": form_token, "key": f"{ref}.0", "revision": str(revision), "action": "accept"}
        begun = time.perf_counter()
        headers = {"cookie": f"{COOKIE}={token}"}
        place = f"/tasks/{ref}/answer"
        async with self._browser.post(place, data=form, headers=headers, allow_redirects=False) as response:
            await response.read()
        self.taking.append(time.perf_counter() - begun)
        self.answered[response.status] += 1

    async def _look(self, number: int) -> None:
        unit, ref, _ = self.tasks[number * 7 % len(self.tasks)]
        begun = time.perf_counter()
        path, to = (f"/tasks/{ref}", self.pages) if number % 2 else ("/tasks", self.lists)
        async with self._browser.get(path, headers={"cookie": f"{COOKIE}={self._people[unit][0]}"}) as response:
            response.raise_for_status()
            assert "<main" in await response.text()
        to.append(time.perf_counter() - begun)

    async def taken(self, wanted: int, patience: float) -> Counter[str]:
        """The answers by state, once all are taken or patience ends."""
        until = time.monotonic() + patience
        while True:
            async with self._desk.book.store.read() as look:
                counted = await look.execute(select(answers.c.state, func.count()).group_by(answers.c.state))
                states = Counter({row[0]: row[1] for row in counted})
            if states["taken"] >= wanted or time.monotonic() > until:
                return states
            await asyncio.sleep(0.2)


async def measure(kafka: str, seconds: float, rate: int, folder: Path) -> dict[str, Any]:
    """One run. Raises if anything was lost, or came twice."""
    first = free_ports(len(WEB_ORDER) + 1, 27066)
    port = first + len(WEB_ORDER)
    store = f"sqlite:///{folder / 'desk.sqlite3'}"
    settings = Settings(kafka=kafka, namespace_key=_KEY)
    desk = open_desk(settings, DeskSettings(store=store))
    await desk.book.store.open()
    wanted = int(seconds * rate)
    producer = AIOKafkaProducer(bootstrap_servers=kafka, acks="all")
    await producer.start()
    for flag in flags_for(wanted, load_directory(settings.policy_dir)):
        await producer.send("risk.flags", flag.model_dump_json(by_alias=True).encode(), key=flag.household_id.encode())
    for partition in range(4):
        tick = orjson.dumps({"as_of": now()})
        await producer.send("units.ticks", tick, key=str(partition).encode(), partition=partition)
    await producer.stop()
    environment = {
        "KITHLINE_KAFKA": kafka,
        "KITHLINE_WEB_PORT": str(first),
        "KITHLINE_NAMESPACE_KEY": _KEY,
        "KITHLINE_DESK_STORE": store,
        "KITHLINE_DESK_PORT": str(port),
        # of a pair that nobody needs here: nothing is sealed
        "KITHLINE_VAULT_PUBLIC_KEY": "LQuCrDt1YIpl4q/OPDPjlwGJrSwZtQfgNblsUkTZnU4=",
        "KITHLINE_LOG_FORMAT": "json",
    }
    processes = Processes(environment, folder)
    try:
        await _until_all_are_there(desk, wanted, folder)
        load = Load(desk, f"http://127.0.0.1:{port}")
        await load.come_in()
        before, begun = busy_now(), time.monotonic()
        await load.run(seconds, rate)
        lasted = time.monotonic() - begun
        others = busy_now().others_since(before, lasted)
        states = await load.taken(wanted, 60)
        settled = time.monotonic() - begun
    except aiohttp.ClientError as fault:
        log = (folder / "desk.log").read_text()[-3000:]
        raise SystemExit(f"the desk stopped answering ({type(fault).__name__}):\n{log}") from None
    finally:
        processes.stop()
        await desk.book.store.close()
    sent = [orjson.loads(record.value) for record in await read_topics(settings, ["referral.updates"])]
    ids = Counter(one["update_id"] for one in sent)
    kinds = [f"referral.tasks.{kind}" for kind in KINDS]
    last = {
        task.task_id: task
        for record in await read_topics(settings, kinds)
        for task in [Task.model_validate_json(record.value)]
    }
    accepted = sum(task.status == "accepted" for task in last.values())
    whole = load.answered == {303: wanted} and states == {"taken": wanted} and accepted == wanted
    if not whole or len(ids) != wanted or set(ids.values()) != {1}:
        log = (folder / "desk.log").read_text()[-3000:]
        raise SystemExit(f"lost or twice: {load.answered}, {states}, {len(ids)} sent, {accepted} accepted\n{log}")
    return {
        "machine": machine_in_words(),
        "what": "answers through the desk's forms, pages beside them; Kafka, referral, desk and load on one machine",
        "units": len({unit for unit, _, _ in load.tasks}),
        "tasks": wanted,
        "answers_a_second_asked": rate,
        "answers_a_second": round(wanted / lasted, 1),
        "lost": 0,
        "twice": 0,
        "seconds_until_the_last_was_taken_after_the_last_was_given": round(settled - lasted, 2),
        "pages_a_second": LOOKS_A_SECOND,
        "page_ms": _spread(load.lists + load.pages),
        "list_ms": _spread(load.lists),
        "task_ms": _spread(load.pages),
        "answer_ms": _spread(load.taking),
        "cores_busy_with_other_programs": round(others, 2),
    }


async def _until_all_are_there(desk: Desk, wanted: int, folder: Path) -> None:
    for _ in range(600):
        async with desk.book.store.read() as look:
            count = (await look.execute(select(func.count()).select_from(held).where(held.c.open))).scalar_one()
        if count >= wanted:
            return
        await asyncio.sleep(0.2)
    raise SystemExit(f"only {count} of {wanted} tasks came to the desk:\n{(folder / 'desk.log').read_text()[-2000:]}")


def _spread(seconds: list[float]) -> dict[str, float]:
    parts = statistics.quantiles(seconds, n=100)
    return {name: round(parts[at - 1] * 1000, 1) for name, at in (("median", 50), ("p95", 95), ("p99", 99))}


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--rate", type=int, default=100, help="answers a second")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    with broker() as started, tempfile.TemporaryDirectory() as folder:
        ensure_topics(started.bootstrap)
        result = asyncio.run(measure(started.bootstrap, asked.seconds, asked.rate, Path(folder)))
    print(json.dumps(result, indent=2))
    if asked.json is not None:
        asked.json.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
