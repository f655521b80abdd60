"""A service for the engine's tests, in a process of its own: `python -m tests.integration.engine_worker TAG KIND…`.

`TAG` keeps topics, groups and transactional ids of one test apart from all others. Kinds: see PROCESSORS.
"""

import sys
import time
from collections.abc import Callable

import orjson

from services.runtime.app import create_app, run_apps
from services.runtime.fold import TICKS, Processor, Record, Refused, Turn

__all__ = ["PROCESSORS"]


def _body(record: Record) -> dict[str, int | str]:
    if b"A123456(3)" in record.value:
        raise Refused("identity", "value carries an HKID")
    try:
        body: dict[str, int | str] = orjson.loads(record.value)
    except ValueError:
        raise Refused("unreadable", "not JSON") from None
    return body


def counting(tag: str) -> Processor:
    """Two inputs; counts and adds up per key; sends the sum after each record, under the same key."""

    def fold(record: Record, turn: Turn) -> None:
        body = _body(record)
        key = record.key.decode()
        before = turn.get(key) or {"count": 0, "sum": 0}
        if body.get("repeat"):
            turn.duplicate = True
            return
        after = {"count": before["count"] + 1, "sum": before["sum"] + body["x"]}
        turn.put(key, after)
        turn.emit(f"{tag}.sums", key, {"id": body["id"], **after}, headers=(("from", record.topic.encode()),))

    return Processor(f"{tag}.counting", (f"{tag}.a", f"{tag}.b"), (f"{tag}.sums",), fold)


def rekeying(tag: str) -> Processor:
    """Sends each sum on under the key of its id, so to another partition as a rule; without state."""

    def fold(record: Record, turn: Turn) -> None:
        body = _body(record)
        turn.emit(f"{tag}.by_id", str(body["id"]), body)

    return Processor(f"{tag}.rekeying", (f"{tag}.sums",), (f"{tag}.by_id",), fold)


def waiting(tag: str) -> Processor:
    """Keeps a due instant per key; wakes once a tick has passed it; tells `as_of` with all that it sends."""

    def fold(record: Record, turn: Turn) -> None:
        turn.put(record.key.decode(), {"due": _body(record)["due"]})
        turn.emit(f"{tag}.sums", record.key.decode(), {"as_of": turn.as_of})

    def wake(key: str, turn: Turn) -> None:
        turn.put(key, None)
        if key.startswith("slow"):
            time.sleep(0.002)
        if key == "fails":
            raise ValueError("a fold that fails on a tick")
        turn.emit(f"{tag}.sums", key, {"woken": turn.as_of})

    return Processor(
        f"{tag}.waiting", (f"{tag}.a", TICKS), (f"{tag}.sums",), fold, due=lambda value: value["due"], wake=wake
    )


PROCESSORS: dict[str, Callable[[str], Processor]] = {"counting": counting, "rekeying": rekeying, "waiting": waiting}

if __name__ == "__main__":
    tag, *kinds = sys.argv[1:]
    run_apps(lambda: create_app("correlator", [PROCESSORS[kind](tag) for kind in kinds]))
