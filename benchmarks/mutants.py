"""How many small changes of the pure modules a test notices: `make mutants`, which is `python -m benchmarks.mutants`.

mutmut makes one mutant for each small change (`+` for `-`, None for an argument, another text) and runs the tests that
reach its function. All of them take a day, so a random sample is tried: the same for the same seed and code. The share
that was noticed is told with its interval, and every mutant that was not, with its change. The file keeps a sample of
each seed, and what somebody has written about a mutant (`verdict`, `word`) while the change is the same.

mutmut leaves alone what is decorated, because a copy of it would be decorated as well: fact functions, what a view
computes when asked, methods of dataclasses. So it is given a copy of the line with decorators written as calls.
"""

import ast
import json
import os
import random
import shutil
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import orjson
import typer
from mutmut.__main__ import get_diff_for_mutant

from benchmarks.command import run_command
from benchmarks.machine import machine_in_words
from services.backtest.intervals import Share
from services.runtime.errors import Problem

__all__ = ["Mutant", "change_of", "read_mutants", "report", "sample_of", "undecorated", "words_of"]

COPY = Path("mutants")
"""The line with decorators as calls; mutmut runs there."""

FOLDER = Path("mutants")
"""Of mutmut, in the copy: the line with all mutants in it, and what became of each."""

FIRST = "services.calendar.running.x_is_held*"
"""A few, so that mutmut makes all mutants and sees which test reaches what before a sample can be drawn."""

WANTED = 0.85

_ENDS = {
    0: "survived",
    1: "killed",
    3: "killed",
    33: "no tests",
    5: "no tests",
    24: "timeout",
    152: "timeout",
    -24: "timeout",
}
"""What mutmut's exit codes say; any other is told as it is. A child that mutmut ends for its time has another code on
another system."""


Words = Mapping[tuple[str, str], Mapping[str, str]]
"""(function, change) -> verdict and word. Verdicts: `equivalent` (no test could tell), `harmless` (only words, or what
other checks hold), `gap` (a test is missing), `noticed since`."""


class Mutant(NamedTuple):
    """`end`: killed, survived, no tests (nothing reaches it), timeout, or mutmut's exit code; empty: not tried."""

    name: str
    file: str
    end: str

    @property
    def function(self) -> str:
        """Dotted, without mutmut's marks."""
        module, _, name = self.name.partition("__mutmut_")[0].rpartition(".")
        return f"{module}.{name.removeprefix('x_').removeprefix('xǁ').replace('ǁ', '.')}"


def read_mutants(folder: Path) -> list[Mutant]:
    """All that mutmut has made, by name."""
    mutants = []
    for meta in folder.rglob("*.py.meta"):
        file = str(meta.relative_to(folder)).removesuffix(".meta")
        codes = json.loads(meta.read_text(encoding="utf-8"))["exit_code_by_key"]
        mutants += [
            Mutant(name, file, "" if code is None else _ENDS.get(code, f"exit code {code}"))
            for name, code in codes.items()
        ]
    return sorted(mutants)


def sample_of(names: Sequence[str], size: int, seed: int) -> list[str]:
    """So many of them, or all if `size` is 0 or more than there are."""
    return sorted(names if not 0 < size < len(names) else random.Random(seed).sample(sorted(names), size))


def change_of(mutant: Mutant) -> str:
    """The lines that the mutant changes: `-` before, `+` after. (Read in mutmut's folder below the current one.)"""
    diff = get_diff_for_mutant(mutant.name, path=mutant.file).splitlines()
    return "\n".join(f"{line[0]} {line[1:].strip()}" for line in diff[2:] if line[0] in "-+")


def undecorated(source: str) -> str:
    """The module with all decorators written as calls: `one = lazy(one)` after `one`."""
    dropped: set[int] = set()
    added: dict[int, list[str]] = defaultdict(list)
    for node in _decorated(ast.parse(source).body):
        dropped |= set(range(node.decorator_list[0].lineno, node.lineno))
        for decorator in reversed(node.decorator_list):
            call = f"{node.name} = ({ast.unparse(decorator)})({node.name})"
            added[node.end_lineno or 0].append(" " * node.col_offset + call + "\n")
    lines = enumerate(source.splitlines(keepends=True), 1)
    return "".join("".join(["" if n in dropped else line, *added[n]]) for n, line in lines)


