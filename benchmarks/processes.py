"""Processes that are measured: what is in their environment, and how they are stopped."""

import os
import signal
import socket
import subprocess
from base64 import b64encode
from collections.abc import Sequence
from pathlib import Path

import psutil
from nacl.public import PrivateKey

from services.runtime.settings import Settings

__all__ = ["ROOT", "environment", "free_port", "stop"]

ROOT = Path(__file__).parents[1]
"""Where they are started."""


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def environment(settings: Settings, web_port: int) -> dict[str, str]:
    """This cluster, and web pages from `web_port` on."""
    return {
        **os.environ,
        "KITHLINE_KAFKA": settings.kafka,
        "KITHLINE_WEB_PORT": str(web_port),
        "KITHLINE_LOG_FORMAT": "json",
        "KITHLINE_SIMULATED_UNITS": "all",
        # the engine does not start without one, though nobody here will want to open a letter
        "KITHLINE_VAULT_PUBLIC_KEY": b64encode(bytes(PrivateKey.generate().public_key)).decode(),
    }


def stop(processes: Sequence[psutil.Popen], seconds: float) -> None:
    """Asks all that still run to stop; ends those that have not in so many seconds."""
    for process in processes:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
    for process in processes:
        try:
            process.wait(seconds)
        except (psutil.TimeoutExpired, subprocess.TimeoutExpired):
            process.kill()
            process.wait()
