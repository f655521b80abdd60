"""The clock: `real` publishes a tick each second, `commanded` (a demo, a test) one for each command.

A tick is one record per partition of `clock.ticks` (or of `units.ticks`, the simulated units' own). It only reveals
that an instant has passed, so a tick too many, too late, or twice changes no result; two clocks beside each other do
no harm. A tick too early does: `as_of` never goes back. The real clock takes no commands and tells this machine's time;
what a commanded one is told is its commander's business, but for what can only be a slip (see `MAX_DAYS_AHEAD`).
"""

import time
from typing import Any

from pydantic import ValidationError

from contracts.control import ClockCommand, Tick
from contracts.instants import plus
from services.runtime.app import LineApp, create_app
from services.runtime.fold import TICKS, UNIT_TICKS
from services.runtime.logs import logger
from services.runtime.metrics import TICKS_PUBLISHED
from services.runtime.now import now
from services.runtime.settings import Settings

__all__ = ["COMMANDS", "MAX_DAYS_AHEAD", "app", "tick_now"]

COMMANDS = "clock.commands"

MAX_DAYS_AHEAD = 3_650
"""A command for an instant further ahead of this machine's time is not obeyed. No demo and no test plays there; it is a
slip (2062 for 2026), and every task that saw such a tick would take all that is due in decades as due now, for good."""

_log = logger(__name__)

_SILENT_SECONDS = 5
"""A real clock that has not ticked for this long is not ready."""


def app(settings: Settings | None = None) -> LineApp:
    """The clock in the mode of the settings."""
    settings = settings or Settings()
    commanded = settings.clock == "commanded"
    line = create_app("clock", settings=settings, topics=[TICKS, UNIT_TICKS, *([COMMANDS] if commanded else [])])
    if commanded:
        _follow_commands(line)
    else:
        _follow_time(line)
    return line


def _follow_time(line: LineApp) -> None:
    last = 0.0

    @line.timer(1.0, name="tick")  # type: ignore[untyped-decorator]
    async def tick() -> None:
        nonlocal last
        if await tick_now(line):
            last = time.monotonic()

    line.checks["ticks"] = line.duties["ticks"] = lambda: time.monotonic() - last < _SILENT_SECONDS


def _follow_commands(line: LineApp) -> None:
    begun: float | None = None  # the command in hand
    commands = line.topic(COMMANDS, key_type=bytes, value_type=bytes, value_serializer="raw")

    @line.agent(commands, name="clock")  # type: ignore[untyped-decorator]
    async def obey(stream: Any) -> None:
        nonlocal begun
        # By hand: Faust commits every 2.8 s (its `broker_commit_every` does nothing in 0.15.3), and until then it
        # would look from outside as if the command had not been carried out (see services.runtime.quiet).
        async for event in stream.noack().events():
            begun = time.monotonic()
            await _obey(line, event.value)
            event.ack()
            await line.commit({COMMANDS})
            begun = None

    line.checks["commands"] = lambda: bool(line.consumer.assignment())
    # Not the check: of two commanded clocks one has no partition, and is well.
    line.duties["obeys"] = lambda: begun is None or time.monotonic() - begun < _SILENT_SECONDS


async def _obey(line: LineApp, command: bytes) -> None:
    # No exception may leave an agent: Faust would acknowledge the command all the same (upstream #189).
    try:
        order = ClockCommand.model_validate_json(command)
    except ValidationError as fault:
        _log.warning("not a clock command; ignored", errors=fault.error_count())
        return
    if order.as_of > plus(now(), days=MAX_DAYS_AHEAD):
        _log.warning("a clock command for an instant decades ahead; ignored", as_of=order.as_of)
        return
    await publish(line, order.topic, order.as_of)


async def tick_now(line: LineApp) -> bool:
    """Publishes the present instant. False: the app is on its way out; its producer goes before its timers do."""
    instant = now()
    try:
        for topic in (TICKS, UNIT_TICKS):
            await publish(line, topic, instant)
    except Exception:
        if not line.should_stop:
            raise
        return False
    return True


async def publish(line: LineApp, topic: str, as_of: str) -> None:
    """One tick: a record for each partition, delivered when this returns."""
    ticks = line.topic(topic, key_serializer="raw", value_serializer="raw")
    value = Tick(as_of=as_of).model_dump_json().encode()
    sent = [
        await ticks.send(key=str(partition).encode(), value=value, partition=partition)
        for partition in range(line.gate.partitions[topic])
    ]
    for delivery in sent:
        await delivery
    TICKS_PUBLISHED.labels("clock").inc()
