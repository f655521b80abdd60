"""`kithline run`: several services in one process, each with its own pages and numbers."""

import base64
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import pytest
from nacl.public import PrivateKey

from services.runtime.settings import WEB_ORDER

_ROOT = Path(__file__).parents[2]
_KITHLINE = "import sys; from services.cli import main; sys.exit(main())"


def _environment(**settings: str) -> dict[str, str]:
    key = base64.b64encode(bytes(PrivateKey.generate().public_key)).decode()
    return {**os.environ, "KITHLINE_VAULT_PUBLIC_KEY": key, "KITHLINE_SIMULATED_UNITS": "all", **settings}


def _run(*arguments: str, **settings: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", _KITHLINE, "run", *arguments],
        env=_environment(**settings),
        cwd=_ROOT,
        stderr=subprocess.PIPE,
        text=True,
    )


def _page(port: int, path: str) -> tuple[int, str]:
    try:
        with urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as answer:
        return answer.code, ""
    except (URLError, OSError):
        return 0, ""


def _free_ports() -> int:
    """The first of so many ports as services have that are free now."""
    for base in range(27_000, 29_000, len(WEB_ORDER)):
        try:
            for port in range(base, base + len(WEB_ORDER)):
                with socket.socket() as trial:
                    trial.bind(("127.0.0.1", port))
            return base
        except OSError:
            continue
    raise AssertionError("no such ports are free")


@pytest.mark.kafka
def test_services_share_a_process_and_keep_their_numbers_apart(line_topics: str) -> None:
    names, base = ("admission", "hotline"), _free_ports()
    ports = {name: base + WEB_ORDER.index(name) for name in names}
    process = _run(*names, "--web-port", str(base), KITHLINE_KAFKA=line_topics)
    try:
        until = time.monotonic() + 40
        while any(_page(port, "/health/ready")[0] != 200 for port in ports.values()):
            assert process.poll() is None
            assert time.monotonic() < until
            time.sleep(0.1)
        for name, port in ports.items():
            ready = [line for line in _page(port, "/metrics")[1].splitlines() if line.startswith("kithline_task_ready")]
            assert ready
            assert all(f'processor="{name}"' in line for line in ready)
    finally:
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=20)
    assert process.returncode == 0, said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nobody",), "no service is called nobody"),
        (("admission", "--web-port", "{taken}"), "port {taken}"),
    ],
)
def test_what_cannot_be_run_is_said_in_one_line(arguments: tuple[str, ...], said: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        process = _run(*(text.replace("{taken}", port) for text in arguments))
        _, told = process.communicate(timeout=40)
    assert process.returncode == 2
    assert said.replace("{taken}", port) in told
    assert told.count("\n") == 1


def test_a_wrong_policy_stops_the_start_with_one_line(tmp_path: Path) -> None:
    process = _run("correlator", "--web-port", str(_free_ports()), KITHLINE_POLICY_DIR=str(tmp_path))
    _, told = process.communicate(timeout=40)
    assert process.returncode == 2
    assert told.startswith("kithline: ")
    assert told.count("\n") == 1
