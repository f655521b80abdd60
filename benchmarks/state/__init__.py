"""What a task's state costs: memory at rest, the way back from the changelog, and work over many households.

- `households`: of twelve facts, as many as are wanted. `changelog`: their state, as the engine would have written it.
- `measure`: an engine process restored from it, weighed, and put to work. `dictionary`: trains what state is packed by.
"""

from benchmarks.state.measure import measure_all

__all__ = ["measure_all"]
