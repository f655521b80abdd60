"""A desk with the line behind it, and both pilots' tasks."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.unit.desk.world import ADMITTED, LITTLE_SUPPORT, PAIR, World, world

NOW = "2026-07-10T02:30:00.000Z"


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[World]:
    """Half an hour after a carer's admission."""
    async with world(tmp_path) as one:
        await one.feed(*PAIR, LITTLE_SUPPORT)
        await one.tick(NOW)
        await one.feed(ADMITTED)
        yield one
