"""`python -m benchmarks.backtest --json FILE`: what the rules add at three shares of true need, on a district's feed.

20,000 carers about whom the hospitals tell, and 60 days, with whatever of the simulator's parameters is published at
its published value: the admission rate above all. True need among carers' admissions is the assumption: 0.15, 1 and
3 %. It changes no record of the feed, only the labels, so the feed is lived through once under each policy:

- A: the repository's policy;
- B: the same, but a carer's admission is raised only where nobody else able is known to live there.
"""

import hashlib
import platform
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from shutil import copytree
from typing import Annotated, Any

import orjson
import typer
from rich.console import Console

from benchmarks.command import run_command
from benchmarks.machine import machine_in_words
from services.backtest.run import Policy, lived, report
from services.backtest.screen import tell
from services.backtest.truth import read_truth
from services.runtime.errors import Problem
from services.runtime.lines import read_lines
from services.runtime.settings import Settings
from services.simulator import Parameters, simulate, write_simulation

__all__ = ["SHARES", "narrower", "parameters"]

SHARES = (0.0015, 0.01, 0.03)
"""True need among carers' admissions: from the published 0.14 % (3 of 2,100) to what is assumed at most."""

CARER_SHARE = 0.235
"""Registered carers per household. The published 0.025 would take 800,000 households for 20,000 carers; with more of
them to a household the same carers fit into fewer, and neither a carer's admissions nor needs depend on it."""

ONLY_ALONE = "  - {fact: other_able_adults_at_home, equals: 0, if_unknown: met}\n"


_TYPE = "ce_type"


def parameters(households: int, days: int, seed: int, share: float) -> Parameters:
    """What is simulated: all that is published at its published value, but for the number of carers."""
    base = Parameters(households=households, days=days, seed=seed, true_need_share=share).published()
    return replace(base, carer_share=CARER_SHARE)


def narrower(policy: Path, folder: Path) -> Path:
    """Policy B, written into a folder."""
    copytree(policy, folder)
    path = folder / "rules" / "carer-admitted.yaml"
    rule = path.read_text(encoding="utf-8")
    path.write_text(rule.replace("\nwhen:\n", "\nwhen:\n" + ONLY_ALONE, 1), encoding="utf-8")
    return folder


def run(households: int, days: int, seed: int, jobs: int | None, say: Callable[[str], None]) -> dict[str, Any]:
    """Simulates, lives through, and judges at each share."""
    with tempfile.TemporaryDirectory(prefix="kithline-backtest-") as name:
        folder = Path(name)
        feed = folder / "feed.jsonl"
        truths, digests = [], set()
        for share in SHARES:
            said = parameters(households, days, seed, share)
            say(f"simulating {households:,} households and {days} days with {100 * share:g} % true need")
            write_simulation(simulate(said), feed)
            digests.add(hashlib.file_digest(feed.open("rb"), "sha256").hexdigest())
            truths.append(read_truth(feed.with_name(feed.name + ".truth")))
        if len(digests) != 1:
            raise Problem("the share of true need has changed the feed; live through one feed for each share then")
        policy = Settings().policy_dir
        policies = [Policy.read(policy), Policy.read(narrower(policy, folder / "narrower"))]
        say("living through it under both policies")
        carers = len(
            {record.key for record in read_lines(feed) if (_TYPE, b"register.cohort_asserted") in record.headers}
        )
        begun = time.monotonic()
        told = lived(feed, policies, [case for cases in truths for case in cases], jobs)
        seconds = time.monotonic() - begun
        return {
            "machine": machine_in_words(),
            "python": platform.python_version(),
            "households": households,
            "carers": carers,
            "days": days,
            "seed": seed,
            "carer_share": CARER_SHARE,
            "carer_admissions_per_year": said.carer_admissions_per_year,
            "records": told.feed.lines,
            "seconds": round(seconds, 1),
            "shares": {f"{100 * share:g} %": report(told, cases) for share, cases in zip(SHARES, truths, strict=True)},
        }


def compact(figures: dict[str, Any]) -> dict[str, Any]:
    """What is kept of a report in the repository: no disparity of single rules, no single units or districts."""
    for share in figures["shares"].values():
        for name in ("a", "b"):
            share["disparity"][name] = {"all": share["disparity"][name]["all"]}
            del share["workload"][name]["by_unit"]
        del share["differences"]["rows"]
    return figures


def main(
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the figures here.")] = None,
    households: Annotated[int, typer.Option(min=100, help="Households to simulate.")] = 100_000,
    days: Annotated[int, typer.Option(min=1, help="Days to simulate.")] = 60,
    seed: Annotated[int, typer.Option(help="Another seed is another district.")] = 1,
    jobs: Annotated[int | None, typer.Option(min=1, help="Processes; default: as many as there are cores.")] = None,
) -> None:
    """Precision, recall and workload of every rule at 0.15, 1 and 3 % true need among carers' admissions."""
    if json_file is not None and not json_file.absolute().parent.is_dir():
        raise Problem(f"{json_file.parent} is not a folder; make it, or choose another --json")
    progress, console = Console(stderr=True), Console(width=160)
    figures = run(households, days, seed, jobs, lambda text: progress.print(text, style="dim", highlight=False))
    for share, told in figures["shares"].items():
        console.rule(f"{share} true need among carers' admissions")
        tell(told, console)
    if json_file is not None:
        json_file.write_bytes(orjson.dumps(compact(figures), option=orjson.OPT_APPEND_NEWLINE))


if __name__ == "__main__":
    run_command(main)
