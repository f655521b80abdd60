"""A run of chaos from start to end: workers, feed, faults, drain, and the judgement."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from contracts.instants import plus
from services.chaos.faults import Faults
from services.chaos.feed import Feeder, arrivals
from services.chaos.history import History, read_history
from services.chaos.judge import Verdict, judge
from services.chaos.plan import Plan
from services.chaos.progress import Progress, Spot
from services.chaos.whole_line import whole_line
from services.chaos.workers import Fleet
from services.runtime.cluster import admin, group_of, partition_counts
from services.runtime.errors import Problem
from services.runtime.fold import Processor
from services.runtime.kafka_dev import Broker
from services.runtime.quiet import Quiet, inputs_by_group
from services.runtime.reading import stream_topics
from services.runtime.settings import Settings
from services.runtime.topics import topics

__all__ = ["Outcome", "run_chaos"]

_START_SECONDS = 120
_DRAIN_SECONDS = 180
_LAST_HOP = group_of("correlator")
"""The seconds of a plan count from when this group has committed anything."""
_LAST_DAYS = 3
"""After the drain, time goes on for so many simulated days, so that the units answer what they were asked."""

Say = Callable[[str], None]


@dataclass
class Outcome:
    """What a run ends in. `figures` is its JSON; `complaints` say why it failed, apart from what the judges found."""

    figures: dict[str, Any]
    verdict: Verdict
    complaints: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        """Whether the run counts as passed."""
        return self.verdict.good and not self.complaints

    @property
    def why(self) -> str:
        """Why it did not, in one line."""
        found = {name: self.figures[name] for name in ("missing", "repeated", "state_differs") if self.figures[name]}
        return "; ".join([*(f"{name} {count}" for name, count in found.items()), *self.complaints])


async def run_chaos(
    plan: Plan,
    processors: Sequence[Processor],
    broker: Broker,
    folder: Path,
    say: Say,
    main: Callable[[], None] = whole_line,
) -> Outcome:
    """Runs the plan on the broker's cluster, whose topics are there and empty. `processors`: the whole line's, units
    included. Workers' logs go to `folder`; `main` is what a worker runs. Raises Problem for whatever
    keeps it from running at all."""
    begun = time.monotonic()
    settings = Settings(kafka=broker.bootstrap)
    if broker.external:
        await _must_be_empty(settings)
    records, instants = arrivals(plan)
    environment = {"KITHLINE_KAFKA": broker.bootstrap, "KITHLINE_SESSION_TIMEOUT_MS": str(round(plan.session * 1000))}
    async with AsyncExitStack() as stack:
        fleet = stack.enter_context(Fleet(plan.workers, environment, folder, main))
        for worker in fleet.workers:
            worker.start()
        await _ready(fleet, starting=True)
        say(f"{plan.workers} workers ready after {time.monotonic() - begun:.0f} s")
        progress = await stack.enter_async_context(Progress(settings, inputs_by_group(processors, clock=False)))
        feeder = await stack.enter_async_context(Feeder(settings, plan))
        faults = Faults(plan, fleet, broker if plan.nodes > 1 and not broker.external else None, say)
        say(f"feeding {len(records)} records, {plan.rate:g} a second; a kill every {plan.kill_every:g} s")
        feed = asyncio.create_task(feeder.run(records, instants))
        # Who has nothing in hand yet loses nothing when it is killed.
        await progress.begun(_LAST_HOP, _START_SECONDS)
        await faults.run()
        before_drain = dict(progress.committed)
        say("no more faults: everything may recover and finish")
        await faults.mend()
        await feed
        complaints = await _with_tending(faults, _drain(settings, processors, feeder, fleet, say))
        complaints += await asyncio.to_thread(fleet.stop)
    say("reading everything back and judging it")
    async with admin(settings) as client:
        counts = await partition_counts(client, topics(), settings.kafka)
    history = await read_history(settings, processors, counts)
    verdict = await asyncio.to_thread(judge, history, processors, feeder.fed)
    applied_before = _applied_before(before_drain, history, processors)
    inputs = sum(feed.inputs for feed in verdict.feeds.values())
    if applied_before < inputs / 2:
        complaints.append(f"only {applied_before} of {inputs} inputs had been applied before the final drain")
    stalls = sorted(progress.stalls.after(faults.kills))
    figures = {
        "inputs": inputs,
        "applied": sum(feed.applied for feed in verdict.feeds.values()),
        "duplicates": sum(feed.duplicates for feed in verdict.feeds.values()),
        "dead_letters": sum(feed.dead for feed in verdict.feeds.values()),
        "applied_before_drain": applied_before,
        "missing": len(verdict.missing),
        "repeated": len(verdict.repeated),
        "state_differs": len(verdict.state_differs),
        "kills": len(faults.kills),
        "broker_kills": len(faults.broker_kills),
        "pauses": faults.pauses,
        "fenced": fleet.fenced,
        "ended_by_themselves": {str(status): count for status, count in sorted(fleet.ended.items())},
        "stalls_s": {"p50": _quantile(stalls, 0.5), "max": _quantile(stalls, 1.0)},
        "transactions": verdict.transactions,
        "state_keys": verdict.state_keys,
        "seconds": plan.seconds,
        "kill_every": plan.kill_every,
        "workers": plan.workers,
        "nodes": broker.nodes,
        "rate": plan.rate,
        "seed": plan.seed,
        "session_s": plan.session,
        "took_s": round(time.monotonic() - begun, 1),
    }
    return Outcome(figures, verdict, complaints)


async def _must_be_empty(settings: Settings) -> None:
    """The judges look at whole topics, so a run needs them to itself. Raises Problem."""
    async for record in stream_topics(settings, topics()):
        raise Problem(
            f"topic {record.topic} on {settings.kafka} holds records already; chaos needs empty topics: "
            "unset KITHLINE_KAFKA, or name a cluster that nobody uses"
        )


async def _ready(fleet: Fleet, starting: bool) -> None:
    """Waits until all workers are ready. Raises Problem naming the one that is not (or that has ended, while
    `starting`: later it is started again)."""
    begun = time.monotonic()
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session:
        for worker in fleet.workers:
            while not await worker.ready(session):
                if starting and not worker.running:
                    raise Problem(f"{worker.name} did not start: {fleet.why(worker)} (log: {worker.log})")
                if time.monotonic() - begun > _START_SECONDS:
                    raise Problem(f"{worker.name} was not ready in {_START_SECONDS} s (log: {worker.log})")
                await asyncio.sleep(0.2)


async def _with_tending(faults: Faults, work: Any) -> list[str]:
    """Does the work while who ends is started again."""
    tending = asyncio.create_task(faults.tend())
    try:
        complaints: list[str] = await work
        return complaints
    finally:
        tending.cancel()
        with suppress(asyncio.CancelledError):
            await tending


async def _drain(
    settings: Settings, processors: Sequence[Processor], feeder: Feeder, fleet: Fleet, say: Say
) -> list[str]:
    """Waits until nothing is in flight, lets time go on for the units to answer, and waits again."""
    begun = time.monotonic()
    try:
        await _ready(fleet, starting=False)
        async with Quiet(settings, inputs_by_group(processors)) as quiet:
            await quiet.wait(_DRAIN_SECONDS)
            for days in range(1, _LAST_DAYS + 1):
                as_of = plus(feeder.fed.as_of, days=days)
                for topic in ("clock.ticks", "units.ticks"):
                    await feeder.tick(topic, as_of)
                    await quiet.wait(_DRAIN_SECONDS)
    except Problem as problem:
        return [f"{problem}"]
    say(f"drained after {time.monotonic() - begun:.0f} s")
    return []


def _applied_before(committed: Mapping[Spot, int], history: History, processors: Sequence[Processor]) -> int:
    """Of the feeds' records, how many had been through before the drain, as far as the slowest group can say: the share
    of all its input that it had committed by then. (Ticks apart: they come after the drain too.)"""
    shares = []
    for processor in processors:
        spots = [(spot, at) for spot, at in committed.items() if spot[0] == group_of(processor.name)]
        places = [(place, at) for (_, place), at in spots if not place.topic.endswith(".ticks")]
        ends = sum(history.ends[place] for place, _ in places)
        if processor.name not in ("referral", "adapters") and ends:
            shares.append(sum(at for _, at in places) / ends)
    inputs = sum(len(history.of(topic)) for topic in history.feeds())
    return int(inputs * min(shares, default=0.0))


def _quantile(ordered: Sequence[float], share: float) -> float | None:
    if not ordered:
        return None
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 2)