def _decorated(body: Iterable[ast.stmt]) -> Iterator[ast.FunctionDef | ast.ClassDef]:
    """Functions, methods and classes that have decorators; what is within a class before the class."""
    for node in body:
        if isinstance(node, ast.ClassDef):
            yield from _decorated(node.body)
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.decorator_list:
            yield node


def copy_undecorated() -> None:
    """The line, into an empty `COPY`."""
    shutil.rmtree(COPY, ignore_errors=True)  # mutmut does not see everything that has changed
    of_others = shutil.ignore_patterns(".*", "__pycache__", "*.egg-info", "build", "out", COPY.name)
    shutil.copytree(Path(), COPY, ignore=of_others)
    for file in COPY.glob("services/**/*.py"):
        file.write_text(undecorated(file.read_text("utf-8")), "utf-8")


def report(
    tried: Sequence[Mutant], total: int, of: str, seed: int, changes: Mapping[str, str], words: Words
) -> dict[str, Any]:
    """The figures, and each mutant that nobody noticed with its change (`changes`: name -> lines) and what is written
    about it. A mutant that ran into its time limit was noticed."""
    ends = Counter(mutant.end for mutant in tried)
    noticed = Share(ends["killed"] + ends["timeout"], len(tried))
    not_noticed = [
        {
            "function": mutant.function,
            "end": mutant.end,
            "change": changes[mutant.name],
            **words.get((mutant.function, changes[mutant.name]), {"verdict": "not looked at", "word": ""}),
        }
        for mutant in tried
        if mutant.end not in ("killed", "timeout")
    ]
    return {
        "machine": machine_in_words(),
        "date": datetime.now(UTC).date().isoformat(),
        "of": of,
        "seed": seed,
        "mutants": total,
        "sample": len(tried),
        "ends": dict(sorted(ends.items())),
        "noticed": noticed.figures(),
        "wanted": WANTED,
        "holds": (noticed.value or 0) >= WANTED,
        "verdicts": dict(sorted(Counter(one["verdict"] for one in not_noticed).items())),
        "not_noticed": not_noticed,
    }


def words_of(samples: Iterable[Mapping[str, Any]]) -> Words:
    """What somebody has written about mutants, by function and change."""
    return {
        (one["function"], one["change"]): {"verdict": one["verdict"], "word": one["word"]}
        for sample in samples
        for one in sample["not_noticed"]
        if one["word"]
    }


def run(names: Sequence[str], processes: int) -> None:
    """Lets mutmut try these. Raises Problem if it cannot: then it has said why."""
    command = [sys.executable, "-m", "mutmut", "run", "--max-children", str(processes), *names]
    if subprocess.run(command, check=False).returncode:
        raise Problem(
            "mutmut stopped; it says why above. Mend tests that fail without any mutant, or remove the folder mutants"
        )


def main(
    sample: Annotated[int, typer.Option(help="how many mutants; 0: all (a day)")] = 400,
    seed: Annotated[int, typer.Option(help="another seed draws others")] = 1,
    of: Annotated[str, typer.Option(help="of which modules alone: what their names begin with")] = "",
    processes: Annotated[int, typer.Option(help="mutants tried at once")] = 2,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="keep the report there, beside those of others")
    ] = None,
) -> None:
    """Tries a sample of mutants and tells which of them no test noticed."""
    json_file = json_file and json_file.absolute()
    copy_undecorated()
    os.chdir(COPY)
    run([FIRST], processes)
    names = sample_of([one.name for one in read_mutants(FOLDER) if one.name.startswith(of)], sample, seed)
    run(names, processes)
    mutants = [mutant for mutant in read_mutants(FOLDER) if mutant.name.startswith(of)]
    tried = [mutant for mutant in mutants if mutant.name in set(names)]
    changes = {mutant.name: change_of(mutant) for mutant in tried}
    before = orjson.loads(json_file.read_bytes()) if json_file and json_file.exists() else []
    now = report(tried, len(mutants), of, seed, changes, words_of(before))
    if json_file is not None:
        others = (one for one in before if (one["of"], one["seed"]) != (of, seed))
        samples = [*others, now]
        json_file.write_bytes(orjson.dumps(samples, option=orjson.OPT_INDENT_2) + b"\n")
    typer.echo(orjson.dumps(now, option=orjson.OPT_INDENT_2).decode())


if __name__ == "__main__":
    run_command(main)
