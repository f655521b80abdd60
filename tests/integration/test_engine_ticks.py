"""What the engine promises about time. On a broker of their own: ticks are for everybody who reads `clock.ticks`, and
these tests tick far ahead. Each test ticks on from the one before.
"""

import asyncio
from collections.abc import Iterator

import orjson
import pytest

from services.runtime.ending import BROKEN
from services.runtime.fold import TICKS
from tests.integration.engine_bench import Bench, bench

pytestmark = pytest.mark.kafka


@pytest.fixture
def line(ticking_kafka: str) -> Iterator[Bench]:
    with bench(ticking_kafka) as made:
        yield made


async def test_as_of_and_what_is_due_survive_a_restart(line: Bench) -> None:
    await line.make_topics()
    noon, one, two = (f"2030-01-01T{hour}:00:00.000Z" for hour in (12, 13, 14))
    worker = await line.start("waiting").until_ready()
    await line.tick(noon)
    await line.rest("waiting")
    await line.send(line.topic("a"), [("early", {"due": one}), ("late", {"due": two})])
    await line.rest("waiting")
    assert await worker.stop() == 0

    worker = await line.start("waiting").until_ready()
    as_of = f'kithline_as_of_timestamp{{partition="0",processor="{line.tag}.waiting"}} 1.8934992e+09'  # noon
    assert as_of in worker.page("/metrics")[1]
    await line.send(line.topic("a"), [("other", {"due": two})])
    await line.tick(one)
    await line.rest("waiting")
    told = [(r.key.decode(), orjson.loads(r.value)) for r in await line.read(line.topic("sums"))]
    assert sorted(told, key=str) == sorted(
        [
            ("early", {"as_of": noon}),
            ("late", {"as_of": noon}),
            ("other", {"as_of": noon}),
            ("early", {"woken": one}),
        ],
        key=str,
    )
    assert set(await line.state("waiting")) == {"late", "other"}


async def test_ticks_alone_write_nothing_to_the_changelog(line: Bench) -> None:
    await line.make_topics()
    await line.start("waiting").until_ready()
    for minute in range(5):
        await line.tick(f"2030-01-02T00:0{minute}:00.000Z")
    await line.rest("waiting")
    assert await line.read(f"changelog.{line.tag}.waiting") == []


async def test_a_fold_that_fails_on_a_tick_stops_the_process(line: Bench) -> None:
    await line.make_topics()
    worker = await line.start("waiting").until_ready()
    await line.send(line.topic("a"), [("fails", {"due": "2030-01-03T00:00:00.000Z"})])
    await line.rest("waiting")
    await line.tick("2030-01-03T00:00:00.000Z")
    assert await worker.ended() == BROKEN
    assert set(await line.state("waiting")) == {"fails"}


async def test_a_tick_that_wakes_many_is_committed_in_parts_and_wakes_each_once(line: Bench) -> None:
    await line.make_topics()
    due = "2030-01-04T00:00:00.000Z"
    keys = [f"slow-{number}" for number in range(4_000)]  # some eight seconds of wakings
    worker = await line.start("waiting", batch_seconds=0.02).until_ready()
    await line.send(line.topic("a"), [(key, {"due": due}) for key in keys])
    await line.rest("waiting")
    await line.tick(due)
    async with asyncio.timeout(60):
        while not 0 < len(await woken(line)) < len(keys):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    worker.process.kill()
    await worker.ended()
    assert 0 < len(await woken(line)) < len(keys)

    await line.start("waiting", batch_seconds=0.02).until_ready()
    await line.rest("waiting")
    assert sorted(await woken(line)) == sorted(keys)
    assert await line.state("waiting") == {}


async def woken(line: Bench) -> list[str]:
    return [r.key.decode() for r in await line.read(line.topic("sums")) if "woken" in orjson.loads(r.value)]


async def test_what_is_no_tick_stops_nobody(line: Bench) -> None:
    await line.make_topics()
    await line.start("waiting").until_ready()
    due = "2030-01-05T00:00:00.000Z"
    await line.send(line.topic("a"), [("early", {"due": due})])
    await line.rest("waiting")
    await line.send(TICKS, [("0", b"no tick")])
    await line.tick(due)
    await line.rest("waiting")
    assert await woken(line) == ["early"]
    letters = [orjson.loads(r.value) for r in await line.read("dead.letters")]
    assert [one["reason"] for one in letters if one["processor"] == f"{line.tag}.waiting"] == ["invalid"]
