"""How a process ends when it must not go on.

An orderly Faust stop would flush and commit; after a failed transaction that is exactly what must not happen. So the
engine is crash-only: it says why, and leaves at once. Whoever started it starts it again, and the next one
restores from what was committed.
"""

import logging
import os
import sys
from typing import NoReturn

from services.runtime.errors import Problem
from services.runtime.logs import logger

__all__ = ["BROKEN", "MISCONFIGURED", "end_at_once"]

MISCONFIGURED = 2
"""Exit status of a problem that a person must mend, as everywhere in `kithline`."""

BROKEN = 70
"""Exit status (`EX_SOFTWARE`) of a fault after which a restart is right: fenced, timed out, a failed wake."""

_log = logger(__name__)


def end_at_once(fault: BaseException, **where: object) -> NoReturn:
    """Logs the fault and ends the process without any further commit, flush or goodbye."""
    if isinstance(fault, Problem):
        task = f"{where['processor']}, partition {where['partition']}: " if "partition" in where else ""
        print(f"kithline: {task}{fault}", file=sys.stderr)  # noqa: T201
    else:
        _log.critical("stopped at once; nothing of the open batch was committed", exc_info=fault, **where)
    for handler in logging.getLogger().handlers:
        handler.flush()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(MISCONFIGURED if isinstance(fault, Problem) else BROKEN)
