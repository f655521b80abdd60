"""A few at a time, the shortest first; who is cancelled or lets go early blocks nobody."""

import asyncio

import pytest

from services.runtime import shortest_first
from services.runtime.shortest_first import ShortestFirst


class _Works:
    def __init__(self, places: int) -> None:
        self.queue = ShortestFirst(places)
        self.begun: list[int] = []
        self.ends: dict[int, asyncio.Event] = {}
        self.still = 0
        self.running: dict[int, asyncio.Task[None]] = {}

    def start(self, *lengths: int) -> None:
        for length in lengths:
            self.ends[length] = asyncio.Event()
            self.running[length] = asyncio.create_task(self._work(length))

    async def _work(self, length: int) -> None:
        async with self.queue.place(length, self._still) as let_go:
            self.begun.append(length)
            await self.ends[length].wait()
            let_go()
            let_go()

    def _still(self) -> None:
        self.still += 1


async def settled() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_no_more_than_the_places_and_the_shortest_of_those_that_wait() -> None:
    works = _Works(2)
    works.start(50, 40, 30, 10, 20)
    await settled()
    assert works.begun == [50, 40]
    works.ends[40].set()
    await settled()
    assert works.begun == [50, 40, 10]
    works.ends[50].set()
    works.ends[10].set()
    await settled()
    assert works.begun == [50, 40, 10, 20, 30]
    for end in works.ends.values():
        end.set()
    await asyncio.gather(*works.running.values())
    works.start(1, 2)
    await settled()
    assert works.begun[-2:] == [1, 2]  # letting go twice made no third place, and lost none
    works.start(3)
    await settled()
    assert works.begun[-1] == 2


async def test_a_cancelled_wait_takes_no_place() -> None:
    works = _Works(1)
    works.start(1, 2, 3)
    await settled()
    works.running[2].cancel()
    works.ends[1].set()
    await settled()
    assert works.begun == [1, 3]


async def test_one_that_is_called_and_cancelled_at_once_passes_the_place_on() -> None:
    works = _Works(1)
    works.start(1, 2, 3)
    await settled()
    works.ends[1].set()
    while works.begun == [1] and not works.running[1].done():  # noqa: ASYNC110
        await asyncio.sleep(0)
    works.running[2].cancel()
    await settled()
    assert 3 in works.begun
    works.ends[3].set()
    await works.running[3]


async def test_work_that_fails_gives_its_place_back() -> None:
    queue = ShortestFirst(1)
    with pytest.raises(ValueError, match="broken"):
        async with queue.place(1, lambda: None):
            raise ValueError("broken")
    async with asyncio.timeout(5), queue.place(1, lambda: None):
        pass


async def test_who_waits_says_that_it_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shortest_first, "_STILL_SECONDS", 0.001)
    works = _Works(1)
    works.start(1, 2)
    async with asyncio.timeout(10):
        while works.still < 3:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
    works.ends[1].set()
    works.ends[2].set()
    await asyncio.gather(*works.running.values())
