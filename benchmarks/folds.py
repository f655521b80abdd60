"""`python -m benchmarks.folds --json FILE`: what each processor's fold costs for an event of a feed, in memory.

A simulated month goes through the whole line (services/line.py), units and hourly ticks included, with the state
packed as the engine packs it. No Kafka: this is the floor under the line's cost, and says where it lies.
"""

import platform
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.table import Table

from benchmarks.command import run_command
from benchmarks.machine import machine_in_words
from contracts.events import FEEDS
from contracts.instants import plus
from services.demo.slabs import receipt
from services.line import Line, line_processors
from services.runtime.errors import Problem
from services.runtime.fold import TICKS, UNIT_TICKS, Processor, Record
from services.runtime.settings import Settings
from services.runtime.store import PackedStore
from services.simulator import Parameters, simulate

__all__ = ["Meter", "Row", "measure", "month"]


@dataclass(slots=True)
class Meter:
    """What one processor has done so far. CPU nanoseconds of this thread: other programs do not count."""

    name: str
    records: int = 0
    wakings: int = 0
    outputs: int = 0
    fold_ns: int = 0
    pack_ns: int = 0
    changelog_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Row:
    """One processor, in figures per record that it took and per event of a feed."""

    name: str
    records_per_event: float
    fold_us: float
    """Per record: reading it, reading its state, thinking, writing what comes of it. Wakings are shared out."""
    pack_us: float
    """Per record: packing changed state, once per batch."""
    us_per_event: float
    outputs_per_event: float
    wakings_per_event: float
    changelog_bytes_per_event: int
    state_keys: int
    state_bytes_per_key: int


def month(households: int, days: int, seed: int) -> list[Record]:
    """A simulated month's records with a tick of each kind for every hour in which something came in."""
    told = list(simulate(Parameters(households=households, days=days, seed=seed)).records())
    return list(_with_ticks(told))


def _with_ticks(records: list[Record]) -> Iterator[Record]:
    next_tick = ""
    for record in records:
        came = receipt(record)
        if came is not None and came >= next_tick:
            next_tick = plus(came, hours=1)
            value = orjson.dumps({"as_of": came})
            yield Record(TICKS, b"0", value)
            yield Record(UNIT_TICKS, b"0", value)
        yield record


def measure(records: list[Record], batch: int, processors: tuple[Processor, ...]) -> tuple[list[Row], float]:
    """Each processor's row, and the µs per event that are left for the line and the task around the folds.

    State is packed after every `batch` records of the feeds, as if all that they cause were one transaction."""
    own_ns = _cost_of_asking()
    meters = {processor.name: Meter(processor.name) for processor in processors}
    line = Line([_metered(processor, meters[processor.name], own_ns) for processor in processors], store=PackedStore)
    stores = [(meters[task.processor.name], task.store) for task in line.tasks if isinstance(task.store, PackedStore)]
    events = 0
    begun = time.thread_time_ns()
    for record in records:
        for name, turn in line.take(record):
            meters[name].outputs += len(turn.outputs)
        if record.topic in FEEDS:
            events += 1
            if events % batch == 0:
                for meter, store in stores:
                    _pack(meter, store, own_ns)
    for meter, store in stores:
        _pack(meter, store, own_ns)
    whole = time.thread_time_ns() - begun
    around = whole - sum(meter.fold_ns + meter.pack_ns for meter in meters.values())
    return [_row(meter, store, events) for meter, store in stores], round(around / events / 1000, 1)


def _metered(processor: Processor, meter: Meter, own_ns: int) -> Processor:
    def timed(step: Callable[[Any, Any], None]) -> Callable[[Any, Any], None]:
        def run(what: Any, turn: Any) -> None:
            begun = time.thread_time_ns()
            try:
                step(what, turn)
            finally:
                meter.fold_ns += time.thread_time_ns() - begun - own_ns
                if isinstance(what, Record):
                    meter.records += 1
                else:
                    meter.wakings += 1

        return run

    wake = timed(processor.wake) if processor.wake else None
    return replace(processor, fold=timed(processor.fold), wake=wake)


