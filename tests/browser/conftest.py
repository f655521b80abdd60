"""A browser: Chromium from this machine, driven by Playwright. Where one of them is missing, these tests say so."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import uvicorn

from services.demo.processes import free_ports
from services.runtime.vault_client import VaultAccess, VaultClient
from services.vault.credentials import give_out
from services.vault.http import door
from tests.scenario import person
from tests.unit.desk.conftest import NOW
from tests.unit.desk.world import ADMITTED, LITTLE_SUPPORT, PAIR, PASSWORD, World, world
from tests.unit.vault.house import BEGUN, House, house

if TYPE_CHECKING:
    from playwright.async_api import Browser

_CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

ACCOUNTS = (
    ("hotline-182183", "hotline-1", "worker"),
    ("ssp-district-office", "office-1", "officer"),
)


@pytest.fixture(scope="session")
def chromium() -> str:
    """Where Chromium is."""
    pytest.importorskip("playwright", reason="playwright is not installed: pip install -e '.[dev]'")
    pytest.importorskip(
        "axe_playwright_python", reason="axe-playwright-python is not installed: pip install -e '.[dev]'"
    )
    found = next((path for name in _CHROMIUM if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip("no Chromium on this machine: apt-get install chromium")
    return found


@pytest.fixture
async def browser(chromium: str) -> AsyncIterator["Browser"]:
    """A headless Chromium."""
    from playwright.async_api import async_playwright

    async with async_playwright() as driver:
        # no sandbox: containers of CI have no user namespaces, and it opens nothing but our own pages
        launched = await driver.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        yield launched
        await launched.close()


class Served:
    """A desk at `url`, with the line and a vault behind it."""

    def __init__(self, one: World, vault: House, url: str) -> None:
        self.world, self.vault, self.url = one, vault, url


@asynccontextmanager
async def _listening(app: Any, port: int) -> AsyncIterator[None]:
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_config=None, lifespan="off"))
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn tells nobody
        await asyncio.sleep(0.02)
    yield
    server.should_exit = True
    with suppress(asyncio.TimeoutError):
        await asyncio.wait_for(serving, 5)


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    """Half an hour after a carer's admission; the vault knows the one who is cared for."""
    port = free_ports(1, 26200)
    async with house(tmp_path) as vault, world(tmp_path) as one:
        async with vault.vault.store.write() as turn:
            token = await give_out(turn, ["resolve"], ["*"], attended=True, at=BEGUN)
        access = VaultAccess(url="http://vault", token=token)
        one.desk.vault = VaultClient(access, httpx.ASGITransport(door(vault.vault)))
        await vault.holds(subject=person("ben"))

        async def told(records: list[Any]) -> None:
            async with vault.vault.store.write() as turn:
                await vault.vault.take(turn, [each for each in records if each.topic.startswith("referral.tasks.")])

        one.told = told
        await one.feed(*PAIR, LITTLE_SUPPORT)
        await one.tick(NOW)
        await one.feed(ADMITTED)
        for unit, name, role in ACCOUNTS:
            await one.desk.accounts.add(unit, name, role, PASSWORD)
        async with _listening(one.app, port):
            yield Served(one, vault, f"http://127.0.0.1:{port}")
        await one.desk.vault.close()
