"""confluent-kafka (librdkafka) by hand, in an environment of its own: Kithline does not depend on it."""

from pathlib import Path

from benchmarks.contenders.entry import Entry
from benchmarks.contenders.environments import environment, pinned

__all__ = ["VERSION", "command", "prepare"]

_HERE = Path(__file__).parent
_REQUIREMENTS = _HERE / "requirements.txt"

VERSION = pinned(_REQUIREMENTS, "confluent-kafka")


def prepare() -> None:
    """Makes its environment. Raises Problem."""
    environment("confluent", _REQUIREMENTS)


def command(mode: str, entry: Entry) -> list[str]:
    """The command line of one race; `mode`: transactions or plain."""
    python = environment("confluent", _REQUIREMENTS)
    return [str(python), str(_HERE / "loop.py"), mode, entry.source, entry.sink, entry.name]
