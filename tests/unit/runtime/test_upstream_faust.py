"""Faults of Faust that we go round. Each test names the upstream issue, and shows the fault and what we do about it.

Where a test of a fault fails after an upgrade, upstream has mended it: the workaround may go (docs/upstream.md).
"""

import ast
import asyncio
import inspect
import socket
from importlib import import_module
from pathlib import Path

import faust
import pytest
from aiokafka import AIOKafkaConsumer
from faust.transport.producer import ProducerBuffer
from faust.types import TP

import services
from services.clock.app import _obey
from services.clock.app import app as clock
from services.runtime.app import LineApp, _check_port, create_app
from services.runtime.errors import Problem
from services.runtime.fold import Processor
from services.runtime.processor import ProcessorService
from services.runtime.settings import WEB_ORDER, Settings
from services.runtime.watchdog import Watchdog

NOWHERE = Settings(kafka="127.0.0.1:1", clock="commanded")


def _stock() -> faust.App:
    return faust.App("stock", broker="kafka://127.0.0.1:1")


def _line() -> LineApp:
    return create_app("correlator", [Processor("p", ("in",), ("out",), lambda record, turn: None)], NOWHERE)


async def test_606_stock_faust_commits_past_a_record_in_flight() -> None:
    """faust-streaming/faust#606 (fix #707 open): with `concurrency` above 1, what is still being processed is lost."""
    consumer = _stock().transport.create_consumer(
        lambda message: None, on_partitions_revoked=None, on_partitions_assigned=None
    )
    place = TP("events", 0)
    consumer._committed_offset[place] = 2585  # the next to be read; it is in somebody's hands
    consumer._acked[place] = [2586, 2587, 2588, 2589]
    assert consumer._new_offset(place) == 2590


def test_606_only_the_clock_has_an_agent_and_it_takes_one_record_at_a_time() -> None:
    for name in WEB_ORDER:
        made = clock(NOWHERE) if name == "clock" else None
        if made is not None:
            assert [agent.concurrency for agent in made.agents.values()] == [1]
            continue
        source = Path(str(import_module(f"services.{name}.app").__file__)).read_text(encoding="utf-8")
        assert ".agent(" not in source, name


async def test_189_no_exception_leaves_the_clocks_agent_for_a_command_that_is_none() -> None:
    """faust-streaming/faust#189, #315, #527: an exception that leaves an agent acknowledges its event all the same."""
    for command in (b"", b"not a command", b"{}", b'{"as_of": "tomorrow"}'):
        await _obey(clock(NOWHERE), command)


def test_189_a_stream_still_acknowledges_in_a_finally() -> None:
    stream = inspect.getsource(faust.Stream)
    finals = [
        ast.unparse(statement)
        for node in ast.walk(ast.parse(stream))
        if isinstance(node, ast.Try)
        for statement in node.finalbody
    ]
    assert any("ack(" in statement for statement in finals)


async def test_a_flush_returns_with_messages_pending() -> None:
    """No issue upstream: a flush gives up after 100 ms without a delivery, and the commit after it goes on. So nothing
    that must not be lost is sent by Faust's producer; the clock awaits each delivery by itself."""
    buffer = ProducerBuffer()
    buffer.app = _stock()
    buffer.pending.put_nowait("a message")
    buffer._started.set()
    assert buffer.state == "running"
    await buffer.flush()
    assert buffer.size == 1


def test_pages_that_show_state_to_everybody_are_off() -> None:
    """No issue upstream, a default: tables and routing are served over HTTP without asking who wants to know."""
    stock, ours = _stock().conf, _line().conf
    assert stock.web_tables_enabled
    assert stock.web_router_enabled
    pages = (ours.web_tables_enabled, ours.web_router_enabled, ours.web_stats_enabled, ours.web_graph_enabled)
    assert not any(pages)


def test_faust_makes_no_topics_and_no_leader() -> None:
    """No issue upstream, a default: topics would get Faust's own retention and partition counts."""
    stock, ours = _stock().conf, _line().conf
    assert stock.topic_allow_declare
    assert not stock.topic_disable_leader
    assert not ours.topic_allow_declare
    assert ours.topic_disable_leader


def test_fausts_own_consumer_is_waited_for_no_longer_than_ours() -> None:
    """No issue upstream, a default: a minute for a consumer that was killed."""
    assert _stock().conf.broker_session_timeout == 60
    assert _line().conf.broker_session_timeout == NOWHERE.session_timeout_ms / 1000


async def test_an_app_without_agents_would_crash_in_its_conductor() -> None:
    """No issue upstream: the conductor subscribes to no topics, which is refused. Ours starts none of it."""
    with pytest.raises(TypeError, match="topics"):
        AIOKafkaConsumer.subscribe(_Unconnected(), topics=[])
    line = _line()
    started = [*line.boot_strategy.server()]
    assert line.topics not in started
    assert line.consumer not in started
    assert not any(type(service).__name__ == "TableManager" for service in started)


class _Unconnected(AIOKafkaConsumer):  # type: ignore[misc]
    """A consumer that was never connected."""

    def __init__(self) -> None:
        from aiokafka.consumer.subscription_state import SubscriptionState

        self._subscription = SubscriptionState()
        self._closed = True


async def test_faust_starts_its_consumer_before_what_an_app_adds() -> None:
    """No issue upstream: `@app.service` starts after Faust's group join and recovery, up to a minute after a kill."""
    stock = _stock()
    order = [type(service).__name__ for service in stock.boot_strategy.server()]
    assert "Consumer" in order

    @stock.service
    class Mine(faust.Service):  # type: ignore[misc]
        pass

    assert "Mine" not in [type(service).__name__ for service in stock.boot_strategy.server()]  # it comes after all
    ours = [type(service) for service in clock(NOWHERE).boot_strategy.server()]
    assert ours[0] is Watchdog
    kinds = [type(service) for service in _line().boot_strategy.server()]
    assert ProcessorService in kinds


async def test_no_data_directory_is_made(tmp_path: Path) -> None:
    """No issue upstream: a first start makes a folder for tables, also where there are none (read-only containers)."""
    assert "mkdir" in inspect.getsource(faust.App.on_first_start) or "_create_directories" in inspect.getsource(
        faust.App.on_first_start
    )
    line = _line()
    line.conf.datadir = tmp_path / "data"
    await line.on_first_start()
    assert not await asyncio.to_thread((tmp_path / "data").exists)


def test_a_taken_port_is_one_clear_line_before_anything_starts() -> None:
    """No issue upstream: Faust tells of it by a long traceback, after everything else has begun."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        line = _line()
        line.conf.web_port = other.getsockname()[1]
        with pytest.raises(Problem, match="KITHLINE_WEB_PORT"):
            _check_port(line)


def test_faust_is_pinned_exactly() -> None:
    """faust-streaming/faust#786: rebalancing was broken before 0.15.2. What these tests say is true of one version."""
    project = (Path(services.__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8")
    assert '"faust-streaming==' in project
    assert '"aiokafka==' in project
