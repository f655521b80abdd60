"""`kithline broker`: a real Apache Kafka for development, until Ctrl-C."""

import signal
import sys
import time
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["register"]

DEFAULT_PORT = 9092
"""Where the other commands look when KITHLINE_KAFKA names no cluster."""


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("broker")(broker)


def broker(
    nodes: Annotated[int, typer.Option(help="1, or 3 with replication factor 3.")] = 1,
    port: Annotated[
        int | None,
        typer.Option(
            help=f"Port of the first broker. 0: any free one. Not given: {DEFAULT_PORT}, or any free one.",
            min=0,
            max=65535,
        ),
    ] = None,
    data: Annotated[
        Path | None, typer.Option(help="Keep the data here. Not given: a scratch folder, removed at the end.")
    ] = None,
) -> None:
    """Start a real Apache Kafka here (no Docker), print `bootstrap: host:port`, serve until Ctrl-C."""
    from services.runtime.kafka_dev import EXTERNAL, external_kafka, start_broker
    from services.runtime.kafka_dev import broker as the_broker

    if cluster := external_kafka():
        with the_broker(nodes):  # raises Problem where it does not answer
            print(f"bootstrap: {cluster}", flush=True)  # noqa: T201
            print(  # noqa: T201
                f"{EXTERNAL} names this cluster, and every command uses it: nothing was started, nothing to stop.",
                file=sys.stderr,
            )
        return
    signal.signal(signal.SIGINT, _stop)
    signal.signal(signal.SIGTERM, _stop)
    started = None
    try:
        started = start_broker(nodes, _default_port(nodes) if port is None else port, data)
        print(f"bootstrap: {started.bootstrap}", flush=True)  # noqa: T201
        print(  # noqa: T201
            f"Apache Kafka {started.version}, {nodes} broker(s), on loopback; data: {data or 'scratch'}. "
            "Ctrl-C stops it.",
            file=sys.stderr,
        )
        while True:
            time.sleep(0.5)
            started.check()
    except _Stopped:
        pass
    finally:
        if started is not None:
            started.stop()


class _Stopped(BaseException):
    """Ctrl-C or SIGTERM: an end like any other, at any point of the start too."""


def _stop(_number: int, _frame: object) -> None:
    # from here on the stop takes its course: an impatient second Ctrl-C must not leave brokers behind
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise _Stopped


def _default_port(nodes: int) -> int:
    """The usual port where it is free, else any."""
    from services.runtime.kafka_dev.cluster import is_free

    usual = range(DEFAULT_PORT, DEFAULT_PORT + nodes)
    return DEFAULT_PORT if all(is_free(port) for port in usual) else 0
