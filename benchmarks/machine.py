"""The machine in words, and who else is busy on it. No host names, no paths: results are published."""

import os
import platform
from dataclasses import dataclass
from pathlib import Path

import psutil

__all__ = ["Busy", "Spent", "busy_now", "machine_in_words", "spent_by"]


def machine_in_words() -> str:
    """Such as "2 cores of AMD EPYC, 23.5 GiB, Linux x86_64"."""
    memory = psutil.virtual_memory().total / 2**30
    return f"{os.cpu_count()} cores of {_cpu_model()}, {memory:.1f} GiB, {platform.system()} {platform.machine()}"


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    return next(names, "") or platform.processor() or "an unnamed processor"


@dataclass(frozen=True, slots=True)
class Busy:
    """CPU seconds so far: of the whole machine (idle apart, stolen ones included), and of our own processes."""

    machine: float
    ours: float

    def others_since(self, before: "Busy", seconds: float) -> float:
        """How many cores other programs (and other guests of the host) kept busy meanwhile."""
        others = (self.machine - before.machine) - (self.ours - before.ours)
        return max(0.0, others / seconds)


def busy_now() -> Busy:
    """A reading. Ours are this process and all that it has started: the broker and the contender."""
    times = psutil.cpu_times()
    machine = sum(getattr(times, name, 0.0) for name in ("user", "nice", "system", "irq", "softirq", "steal"))
    return Busy(machine, spent_by(psutil.Process()).cpu)


@dataclass(frozen=True, slots=True)
class Spent:
    """CPU seconds (all threads: garbage collectors and compilers too) and resident bytes of a process and what it has
    started."""

    cpu: float
    resident: int


def spent_by(process: psutil.Process) -> Spent:
    """A reading; nothing of a process that ends while one looks."""
    cpu, resident = 0.0, 0
    for one in _with_children(process):
        try:
            times, memory = one.cpu_times(), one.memory_info()
        except psutil.Error:
            continue
        cpu += times.user + times.system + times.children_user + times.children_system  # of those that have ended, too
        resident += memory.rss
    return Spent(cpu, resident)


def _with_children(process: psutil.Process) -> list[psutil.Process]:
    try:
        return [process, *process.children(recursive=True)]
    except psutil.Error:
        return []
