"""Kithline's engine: a service with one processor, with the settings that every service has."""

import sys
from dataclasses import replace

from benchmarks.jobs import JOBS, Job
from services.runtime.app import create_app, run_apps
from services.runtime.fold import Processor, Record, Turn

__all__ = ["processor_of"]


def processor_of(job: Job, source: str, sink: str, name: str) -> Processor:
    """The job's processor on other topics. It reads no ticks: `as_of` is the job's."""
    processor = job.processor()

    def fold(record: Record, turn: Turn) -> None:
        turn.as_of = job.as_of
        already = len(turn.outputs)
        processor.fold(record, turn)
        for at in range(already, len(turn.outputs)):
            turn.outputs[at] = replace(turn.outputs[at], topic=sink)

    return replace(processor, name=name, inputs=(source,), outputs=(sink, "dead.letters"), fold=fold)


if __name__ == "__main__":
    _job, _source, _sink, _name, _ = sys.argv[1:]
    run_apps(lambda: create_app(_name, [processor_of(JOBS[_job], _source, _sink, _name)]))
