"""The open loop keeps its schedule; quantiles are values that occurred; ratios compare like with like."""

import asyncio
from datetime import date

import orjson
import pytest

from benchmarks.latency import feeds, measure, paths
from benchmarks.latency.measure import with_ratios
from benchmarks.latency.observer import Arrival, quantiles
from benchmarks.latency.schedule import Schedule, now_ms, send_on_schedule
from services.runtime.fold import TICKS, Record


def test_a_record_is_due_at_its_own_instant_and_not_before() -> None:
    schedule = Schedule(begin=1_000.0, rate=400)
    assert [schedule.instant(number) for number in (0, 1, 2, 400)] == [1_000, 1_002, 1_005, 2_000]
    assert [schedule.due(now) for now in (999.9, 1_000, 1_002.4, 1_002.5, 2_000)] == [0, 1, 1, 2, 401]


class _Stalling:
    """A producer that takes its time with the tenth record."""

    def __init__(self) -> None:
        self.stamps: list[int] = []

    async def send(self, topic: str, value: bytes, *, timestamp_ms: int, **_: object) -> "asyncio.Future[object]":
        if len(self.stamps) == 10:
            await asyncio.sleep(0.2)
        self.stamps.append(timestamp_ms)
        sent: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        sent.set_result(None)
        return sent


async def test_a_stall_moves_no_instant_so_it_counts_for_all_that_were_due_in_it() -> None:
    producer, records = _Stalling(), [Record("t", b"k", b"v")] * 60
    schedule = Schedule(now_ms() + 20, rate=500)
    late = await send_on_schedule(producer, records, schedule, 4)  # type: ignore[arg-type]
    assert producer.stamps == [schedule.instant(number) for number in range(60)]
    assert late >= 100  # the stall is longer than all that was left to send, less what was due before it


@pytest.mark.parametrize(
    ("latencies", "expected"),
    [
        ([], {}),
        ([7.0], {"p50_ms": 7.0, "p90_ms": 7.0, "p99_ms": 7.0, "max_ms": 7.0}),
        ([float(n) for n in range(1000, 0, -1)], {"p50_ms": 500, "p90_ms": 900, "p99_ms": 990, "max_ms": 1000}),
    ],
)
def test_quantiles_by_nearest_rank(latencies: list[float], expected: dict[str, float]) -> None:
    assert quantiles(latencies) == expected


def test_a_ratio_is_to_as_many_bare_hops_at_the_same_rate() -> None:
    def row(path: str, name: str, hops: int, rate: float, p99: float) -> paths.Row:
        return {"path": path, "name": name, "hops": hops, "rate": rate, "p99_ms": p99}

    told = with_ratios(
        [
            row("hop", "copies", 1, 1_000, 10),
            row("chain", "copies", 4, 100, 30),
            row("chain", "copies", 4, 1_000, 50),
            row("hop", "kithline", 1, 1_000, 20),
            row("line", "kithline", 4, 1_000, 160),
            row("line", "kithline", 4, 100, 60),
        ]
    )
    assert [one.get("p99_ratio") for one in told] == [None, None, None, 2.0, 3.2, 2.0]
    assert (told[4]["p99_ratio_wanted"], told[4]["holds"]) == (measure.WANTED[("line", 1_000)], False)
    assert "holds" not in told[5]


def test_only_first_revisions_that_a_feed_raised_in_the_window_are_samples() -> None:
    def task(due: int, revision: int) -> Arrival:
        return Arrival("referral.tasks.hotline", due, due + 10.0, orjson.dumps({"revision": revision}))

    arrivals = [task(100, 1), task(150, 1), task(150, 2), task(160, 1), task(200, 1), Arrival(TICKS, 160, 161.0, b"{}")]
    assert paths._of_first_revisions(arrivals, 120, 180) == [10.0]


def test_the_line_has_four_hops_and_every_service_runs_once() -> None:
    assert feeds.hops_of_the_line() == 4
    assert sorted(name for names in paths.LINE_PROCESSES for name in names) == sorted(paths.SERVICES)


def test_the_busy_month_sets_up_first_and_streams_afterwards_in_order_of_receipt() -> None:
    before, stream = feeds.busy_month(300, date(2026, 8, 1))
    assert len(stream) == 300
    received = [dict(record.headers).get("ce_receivedtime") for record in (*before, *stream)]
    known = [at for at in received if at]
    assert known == sorted(known)
    assert {record.topic for record in before} >= {"housing.tenancies", "welfare.register"}
    assert {record.topic for record in stream} >= {"hospital.admissions", "hotline.contacts"}


def test_every_event_of_a_hop_has_an_output() -> None:
    assert all(orjson.loads(event.value)["number"] % 20 == 0 for event in feeds.events("t", 50))
