"""Kithline's engine: a service with one processor, with the settings that every service has."""

import sys
from dataclasses import replace

from benchmarks.jobs import JOBS, Job
from services.runtime.app import create_app, run_apps
from services.runtime.fold import Processor

__all__ = ["processor_of"]


def processor_of(job: Job, source: str, sink: str, name: str) -> Processor:
    """The job's processor on other topics. It reads no ticks."""
    return replace(job.processor(sink), name=name, inputs=(source,), outputs=(sink, "dead.letters"))


if __name__ == "__main__":
    _job, _source, _sink, _name, *_ = sys.argv[1:]
    run_apps(lambda: create_app(_name, [processor_of(JOBS[_job], _source, _sink, _name)]))
