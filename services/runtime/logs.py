"""Logs: structlog over the standard library, JSON for machines and pretty on a terminal.

A log line never carries a person id beyond the pseudonym, and never a record's value.
"""

import logging
import sys
import time
from collections.abc import Callable
from typing import Any

import structlog

from services.runtime.settings import Settings

__all__ = ["Repeats", "logger", "set_up_logs"]

_CHATTY = ("aiokafka", "faust", "mode", "aiohttp.access", "asyncio", "aiosqlite", "httpx", "httpcore")
"""Libraries that tell of every rebalance, request and statement (with all that is written); their warnings are kept."""


_AGAIN_SECONDS = 10.0

_MOST = 1_000


class Repeats(logging.Filter):
    """Lets each line of a library pass once in ten seconds, and says how often it came meanwhile.

    aiokafka tries again every `retry_backoff_ms` and tells of each try: one dead broker gave a hundred lines a second,
    and a broker that still writes the markers of the last transaction gives one for each partition of the next."""

    def __init__(self, seconds: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._seconds = seconds
        self._told: dict[tuple[str, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the line is told."""
        if record.name.split(".")[0] not in _CHATTY or record.exc_info:
            return True
        line, now = (record.name, record.getMessage()), self._seconds()
        last, repeats = self._told.get(line, (-_AGAIN_SECONDS, 0))
        if now - last < _AGAIN_SECONDS:
            self._told[line] = last, repeats + 1
            return False
        if len(self._told) > _MOST:
            self._told.clear()
        self._told[line] = now, 0
        if repeats:
            record.msg, record.args = f"{line[1]} (and {repeats} times more since it was last told)", ()
        return True


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
    handler.addFilter(Repeats())
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
