"""Each query of the dashboards, on a real Prometheus that scrapes the real services, on real Kafka.

Needs Debian's prometheus (`apt install prometheus`); CI installs it.
"""

import asyncio
import base64
import json
import math
import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import yaml
from aiokafka import AIOKafkaProducer
from nacl.public import PrivateKey

from contracts.control import ClockCommand
from contracts.instants import canonical, plus
from services.demo.processes import free_ports
from services.line import SERVICES
from services.runtime.fold import Record
from services.runtime.settings import WEB_ORDER
from services.simulator import Parameters, simulate
from tests.deploy.dashboards import ROOT, queries

pytestmark = [
    pytest.mark.kafka,
    pytest.mark.skipif(
        shutil.which("prometheus") is None,
        reason="no prometheus on this machine (Debian: apt install prometheus); the queries are parsed, not run",
    ),
]

_START_SECONDS = 90
_DATA_SECONDS = 90
_START = canonical(f"{Parameters().start}T00:00:00+08:00")


@pytest.fixture
def services_on(own_kafka: str, tmp_path: Path) -> Iterator[int]:
    """All services of the line in one process; the first web port."""
    first = free_ports(len(WEB_ORDER), 23066)
    environment = {
        **os.environ,
        "KITHLINE_KAFKA": own_kafka,
        "KITHLINE_WEB_PORT": str(first),
        "KITHLINE_CLOCK": "commanded",
        "KITHLINE_SIMULATED_UNITS": "all",
        "KITHLINE_VAULT_PUBLIC_KEY": base64.b64encode(bytes(PrivateKey.generate().public_key)).decode(),
    }
    with _running([str(Path(sys.executable).with_name("kithline")), "run", "all"], tmp_path / "line.log", environment):
        for service in SERVICES:
            port = first + WEB_ORDER.index(service)
            _wait_for(f"http://127.0.0.1:{port}/health/ready", tmp_path / "line.log")
        _produce(own_kafka, _month(seed=3))
        yield first


@pytest.fixture
def prometheus(services_on: int, tmp_path: Path) -> Iterator[str]:
    """The address of a Prometheus with the configuration of deploy/, pointed at this machine and in more of a hurry."""
    loaded = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yml").read_text(encoding="utf-8"))
    loaded["global"]["scrape_interval"] = "1s"
    for job in loaded["scrape_configs"]:
        for group in job["static_configs"]:
            service = WEB_ORDER.index(group["labels"]["service"])
            group["targets"] = [f"127.0.0.1:{services_on + service}"]
    (tmp_path / "prometheus.yml").write_text(yaml.safe_dump(loaded))
    address = f"127.0.0.1:{free_ports(1, 29090)}"
    command = [
        "prometheus",
        f"--config.file={tmp_path / 'prometheus.yml'}",
        f"--storage.tsdb.path={tmp_path / 'data'}",
        f"--web.listen-address={address}",
    ]
    with _running(command, tmp_path / "prometheus.log", dict(os.environ)):
        _wait_for(f"http://{address}/-/ready", tmp_path / "prometheus.log")
        yield f"http://{address}"


def test_every_query_of_the_dashboards_returns_data(prometheus: str, own_kafka: str) -> None:
    """Records keep coming, and time goes on: a rate needs to have seen a counter move between two scrapes."""
    waiting = dict(queries("30s"))
    later = _month(seed=2)
    share = len(later) // 20
    until = time.monotonic() + _DATA_SECONDS
    for hour in count(1):
        _produce(own_kafka, [*later[:share], *_ticks(plus(_START, hours=12 * hour))])
        later = later[share:]
        time.sleep(1)
        waiting = {name: query for name, query in waiting.items() if not _has_data(_ask(prometheus, query))}
        if not waiting:
            return
        assert time.monotonic() < until, f"no data: {waiting}"


def _ticks(as_of: str) -> list[Record]:
    """Asks the clock to tell the line, and the simulated units, what time it is."""
    orders = (ClockCommand(as_of=as_of), ClockCommand(as_of=as_of, topic="units.ticks"))
    return [Record("clock.commands", b"", order.model_dump_json().encode()) for order in orders]


def _month(seed: int) -> list[Record]:
    """A few days of a small district, with enough that is repeated or bad."""
    return [*simulate(Parameters(households=300, days=8, seed=seed, bad_share=0.05)).records()]


def _ask(prometheus: str, query: str) -> list[dict[str, Any]]:
    address = f"{prometheus}/api/v1/query?{urllib.parse.urlencode({'query': query})}"
    with urllib.request.urlopen(address, timeout=10) as response:
        answer = json.load(response)
    assert answer["status"] == "success", answer
    result: list[dict[str, Any]] = answer["data"]["result"]
    return result


def _has_data(result: list[dict[str, Any]]) -> bool:
    """A quantile of nothing is NaN: that is a series, but no data."""
    return any(math.isfinite(float(row["value"][1])) for row in result)


def _produce(bootstrap: str, records: Iterable[Record]) -> None:
    async def send() -> None:
        async with AIOKafkaProducer(bootstrap_servers=bootstrap) as producer:
            for record in records:
                await producer.send(record.topic, record.value, record.key, headers=list(record.headers))

    asyncio.run(send())


@contextmanager
def _running(command: list[str], log: Path, environment: dict[str, str]) -> Iterator[None]:
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=output, cwd=log.parent)
        try:
            yield
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_for(address: str, log: Path) -> None:
    until = time.monotonic() + _START_SECONDS
    while True:
        try:
            urllib.request.urlopen(address, timeout=5).close()
            return
        except (urllib.error.URLError, OSError):
            assert time.monotonic() < until, f"{address} does not answer:\n{log.read_text()[-3000:]}"
            time.sleep(0.2)
