"""How long a record is on its way, at a steady rate in an open loop: one hop, and the whole line from feed to task.

- `schedule`: what is due when, whatever becomes of what came before. `observer`: what arrives, and when.
- `copies`: the floor, bare transactional copies. `feeds`: what is sent. `paths`: what it is sent through.
- `measure`: all paths, and how they are to the floor.
"""

from benchmarks.latency.measure import measure_all

__all__ = ["measure_all"]
