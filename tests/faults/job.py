"""The small job that the faults are done to: counts per household, two inputs, outputs to other partitions.

An input record is `{"n": 17, "x": 3}`, its key the household. One in five raises the household's flag: a revision under
an id that is derived, and under that id as key, so in another partition as a rule. `repeat` marks a record as seen
before; `slow` takes so many seconds; what is no JSON, or has no `x`, becomes a dead letter.
"""

import time
from uuid import NAMESPACE_URL, uuid5

import orjson

from services.runtime.fold import Processor, Record, Refused, Turn

__all__ = ["PARTITIONS", "flag_id", "job", "raises_a_flag"]

PARTITIONS = 4


def flag_id(household: str) -> str:
    """The id of a household's flag."""
    return str(uuid5(NAMESPACE_URL, household))


def raises_a_flag(n: int) -> bool:
    """Whether an input record has an output."""
    return n % 5 == 0


def job(tag: str) -> Processor:
    """The processor; `tag` keeps its topics and its group apart from all others."""

    def fold(record: Record, turn: Turn) -> None:
        try:
            body = orjson.loads(record.value)
        except ValueError:
            raise Refused("unreadable", "not JSON") from None
        if "slow" in body:
            time.sleep(body["slow"])
        if "hoard" in body:
            _hoard(body["hoard"])
        if body.get("repeat"):
            turn.duplicate = True
            return
        household = record.key.decode()
        before = turn.get(household) or {"count": 0, "sum": 0, "revision": 0}
        after = {"count": before["count"] + 1, "sum": before["sum"] + body["x"], "revision": before["revision"]}
        if raises_a_flag(body["n"]):
            after["revision"] += 1
            flag = {"id": flag_id(household), "revision": after["revision"], "cause": body["n"]}
            turn.emit(f"{tag}.flags", flag["id"], flag)
        turn.put(household, after)

    return Processor(f"{tag}.job", (f"{tag}.calls", f"{tag}.visits"), (f"{tag}.flags",), fold)


def _hoard(megabytes: int) -> None:
    """Takes memory without end, as a leak would, up to so many megabytes."""
    kept = []
    for _ in range(megabytes):
        kept.append(bytearray(1 << 20))
