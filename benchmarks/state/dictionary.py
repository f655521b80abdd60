"""`python -m benchmarks.state.dictionary NUMBER`: trains a dictionary for `services.runtime.packing`.

On the state of every processor after a simulated month of another town than the one that benchmarks measure: what is
measured must not have been learnt by heart. Writes services/runtime/dictionaries/NUMBER.zdict, unless it is there.
"""

import sys
from pathlib import Path

import orjson
import zstandard

from benchmarks.corpus import AS_OF
from services.line import Line, line_processors
from services.runtime import packing
from services.runtime.settings import Settings
from services.simulator import Parameters, simulate

__all__ = ["states"]

_BYTES = 8 * 1024
"""Four times as much packs 1 % better."""

_SEED = 20_261_106


def states() -> list[bytes]:
    """The JSON of every state value that is long enough to be packed."""
    feeds = simulate(Parameters(households=1_500, days=30, seed=_SEED)).records()
    line = Line(line_processors(Settings().policy_dir, units=True), AS_OF)
    for record in feeds:
        for _ in line.take(record):
            pass
    plain = (orjson.dumps(value) for task in line.tasks for _, value in task.store.items())
    return [value for value in plain if len(value) >= packing.SHORT]


def main() -> None:
    """Trains and writes it."""
    number = int(sys.argv[1])
    path = Path(packing.__file__).parent / "dictionaries" / f"{number}.zdict"
    if path.exists():
        raise SystemExit(f"{path.name} is there already, and changelogs may need it; take another number")
    trained = zstandard.train_dictionary(_BYTES, [*states()], dict_id=number)
    path.write_bytes(trained.as_bytes())


if __name__ == "__main__":
    main()
