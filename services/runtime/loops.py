"""Asynchronous work for callers that are not asynchronous."""

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

__all__ = ["in_own_loop"]

_Result = TypeVar("_Result")


def in_own_loop(work: Coroutine[Any, Any, _Result]) -> _Result:
    """Runs `work` in an event loop of its own and waits, also where the caller already stands in a loop."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()