def _pack(meter: Meter, store: PackedStore, own_ns: int) -> None:
    begun = time.thread_time_ns()
    changes = store.changes()
    meter.pack_ns += time.thread_time_ns() - begun - own_ns
    meter.changelog_bytes += sum(len(key) + len(packed or b"") for key, packed in changes)


def _cost_of_asking() -> int:
    """What one reading of the clock costs, in ns: as much is in every span that is measured."""
    rounds = 20_000
    begun = time.thread_time_ns()
    for _ in range(rounds):
        time.thread_time_ns()
    return (time.thread_time_ns() - begun) // rounds


def _row(meter: Meter, store: PackedStore, events: int) -> Row:
    records = max(meter.records, 1)
    sizes = [len(orjson.dumps(value)) for _, value in store.items()]
    return Row(
        name=meter.name,
        records_per_event=round(meter.records / events, 3),
        fold_us=round(meter.fold_ns / records / 1000, 1),
        pack_us=round(meter.pack_ns / records / 1000, 1),
        us_per_event=round((meter.fold_ns + meter.pack_ns) / events / 1000, 1),
        outputs_per_event=round(meter.outputs / events, 3),
        wakings_per_event=round(meter.wakings / events, 3),
        changelog_bytes_per_event=round(meter.changelog_bytes / events),
        state_keys=len(sizes),
        state_bytes_per_key=round(sum(sizes) / max(len(sizes), 1)),
    )


def _table(rows: list[Row], around: float) -> Table:
    shown = Table(title="CPU of every fold, in memory")
    shown.add_column("processor")
    headings = ("records/event", "µs/record", "packing", "µs/event", "outputs/event", "log B/event", "keys", "B/key")
    for heading in headings:
        shown.add_column(heading, justify="right")
    for row in rows:
        shown.add_row(
            row.name,
            f"{row.records_per_event:.2f}",
            f"{row.fold_us:.1f}",
            f"{row.pack_us:.1f}",
            f"{row.us_per_event:.1f}",
            f"{row.outputs_per_event:.2f}",
            f"{row.changelog_bytes_per_event:,}",
            f"{row.state_keys:,}",
            f"{row.state_bytes_per_key:,}",
        )
    shown.add_section()
    shown.add_row("around them", "", "", "", f"{around:.1f}")
    shown.add_row("together", "", "", "", f"{sum(row.us_per_event for row in rows) + around:.1f}")
    return shown


def main(
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the rows here.")] = None,
    households: Annotated[int, typer.Option(min=10, help="Households to simulate.")] = 5_000,
    days: Annotated[int, typer.Option(min=1, help="Days to simulate.")] = 30,
    seed: Annotated[int, typer.Option(help="Another seed is another month.")] = 1,
    batch: Annotated[int, typer.Option(min=1, help="Events of the feeds to a batch.")] = 20,
) -> None:
    """CPU time of every processor's fold for an event of a feed, over a simulated month, in memory."""
    if json_file is not None and not json_file.absolute().parent.is_dir():
        raise Problem(f"{json_file.parent} is not a folder; make it, or choose another --json")
    records = month(households, days, seed)
    rows, around = measure(records, batch, line_processors(Settings().policy_dir, units=True))
    together = round(sum(row.us_per_event for row in rows) + around, 1)
    if json_file is not None:
        report = {
            "machine": machine_in_words(),
            "python": platform.python_version(),
            "households": households,
            "days": days,
            "events": sum(record.topic in FEEDS for record in records),
            "batch": batch,
            "rows": [asdict(row) for row in rows],
            "around_us_per_event": around,
            "us_per_event": together,
        }
        json_file.write_bytes(orjson.dumps(report, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    Console(width=120).print(_table(rows, around))


if __name__ == "__main__":
    run_command(main)
