"""The Faust app that every service is, and how it runs.

Faust gives the worker, the lifecycle, web pages, timers, and agents for topics with little traffic. The hot path of
a service is its processors, which have consumers and producers of their own (docs/adr says why).
"""

from collections.abc import Iterable, Sequence
from typing import Any, NoReturn

import faust
from faust.app.base import BootStrategy
from mode.types import ServiceT

from services.runtime.fold import Processor
from services.runtime.logs import set_up_logs
from services.runtime.processor import ProcessorService
from services.runtime.settings import Settings
from services.runtime.web import add_pages

__all__ = ["LineApp", "create_app", "run_apps"]


class _Boot(BootStrategy):
    """Which of Faust's services a service starts, and in which order.

    Faust's own: consumer (join its group, recover tables) before anything of ours; after a kill that takes up to its
    session. Ours: web pages (health answers while a group is joined), processors, and Faust's consumer, conductor and
    tables only where the app has agents: without any, the conductor would crash (it subscribes to nothing).
    """

    app: "LineApp"

    def server(self) -> Iterable[ServiceT]:
        """The services in the order of their start; they stop in the opposite order."""
        ours = [self.sensors(), self.web_server(), self.app.processors]
        if not self.app.agents:
            return self._chain(*ours)
        faust_own = [
            self.kafka_producer(),
            self.kafka_consumer(),
            self.agents(),
            self.kafka_conductor(),
            self.tables(),
        ]
        return self._chain(*ours, *faust_own)


class LineApp(faust.App):
    """A service's Faust app with its processors."""

    BootStrategy = _Boot

    def __init__(self, *args: Any, processors: Sequence[ProcessorService] = (), **options: Any) -> None:
        self.processors = processors
        super().__init__(*args, **options)

    async def on_first_start(self) -> None:
        """Faust would make a data directory here, for tables; there are none."""


def create_app(name: str, processors: Sequence[Processor] = (), settings: Settings | None = None) -> LineApp:
    """The app of the service `name`, running `processors`. Raises nothing about Kafka: that is found out at start."""
    settings = settings or Settings()
    services = [ProcessorService(processor, settings) for processor in processors]
    app = LineApp(
        f"kithline-{name}",
        processors=services,
        broker=[f"kafka://{server.strip()}" for server in settings.kafka.split(",")],
        autodiscover=False,
        store="memory://",
        # Topics come from contracts/topics.yaml by `kithline topics apply`, with the retention and partitions written
        # there; Faust would make them, and a leader topic, with its own.
        topic_allow_declare=False,
        topic_disable_leader=True,
        consumer_auto_offset_reset="earliest",
        # Faust waits a minute for a consumer that was killed; nothing here needs that long.
        broker_session_timeout=settings.session_timeout_ms / 1000,
        broker_heartbeat_interval=settings.heartbeat_interval_ms / 1000,
        broker_request_timeout=30.0,
        web_bind=settings.web_bind,
        web_port=settings.web_port_of(name),
        # Faust serves tables and routing over HTTP unless told not to.
        web_tables_enabled=False,
        web_router_enabled=False,
        web_stats_enabled=False,
        web_graph_enabled=False,
    )
    add_pages(app, services)
    return app


def run_apps(*apps: LineApp, settings: Settings | None = None) -> NoReturn:
    """Runs apps in this process until SIGINT or SIGTERM: finish the batch, commit, leave the group, exit 0."""
    set_up_logs(settings or Settings())
    first, *others = apps
    worker = faust.Worker(first, *others, quiet=True, override_logging=False, redirect_stdouts=False)
    worker.spinner = None  # it would write terminal codes between the lines of the log
    worker.execute_from_commandline()
