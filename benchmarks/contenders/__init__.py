"""Who is measured. A peer to come is one more entry, and a module that does the jobs in a process of its own.

Each is started as `python -m MODULE JOB INPUT OUTPUT NAME PARTITIONS` with KITHLINE_KAFKA in the environment, reads
the topic INPUT from its beginning in a consumer group, writes what the job sends to OUTPUT, and runs until SIGTERM.
NAME keeps its group, changelog and transactional ids apart from other runs'.
"""

from collections.abc import Callable
from dataclasses import dataclass

from services.runtime.cluster import group_of

__all__ = ["CONTENDERS", "Contender"]


@dataclass(frozen=True, slots=True)
class Contender:
    """`group(name)` and `changelog(name)` are where its progress and its state are on Kafka. `changelog` None: it makes
    that topic itself."""

    name: str
    title: str
    guarantee: str
    module: str
    group: Callable[[str], str]
    changelog: Callable[[str], str] | None = None


CONTENDERS: dict[str, Contender] = {
    contender.name: contender
    for contender in (
        Contender(
            "kithline",
            "Kithline's engine, as every service runs it",
            "exactly once",
            "benchmarks.contenders.engine",
            group=group_of,
            changelog=lambda name: f"changelog.{name}",
        ),
        Contender(
            "faust",
            "a stock Faust agent and table",
            "at least once",
            "benchmarks.contenders.stock_faust",
            group=lambda name: name,
        ),
    )
}
