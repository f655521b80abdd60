"""The whole line with an engine that was spoilt on purpose.

It commits the offsets before the outputs, in two transactions, as an engine without exactly-once would; and it does not
mind that position and state are of different transactions, where ours would stop. `kithline chaos` must notice.
"""

import asyncio
from collections.abc import Mapping

from aiokafka import TopicPartition

import services.runtime.task
from services.line import SERVICES
from services.runtime.app import run_services
from services.runtime.marker import Marker
from services.runtime.transaction import Writer

_BETWEEN = 0.5
"""Seconds between the two transactions, so that one kill is enough."""

_as_it_is = Writer.commit


async def _offsets_first(self: Writer, offsets: Mapping[TopicPartition, tuple[int, str]]) -> None:
    batches, self._batches = self._batches, {}
    await _as_it_is(self, offsets)
    await asyncio.sleep(_BETWEEN)
    self._batches = batches
    await _as_it_is(self, offsets)


def _whatever(_task: str, committed: Marker | None, restored: Marker | None, _keys: int) -> Marker:
    return restored or committed or Marker()


def sabotaged_line() -> None:
    """Runs in a worker's process only."""
    Writer.commit = _offsets_first  # type: ignore[method-assign]
    services.runtime.task.agree = _whatever  # type: ignore[attr-defined]
    run_services(*SERVICES)
