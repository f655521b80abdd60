"""The Faust app that every service is, and how it runs.

Faust gives the worker, the lifecycle, web pages, timers, and agents for topics with little traffic. The hot path
of a service is its processors, which have consumers and producers of their own (docs/adr says why).
"""

import asyncio
import gc
import socket
import sys
from collections.abc import Callable, Iterable, Sequence
from importlib import import_module
from typing import Any

import faust
from faust.app.base import BootStrategy
from mode.types import ServiceT

from services.runtime.ending import MISCONFIGURED
from services.runtime.errors import Problem
from services.runtime.fold import Processor
from services.runtime.gate import TopicGate
from services.runtime.logs import set_up_logs
from services.runtime.processor import ProcessorService
from services.runtime.settings import Settings
from services.runtime.watchdog import Watchdog
from services.runtime.web import add_pages

__all__ = ["LineApp", "create_app", "run_apps", "run_services"]


class _Boot(BootStrategy):  # type: ignore[misc]
    """Which of Faust's services a service starts, and in which order.

    Faust's own order has its consumer (join its group, recover tables) before anything of ours; after a kill that
    takes up to its session. Ours: the watchdog (first, so that it also sees a start or a stop that hangs), web pages
    (health answers while a group is joined), processors, and Faust's consumer, conductor and tables only where the app
    has agents. Without any, the conductor would crash (it
    subscribes to nothing), and a consumer group would be kept for nothing.
    """

    app: "LineApp"

    def server(self) -> Iterable[ServiceT]:
        """The services in the order of their start; they stop in the opposite order."""
        first = (self.app.watchdog, self.app.gate)
        ours: list[ServiceT] = [*first, *self.sensors(), *self.web_server(), *self.app.processors, *self.app.others]
        if self.app.gate.topics:  # agents and timers send by Faust's producer, which must be stopped as it was started
            ours += self.kafka_producer()
        if not self.app.agents:
            return ours
        faust_own = (self.kafka_consumer, self.agents, self.kafka_conductor, self.tables)
        return [*ours, *(service for services in faust_own for service in services())]


class LineApp(faust.App):  # type: ignore[misc]
    """A service's Faust app with its processors. `gate.partitions` has the partition counts of `topics`;
    `checks` are further conditions of readiness, by name; `duties` those that must not stay false, or the watchdog ends
    the process."""

    BootStrategy = _Boot

    def __init__(
        self,
        *args: Any,
        gate: TopicGate,
        processors: Sequence[ProcessorService],
        others: Sequence[ServiceT],
        settings: Settings,
        service: str,
        **options: Any,
    ) -> None:
        self.gate = gate
        self.processors = processors
        self.others = others
        self.checks: dict[str, Callable[[], bool]] = {}
        self.duties: dict[str, Callable[[], bool]] = {}
        self.watchdog = Watchdog(service, settings, processors, self.duties)
        super().__init__(*args, **options)

    async def on_first_start(self) -> None:
        """Faust would make a data directory here, for tables; there are none."""


def create_app(
    name: str,
    processors: Sequence[Processor] = (),
    settings: Settings | None = None,
    *,
    topics: Sequence[str] = (),
    others: Sequence[ServiceT] = (),
) -> LineApp:
    """The app of the service `name`, running `processors`; `topics` are those that its agents and timers use; `others`
    start after the processors, in their order. Nothing is asked of Kafka before the app starts."""
    settings = settings or Settings()
    services = [ProcessorService(processor, settings) for processor in processors]
    app = LineApp(
        f"kithline-{name}",
        gate=TopicGate(topics, settings),
        processors=services,
        others=others,
        settings=settings,
        service=name,
        broker=[f"kafka://{server.strip()}" for server in settings.kafka.split(",")],
        autodiscover=False,
        store="memory://",
        # Topics come from contracts/topics.yaml by `kithline topics apply`, with the retention and partitions
        # written there; Faust would make them, and a leader topic, with its own.
        topic_allow_declare=False,
        topic_disable_leader=True,
        consumer_auto_offset_reset="earliest",
        # Faust waits a minute for a consumer that was killed; nothing here needs that long.
        broker_session_timeout=settings.session_timeout_ms / 1000,
        broker_heartbeat_interval=settings.heartbeat_interval_ms / 1000,
        broker_request_timeout=30.0,
        producer_acks=-1,
        web_bind=settings.web_bind,
        web_port=settings.web_port_of(name),
        # Faust serves tables and routing over HTTP unless told not to.
        web_tables_enabled=False,
        web_router_enabled=False,
        web_stats_enabled=False,
        web_graph_enabled=False,
    )
    add_pages(app, name, services, app.checks, app.watchdog, settings.stall_seconds / 2)
    return app


def run_services(*names: str) -> None:
    """Runs services (packages of `services` with an `app.app()`) in this process; see `run_apps`."""
    run_apps(*(import_module(f"services.{name}.app").app for name in names))


def run_apps(*makers: Callable[[], LineApp]) -> None:
    """Runs apps in this process until SIGINT or SIGTERM: finish the batches, commit, leave the groups, exit with 0.
    A problem that a person can mend: one line, and exit with 2. A fault: exit with 70; start the process again."""
    try:
        set_up_logs(Settings())
        first, *others = apps = [make() for make in makers]
        for app in apps:
            _check_port(app)
    except Problem as problem:
        print(f"kithline: {problem}", file=sys.stderr)  # noqa: T201
        raise SystemExit(MISCONFIGURED) from None
    _calm_collector()
    worker = _Worker(first, *others, quiet=True, override_logging=False, redirect_stdouts=False)
    worker.spinner = None  # it would write terminal codes between the lines of the log
    worker.execute_from_commandline()


def _calm_collector() -> None:
    """A batch holds tens of thousands of records that are no garbage, and Python's cyclic collector would look through
    them every 700 allocations: a fifth of the CPU time of a small fold."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


class _Worker(faust.Worker):  # type: ignore[misc]
    """Keeps the command line by which an operator finds the process; Faust would rename it after the first app. Starts
    all apps at once: each waits for the broker most of the time, and one after the other ten of them take twice as
    long, in which the partitions of whoever was killed stand still."""

    async def on_start(self) -> None:
        """Faust would start the apps after this, one by one, and finds them started."""
        await asyncio.gather(*(app.maybe_start() for app in (*self.services, self.app)))

    def _setproctitle(self, info: str, *, ident: str = "") -> None:
        pass


def _check_port(app: LineApp) -> None:
    """Faust's web server tells of a taken port by a long traceback, after everything else has begun."""
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((app.conf.web_bind, app.conf.web_port))
        except OSError as fault:
            raise Problem(
                f"port {app.conf.web_port} for the web pages of {app.conf.id} cannot be used ({fault.strerror}); "
                "choose others with --web-port or KITHLINE_WEB_PORT"
            ) from None
