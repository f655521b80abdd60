"""What a worker runs. Imported by the process that all workers are forked from, so that each finds it imported."""

import os
from collections.abc import Callable, Mapping
from importlib import import_module

from services.line import SERVICES
from services.runtime.app import run_services

__all__ = ["in_a_worker", "whole_line"]

for _name in SERVICES:
    import_module(f"services.{_name}.app")


def whole_line() -> None:
    """`kithline run all`."""
    run_services(*SERVICES)


def in_a_worker(main: Callable[[], None], environment: Mapping[str, str], log: str) -> None:
    """The worker's process: apart from our terminal, with its own settings, all that it says in its log."""
    os.setsid()  # Ctrl-C is for `chaos`, which then stops the workers in order
    said = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    for stream in (1, 2):
        os.dup2(said, stream)
    os.close(said)
    os.environ.clear()
    os.environ.update(environment)
    main()
