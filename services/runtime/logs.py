"""Logs: structlog over the standard library, JSON for machines and pretty on a terminal.

A log line never carries a person id beyond the pseudonym, and never a record's value.
"""

import logging
import sys
from typing import Any

import structlog

from services.runtime.settings import Settings

__all__ = ["logger", "set_up_logs"]

_CHATTY = ("aiokafka", "faust", "mode", "aiohttp.access", "asyncio")
"""Libraries that tell of every rebalance and request; their warnings are kept."""


def set_up_logs(settings: Settings) -> None:
    """Sends everything that this process logs, ours and libraries', to stderr in one form."""
    pretty = settings.log_format == "pretty" or (settings.log_format == "auto" and sys.stderr.isatty())
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    last: list[Any] = (
        [structlog.dev.ConsoleRenderer()]
        if pretty
        else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level)
    for name in _CHATTY:
        library = logging.getLogger(name)
        library.handlers.clear()
        library.propagate = True
        library.setLevel(max(logging.WARNING, root.level))


def logger(name: str) -> Any:
    """The logger of a module: `log.info("what happened", key=value)`."""
    return structlog.stdlib.get_logger(name)
