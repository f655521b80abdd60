"""Health and metrics pages of one service, on Faust's web server."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import faust
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import REGISTRY, Metric

from services.runtime.processor import ProcessorService
from services.runtime.watchdog import Watchdog

__all__ = ["add_pages"]


def add_pages(
    app: faust.App,
    name: str,
    services: Sequence[ProcessorService],
    checks: Mapping[str, Callable[[], bool]],
    watchdog: Watchdog,
    stuck_seconds: float,
) -> None:
    """`/health/live`: the process answers, and is watched over. `/health/ready`: all `checks` hold, Kafka answers,
    every processor has its share of the group, and each task is restored and has got on within `stuck_seconds` or has
    nothing to do. `/metrics`: this app's signals."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Own({name, *(service.processor.name for service in services)}))

    @app.page("/health/live")  # type: ignore[untyped-decorator]
    async def live(web: Any, request: Any) -> Any:  # noqa: ARG001
        # Whatever else is stuck, the watchdog ends the process itself; nobody but the asker would notice if it slept.
        status = "live" if watchdog.awake else "nobody watches for stalls"
        return web.json({"status": status}, status=200 if watchdog.awake else 503)

    @app.page("/health/ready")  # type: ignore[untyped-decorator]
    async def ready(web: Any, request: Any) -> Any:  # noqa: ARG001
        processors = {service.processor.name: _readiness(service, watchdog, stuck_seconds) for service in services}
        checked = {"kafka": watchdog.answers, **{check: holds() for check, holds in checks.items()}}
        fine = all(processor["ready"] for processor in processors.values()) and all(checked.values())
        body = {"status": "ready" if fine else "not ready", "processors": processors, "checks": checked}
        return web.json(body, status=200 if fine else 503)

    @app.page("/metrics")  # type: ignore[untyped-decorator]
    async def metrics(web: Any, request: Any) -> Any:  # noqa: ARG001
        return web.bytes(generate_latest(registry), content_type="text/plain")


def _readiness(service: ProcessorService, watchdog: Watchdog, stuck_seconds: float) -> dict[str, Any]:
    """A processor without tasks but in the group is a spare, and ready."""
    tasks = {
        str(partition): "stuck" if watchdog.standing(service.processor.name, partition) > stuck_seconds else task.state
        for partition, task in service.tasks.items()
    }
    return {"ready": service.joined and all(state == "ready" for state in tasks.values()), "tasks": tasks}


class _Own:
    """What this process measures, without the processors of other apps that share it: each app has a port of its own,
    and a dashboard that adds up all ports must not count anything twice."""

    def __init__(self, processors: set[str]) -> None:
        self._processors = processors

    def collect(self) -> Iterator[Metric]:
        """All metrics of the process, those with a `processor` label only where it is one of ours."""
        families: Iterable[Metric] = REGISTRY.collect()
        for family in families:
            own = Metric(family.name, family.documentation, family.type, family.unit)
            own.samples = [s for s in family.samples if s.labels.get("processor", None) in (None, *self._processors)]
            if own.samples or not family.samples:
                yield own
