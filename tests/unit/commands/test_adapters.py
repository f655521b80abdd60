"""`kithline adapters`: what an operator sees of what is stuck, and does about it."""

import asyncio
import json
from pathlib import Path

import pytest
from starlette.responses import Response
from typer.testing import CliRunner

from services.cli import build
from services.runtime.errors import Problem
from tests.unit.adapters.bench import HOTLINE, world
from tests.unit.adapters.webhook.test_faults import NOW, households


async def test_what_is_stuck_is_listed_and_set_going_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def run(*arguments: str) -> str:
        done = await asyncio.to_thread(CliRunner().invoke, build(), ["adapters", *arguments])
        assert done.exit_code == 0, done.output
        return done.output

    async with world(tmp_path, NOW) as one:
        monkeypatch.setenv("KITHLINE_ADAPTERS_STORE", f"sqlite:///{tmp_path / 'book.sqlite3'}")
        one.unit.behave = lambda task: Response(status_code=422)
        await one.tick(NOW)
        await one.feed(*households(1))
        await one.settle()
        (row,) = json.loads(await run("queue", "--json"))
        assert (row["unit"], row["why"], row["attempts"]) == (HOTLINE, "answered 422", 1)
        shown = await run("queue", "--unit", HOTLINE)
        assert row["task"] in shown
        assert "nothing is stuck" in await run("queue", "--unit", "another")
        one.unit.behave = lambda task: None
        assert "0 set going again" in await run("retry", "t-nobody")
        assert "1 set going again" in await run("retry", "--all")
        await one.settle()
        assert len(one.unit.tasks) == 1
        assert json.loads(await run("queue", "--json")) == []


@pytest.mark.parametrize("arguments", [[], ["t-1", "--all"]])
def test_either_tasks_or_all(arguments: list[str]) -> None:
    done = CliRunner().invoke(build(), ["adapters", "retry", *arguments])
    assert isinstance(done.exception, Problem)


def test_a_store_that_is_not_there_is_not_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KITHLINE_ADAPTERS_STORE", f"sqlite:///{tmp_path / 'none'}")
    done = CliRunner().invoke(build(), ["adapters", "queue"])
    assert isinstance(done.exception, Problem)
    assert not (tmp_path / "none").exists()
