"""A district that does not exist, and what its feeds would say in a month. The same seed, the same
bytes."""

from services.simulator.parameters import Parameters
from services.simulator.simulation import Simulation, simulate, write_simulation

__all__ = ["Parameters", "Simulation", "simulate", "write_simulation"]
