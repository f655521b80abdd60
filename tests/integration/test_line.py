"""The line on a real Kafka: what it makes of named scenarios, of damaged records, and of a demo's month."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from random import Random

import orjson
import pytest

from contracts.deadletters import DeadLetter
from contracts.instants import plus
from services.line import Line
from services.runtime.fold import Record
from services.runtime.letters import record_of_letter
from services.runtime.reading import read_topics
from services.simulator import Parameters, simulate
from tests.integration.running_line import VAULT, running_line
from tests.scenarios.memory import misnumbered, processors, run_in_memory, still_open

pytestmark = pytest.mark.kafka


def test_demo_balances_and_its_record_replays_to_what_it_left(tmp_path: Path) -> None:
    """`kithline demo` in small, as a process: exit status 0, books that add up, and a record that replays alike."""
    command = [sys.executable, "-m", "services.cli"]
    arguments = "demo --households 150 --days 5 --seed 3 --plain --json figures.json --record record.jsonl"
    ran = subprocess.run(
        [*command, *arguments.split()],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    figures = json.loads((tmp_path / "figures.json").read_text())
    assert sum(figures["inputs"].values()) == figures["applied"] + figures["duplicates"] + figures["dead_letters"]
    assert (figures["missing"], figures["repeated"]) == (0, 0)
    assert figures["flags"]["raised"] > 0
    assert figures["tasks"]["requested"] > 0
    assert figures["kafka"]["nodes"] == 1
    topics = Counter(json.loads(line)["topic"] for line in (tmp_path / "record.jsonl").open())
    assert all(topics[topic] == count for topic, count in figures["inputs"].items())
    assert topics["clock.ticks"] > 0
    for out in ("one.jsonl", "two.jsonl"):
        subprocess.run([*command, "replay", "record.jsonl", "--out", out], cwd=tmp_path, check=True, timeout=120)
    assert (tmp_path / "one.jsonl").read_bytes() == (tmp_path / "two.jsonl").read_bytes()
    kinds = Counter(json.loads(line)["kind"] for line in (tmp_path / "one.jsonl").open())
    assert kinds == {"flag": figures["flags"]["raised"], "task": figures["tasks"]["requested"]}


async def test_damaged_records_all_become_dead_letters_and_all_others_are_applied(
    own_kafka: str, tmp_path: Path
) -> None:
    good = list(simulate(Parameters(households=120, days=10, seed=5, bad_share=0)).records())
    chance = Random(5)
    damaged = [_damage(chance.choice(good), number, chance) for number in range(1000)]
    mixed: list[tuple[Record, str | None]] = [(record, None) for record in good]
    for record, reason in damaged:
        mixed.insert(chance.randrange(len(mixed) + 1), (record, reason))
    as_of = "2026-07-11T00:00:00.000Z"
    async with running_line(own_kafka, tmp_path, as_of) as line:
        await line.send(*(record for record, _ in mixed))
        ends = await line.ends()
        letters = [DeadLetter.model_validate_json(r.value) for r in await read_topics(line.settings, ["dead.letters"])]
    assert Counter(letter.reason for letter in letters) == Counter(reason for _, reason in damaged)
    kept = Counter(_original(letter) for letter in letters)
    assert kept == Counter((record.topic, record.key, record.value) for record, _ in damaged)
    assert all(letter.sealed == (letter.reason == "identity") for letter in letters)
    assert not misnumbered(ends)
    assert still_open(ends) == still_open(run_in_memory(good, as_of, Line(processors(), as_of)))


def _original(letter: DeadLetter) -> tuple[str, bytes, bytes]:
    record = record_of_letter(letter, bytes(VAULT))
    return record.topic, record.key, record.value


def _damage(record: Record, number: int, chance: Random) -> tuple[Record, str]:
    """A copy of a record, spoilt in one of eight ways, with the reason that its dead letter must give."""
    headers = {**dict(record.headers), "ce_id": f"damaged-{number}".encode()}
    key, value = record.key, record.value
    reason = chance.choice(
        ["unreadable", "cut", "invalid", "header", "unknown_type", "wrong_key", "future_dated", "identity"]
    )
    match reason:
        case "unreadable":
            value = b"\xff\xfe" + value[2:]
        case "cut":
            value, reason = value[:-1], "unreadable"
        case "invalid":
            value = b'{"nothing": "of what is expected"}'
            if headers["ce_type"] == b"feed.heartbeat":
                value = b'{"every_seconds": "often"}'
        case "header":
            del headers["ce_sequence"]
            reason = "invalid"
        case "unknown_type":
            headers["ce_type"] = b"hospital.teleported"
            headers.pop("ce_dataschema", None)
        case "wrong_key":
            key = b"p-" + b"0" * 32
        case "future_dated":
            headers["ce_time"] = plus(headers["ce_recordedtime"].decode(), days=2).encode()
        case "identity":
            value = orjson.dumps({**orjson.loads(value), "remark": "caller gave A123456(3)"})
    return Record(record.topic, key, value, tuple(headers.items())), reason
