"""The correlator as the engine runs it: `python -m benchmarks.state.engine SOURCE SINK NAME`."""

import sys
from dataclasses import replace

from benchmarks.state.households import processor
from services.runtime.app import create_app, run_apps
from services.runtime.fold import Processor, Record, Turn

__all__ = ["correlator_between"]


def correlator_between(source: str, sink: str, name: str) -> Processor:
    """The real one, due instants and all, from `source` to `sink`; no ticks come."""
    real = processor()

    def fold(record: Record, turn: Turn) -> None:
        already = len(turn.outputs)
        real.fold(record, turn)
        turn.outputs[already:] = [output._replace(topic=sink) for output in turn.outputs[already:]]

    return replace(real, name=name, inputs=(source,), outputs=(sink, "dead.letters"), fold=fold)


if __name__ == "__main__":
    _source, _sink, _name = sys.argv[1:]
    run_apps(lambda: create_app(_name, [correlator_between(_source, _sink, _name)]))
