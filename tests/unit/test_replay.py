"""Replay of simulated districts: the same bytes twice; shuffled and half doubled, the same open flags and tasks."""

import os
from concurrent.futures import ProcessPoolExecutor
from itertools import chain
from pathlib import Path
from random import Random

import orjson
import pytest

from contracts.flags import OPEN
from contracts.tasks import TERMINAL
from services.referral.policy import OVERDUE_MATTERS
from services.replay import Outcome, replay
from services.runtime.errors import Problem
from services.runtime.fold import TICKS, Record
from services.runtime.lines import write_lines
from services.simulator import Parameters, simulate, write_simulation
from tests.scenario import expand
from tests.scenarios.answers import COVERED
from tests.scenarios.feeds import ADMITTED, PAIR
from tests.scenarios.memory import POLICY

SEEDS = range(1, 7)
"""`make soak` goes on to twenty (tests/soak/test_districts.py)."""
HOUSEHOLDS, DAYS = 2000, 30


def open_in(outcome: Outcome) -> dict[str, dict[str, object]]:
    flags = {name: flag for name, flag in outcome.flags.items() if flag["status"] in OPEN}
    tasks = {name: task for name, task in outcome.tasks.items() if task["status"] not in TERMINAL}
    return {
        name: {field: value for field, value in item.items() if field not in ("revision", "since")}
        for name, item in chain(flags.items(), tasks.items())
    }


def compared(seed: int, folder: str) -> dict[str, int | bool]:
    """One seed's district, in order against shuffled with half of its lines doubled. Runs in a process of its own."""
    told, mixed = Path(folder) / f"{seed}.jsonl", Path(folder) / f"{seed}.mixed.jsonl"
    write_simulation(simulate(Parameters(households=HOUSEHOLDS, days=DAYS, seed=seed)), told)
    lines = told.read_bytes().splitlines(keepends=True)
    dice = Random(seed)
    doubled = lines + dice.sample(lines, len(lines) // 2)
    dice.shuffle(doubled)
    mixed.write_bytes(b"".join(doubled))
    in_order, other = replay(told, POLICY), replay(mixed, POLICY)
    known, others = open_in(in_order), open_in(other)
    told.unlink()
    mixed.unlink()
    return {
        "seed": seed,
        "open": len(known),
        "tasks": sum("task_id" in item for item in known.values()),
        "different": sum(known.get(name) != others.get(name) for name in known.keys() | others.keys()),
    }


def districts_end_alike(seeds: range, folder: Path) -> None:
    """A district for each seed, on all cores."""
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(compared, seeds, [str(folder)] * len(seeds)))
    assert [result for result in results if result["different"]] == []
    assert len(results) == len(seeds)
    assert all(result["open"] > 50 and result["tasks"] > 5 for result in results), results


@pytest.mark.timeout(900)
def test_districts_end_alike_in_any_order_and_multiplicity(tmp_path: Path) -> None:
    districts_end_alike(SEEDS, tmp_path)


def test_the_same_file_gives_the_same_bytes(tmp_path: Path) -> None:
    path = tmp_path / "feed.jsonl"
    write_simulation(simulate(Parameters(households=150, days=20, seed=5)), path)
    first, second = replay(path, POLICY), replay(path, POLICY)
    assert first.lines() == second.lines()
    assert first.lines() == sorted(first.lines(), key=lambda line: _name(orjson.loads(line)))
    assert {orjson.loads(line)["kind"] for line in first.lines()} == {"flag", "task"}


def _name(line: dict[str, str]) -> str:
    return line[f"{line['kind']}_id"]


def story(tmp_path: Path, records: list[Record]) -> Path:
    path = tmp_path / "story.jsonl"
    write_lines(path, records)
    return path


def tick(as_of: str, topic: str = TICKS) -> Record:
    return Record(topic, b"0", orjson.dumps({"as_of": as_of}))


def test_what_ran_out_before_it_came_in_waits_for_the_next_tick_as_it_does_live(tmp_path: Path) -> None:
    path = story(tmp_path, [tick("2026-07-31T00:00:00.000Z"), *expand([*PAIR, ADMITTED])])
    (task,) = replay(path, POLICY).tasks.values()
    assert task["due_ack"] < "2026-07-31" and task["breaches"] == []
    tasks = {task["purpose"]: task for task in replay(path, POLICY, "2026-07-31T00:00:01.000Z").tasks.values()}
    assert tasks["check_arrangements"]["breaches"] == ["acknowledge", "contact"]
    assert set(tasks) == {"check_arrangements", *OVERDUE_MATTERS}


def test_as_of_is_the_last_receipt_unless_it_is_said(tmp_path: Path) -> None:
    path = story(tmp_path, expand([*PAIR, ADMITTED]))
    (flag,) = (flag for flag in replay(path, POLICY).flags.values() if flag["rule"] == "carer-admitted")
    assert flag["as_of"] == "2026-07-10T23:00:00.000Z"
    (flag,) = (
        flag
        for flag in replay(path, POLICY, "2026-07-20T00:00:00.000Z").flags.values()
        if flag["rule"] == "carer-admitted"
    )
    assert flag["as_of"] == "2026-07-20T00:00:00.000Z"


def test_ticks_in_the_file_move_the_time(tmp_path: Path) -> None:
    records = [tick("2026-07-01T00:00:00.000Z"), *expand([*PAIR, ADMITTED]), tick("2026-07-11T00:00:00.000Z")]
    records += expand([{**COVERED, "received": "2026-07-15"}])
    outcome = replay(story(tmp_path, records), POLICY)
    (flag,) = (flag for flag in outcome.flags.values() if flag["rule"] == "carer-admitted")
    assert (flag["status"], flag["as_of"]) == ("mitigated", "2026-07-11T00:00:00.000Z")
    (task,) = outcome.tasks.values()
    assert (task["status"], task["requested_at"]) == ("cancelled", "2026-07-01T00:00:00.000Z")


def test_the_books_balance(tmp_path: Path) -> None:
    records = expand([*PAIR, ADMITTED])
    bad = Record("hospital.admissions", b"x", b"{", ())
    outcome = replay(story(tmp_path, [*records, *records, bad]), POLICY)
    assert sum(outcome.inputs.values()) == 2 * len(records) + 1
    assert outcome.duplicates == len(records)
    assert outcome.dead_letters == 1


def test_a_line_that_is_no_record_is_named(tmp_path: Path) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_bytes(b'{"topic":"hospital.admissions","key":"p","headers":{},"value":{}}\nnot json\n')
    with pytest.raises(Problem, match=r"bad\.jsonl:2: not a record line"):
        replay(path, POLICY)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(Problem, match=r"none\.jsonl"):
        replay(tmp_path / "none.jsonl", POLICY)
