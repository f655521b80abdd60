"""Tasks in, to the units; their answers out. For now every unit is a simulated one."""

import faust

from services.adapters.simulated_unit import SimulatedUnits
from services.runtime.app import create_app

__all__ = ["app"]


def app() -> faust.App:
    """The service."""
    return create_app("adapters", (SimulatedUnits().processor(),))
