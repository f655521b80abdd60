"""The small job on Quix Streams: a stateful function over a StreamingDataFrame.

Runs in an environment of its own (requirements.txt), so it imports nothing of Kithline.
"""

import os
import sys
from typing import Any

from quixstreams import Application, State  # type: ignore[import-not-found]

SETTINGS: dict[str, Any] = {
    "auto_offset_reset": "earliest",
    "commit_interval": 1.0,
    "loglevel": "WARNING",
}


def count(event: dict[str, Any], state: State) -> dict[str, Any] | None:
    """One event: the output, of each twentieth."""
    now = state.get("count", 0) + 1
    state.set("count", now)
    return {"id": event["id"], "count": now} if event["number"] % 20 == 0 else None


def main() -> None:
    """Counts until SIGTERM."""
    guarantee, source, sink, name, folder = sys.argv[1:]
    app = Application(
        os.environ["KITHLINE_KAFKA"],
        consumer_group=name,
        processing_guarantee=guarantee,
        state_dir=folder,
        **SETTINGS,
    )
    counted = app.dataframe(app.topic(source)).apply(count, stateful=True)
    counted.filter(lambda output: output is not None).to_topic(app.topic(sink))
    app.run()


if __name__ == "__main__":
    main()
