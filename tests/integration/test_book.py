"""The unit book on real Kafka, its process killed again and again: every task held, every answer sent exactly once."""

import asyncio
import os
import random
import signal
import subprocess
import sys
import time
import uuid
from collections import Counter
from pathlib import Path

import orjson
import pytest

from services.book.book import Book
from services.book.outbox import Letter, Outbox, Source
from services.demo.processes import free_ports
from services.runtime.reading import read_topics
from services.runtime.settings import Settings
from services.runtime.transaction import Writer
from tests.integration.test_commands import produce
from tests.unit.book.made import task, task_record

pytestmark = pytest.mark.kafka

TASKS, KILLS = 200, 3


def start(kafka: str, name: str, dsn: str, log: Path) -> "subprocess.Popen[bytes]":
    environment = {
        **os.environ,
        "KITHLINE_KAFKA": kafka,
        "KITHLINE_WEB_PORT": str(free_ports(1)),
        "KITHLINE_SESSION_TIMEOUT_MS": "6000",
        "KITHLINE_HEARTBEAT_INTERVAL_MS": "500",
    }
    with log.open("ab") as out:
        command = [sys.executable, "-m", "tests.integration.book_worker", name, dsn]
        return subprocess.Popen(command, env=environment, stdout=out, stderr=out)


async def _sent_of(kafka: str, unit: str) -> Counter[str]:
    records = await read_topics(Settings(kafka=kafka), ["referral.updates"])
    said = [orjson.loads(record.value) for record in records]
    return Counter(one["update_id"] for one in said if one.get("unit") == unit)


async def test_killed_again_and_again_every_answer_goes_out_exactly_once(line_topics: str, tmp_path: Path) -> None:
    unit = f"book-{os.getpid()}-{int(time.time())}"
    dsn = f"sqlite:///{tmp_path}/book.db"
    log, chance = tmp_path / "worker.log", random.Random(7)
    names = [f"{unit}-task-{number}" for number in range(TASKS)]
    worker = start(line_topics, unit, dsn, log)
    try:
        part = TASKS // (KILLS + 1) + 1
        for first in range(0, TASKS, part):
            households = {name: f"h-{uuid.uuid5(uuid.NAMESPACE_URL, name)}" for name in names[first : first + part]}
            records = [task_record(task(name, unit, household_id=home)) for name, home in households.items()]
            await produce(line_topics, records, transactional_id=f"{unit}-referral")
            before = sum((await _sent_of(line_topics, unit)).values())
            deadline = time.monotonic() + 60
            while sum((await _sent_of(line_topics, unit)).values()) <= before:  # it is at work…
                assert worker.poll() is None, log.read_text()
                assert time.monotonic() < deadline, log.read_text()
                await asyncio.sleep(chance.random() * 0.2)
            if first + part < TASKS:
                worker.send_signal(signal.SIGKILL)  # …and in the middle of something
                worker.wait()
                worker = start(line_topics, unit, dsn, log)
        deadline = time.monotonic() + 60
        while len(await _sent_of(line_topics, unit)) < TASKS:
            assert worker.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            await asyncio.sleep(0.2)
        worker.terminate()
        assert worker.wait(30) == 0, log.read_text()
    finally:
        worker.kill()
    found = await _sent_of(line_topics, unit)
    assert found == Counter({f"{unit}:{name}": 1 for name in names})
    book = Book(unit, dsn, bytes(32), Settings(), lambda one: one == unit)
    assert len(await book.all_held(unit)) == TASKS
    assert {answer.state for one in await book.all_held(unit) for answer in await book.answers(unit, one.ref)} == {
        "sent"
    }
    await book.store.close()


async def test_what_was_sent_before_a_crash_is_not_sent_again(line_topics: str) -> None:
    settings = Settings(kafka=line_topics)
    name = f"crash-{os.getpid()}-{int(time.time())}"
    letters = [Letter(number, b"h-1", f'{{"unit": "{name}", "update_id": "{number}"}}'.encode()) for number in range(3)]

    async def unsent(at: int, most: int) -> list[Letter]:
        return letters[at : at + most]

    class Crash(Exception):
        pass

    known = iter((0,))

    async def sent(to: int) -> int:
        try:
            return max(to, next(known))
        except StopIteration:
            raise Crash from None  # after Kafka's commit, before the store's

    first = Outbox(name, "referral.updates", settings, Source(unsent, sent))
    writer = Writer(settings, f"kithline-{name}-outbox", f"kithline-{name}-outbox")
    begun = await first._begin(writer)
    with pytest.raises(Crash):
        await first._send(writer, *begun)
    await writer.stop()

    known = iter((0, 0))  # the store knows of nothing sent
    second = Outbox(name, "referral.updates", settings, Source(unsent, sent))
    writer = Writer(settings, f"kithline-{name}-outbox", f"kithline-{name}-outbox")
    mark, partitions, at = await second._begin(writer)
    assert at == 3
    assert await second._send(writer, mark, partitions, at) == 3
    await writer.stop()
    assert await _sent_of(line_topics, name) == Counter({"0": 1, "1": 1, "2": 1})
