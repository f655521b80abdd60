"""The vault of a test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.unit.vault.house import House, house


@pytest.fixture
async def vault(tmp_path: Path) -> AsyncIterator[House]:
    """A vault that holds Anna's identity, and no task yet."""
    async with house(tmp_path) as made:
        yield made
