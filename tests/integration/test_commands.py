"""explain, waves and deadletters against a real Kafka: what they read, what they send."""

import asyncio
import base64
import json
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
import typer
from aiokafka import AIOKafkaProducer
from nacl.public import PrivateKey
from typer.testing import CliRunner, Result

from contracts.control import OfficerDecision
from services.commands import deadletters, explain, waves
from services.commands.waves import release
from services.line import Line
from services.runtime.errors import Problem
from services.runtime.fold import Dead, Record, encode
from services.runtime.letter_box import REPLAYED_FROM
from services.runtime.letter_box import shown as hex_rows
from services.runtime.letters import Sealer
from services.runtime.reading import read_topics
from services.runtime.settings import Settings
from tests.scenario import AS_OF, expand
from tests.scenarios.memory import processors, run_in_memory, take
from tests.scenarios.model import Ends

pytestmark = pytest.mark.kafka

VAULT = PrivateKey.generate()
AT = "2026-07-31T02:00:00.000Z"


async def produce(bootstrap: str, records: Iterable[Record], transactional_id: str | None = None) -> None:
    """Sends the records; in one transaction, as the services do, where it has an id."""
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", transactional_id=transactional_id)
    await producer.start()
    try:
        if transactional_id:
            await producer.begin_transaction()
        for record in records:
            await producer.send(
                record.topic,
                record.value,
                key=record.key,
                headers=list(record.headers),
                timestamp_ms=record.timestamp or None,
            )
        if transactional_id:
            await producer.commit_transaction()
    finally:
        await producer.stop()
    if transactional_id:
        await all_see(bootstrap, transactional_id)


async def all_see(bootstrap: str, transactional_id: str) -> None:
    """Returns when all that was committed under the id is to be read: a commit is answered before its markers are
    written to every partition, but a next producer of this id is only let in when they are."""
    after = AIOKafkaProducer(bootstrap_servers=bootstrap, transactional_id=transactional_id)
    await after.start()
    await after.stop()


@pytest.fixture
def kithline(own_kafka: str, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Runs a command against a cluster of its own. A Problem is raised as it is."""
    monkeypatch.setenv("KITHLINE_KAFKA", own_kafka)
    app = typer.Typer()
    for command in (explain, waves, deadletters):
        command.register(app)

    def run(*arguments: str) -> Result:
        result = CliRunner().invoke(app, list(arguments))
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == 0, result.output
        return result

    return run


def published(ends: Ends) -> list[Record]:
    """Every revision that the line has published, as it lies on the topics."""
    return [
        Record(
            "risk.flags" if kind == "flag" else f"referral.tasks.{raw['unit_kind']}",
            raw["household_id"].encode(),
            encode(raw),
        )
        for kind, raw in ends.published
    ]


async def test_reading_ends_behind_markers_aborted_and_empty_partitions(
    kafka: str, fresh_topic: Callable[..., str]
) -> None:
    one, other, empty = (fresh_topic(name, partitions=3) for name in ("one", "other", "empty"))
    settings = Settings(kafka=kafka)
    committed = [Record(one, b"%d" % n, b"value-%d" % n, (("ce_id", b"%d" % n),)) for n in range(50)]
    await produce(kafka, committed, f"{one}-writer")
    producer = AIOKafkaProducer(bootstrap_servers=kafka, transactional_id=f"{one}-aborts")
    await producer.start()
    try:
        await producer.begin_transaction()
        for topic in (one, other):  # `other` holds nothing but what was taken back
            for n in range(20):
                await producer.send_and_wait(topic, b"aborted", key=b"%d" % n)
        await producer.abort_transaction()
        read = await asyncio.wait_for(read_topics(settings, (one, other, empty)), 20)
        assert sorted((r.key, r.value, r.headers) for r in read) == sorted(
            (r.key, r.value, r.headers) for r in committed
        )
        for number in range(3):
            offsets = [r.offset for r in read if r.partition == number]
            assert offsets == sorted(offsets)
        # what is in an open transaction is not read, and not waited for
        await producer.begin_transaction()
        await producer.send_and_wait(one, b"open", key=b"0")
        assert len(await asyncio.wait_for(read_topics(settings, (one,)), 20)) == len(committed)
        await producer.commit_transaction()
    finally:
        await producer.stop()
    await all_see(kafka, f"{one}-aborts")
    assert len(await asyncio.wait_for(read_topics(settings, (one,)), 20)) == len(committed) + 1


async def test_reading_a_topic_that_is_missing_is_a_problem(kafka: str) -> None:
    with pytest.raises(Problem, match=r"topic no\.such\.topic"):
        await read_topics(Settings(kafka=kafka), ("no.such.topic",))


def test_an_officer_lists_and_releases_waves(kithline: Callable[..., Result], own_kafka: str) -> None:
    assert "nobody waits" in kithline("waves", "list").stderr
    with pytest.raises(Problem, match="no list is called litle-support; there are: little-support"):
        kithline("waves", "release", "litle-support", "--size", "3")
    households = [
        {"type": "housing.tenancy_started", "tenancy": f"T{n}", "members": {f"old-{n}": 1940 + n}, "id": f"t-{n}"}
        for n in range(10)
    ]
    line = Line(processors(), AS_OF)
    ends = run_in_memory(expand(households), line=line)
    asyncio.run(produce(own_kafka, published(ends), "correlator-0"))
    (row,) = json.loads(kithline("waves", "list", "--json").stdout)
    assert (row["list"], row["district"], row["released"], row["waves"]) == ("little-support", "SSP", 0, {})
    assert row["candidates"] == {"high": 7, "medium": 3}
    for bad in (("--wave", "with spaces"), ("--officer", "Chan Tai Man"), ("--at", "tomorrow")):
        with pytest.raises(Problem, match=bad[0]):
            kithline("waves", "release", "little-support", "--size", "1", *bad)
    arguments = ("waves", "release", "little-support", "--district", "SSP", "--at", AT)
    dry = kithline(*arguments, "--size", "4", "--dry-run")
    assert len(dry.stdout.splitlines()) == 4
    assert "4 would be released" in dry.stderr
    assert "4 released of little-support in SSP in wave little-support-SSP-1; 6 still wait" in (
        kithline(*arguments, "--size", "4").stdout
    )
    again = asyncio.run(release(own_kafka, "little-support", "SSP", 5, "district-officer", "second", AT))
    assert len(again) == 5
    assert "1 released" in kithline(*arguments, "--size", "9", "--officer", "district-officer").stdout
    assert "0 released" in kithline(*arguments, "--size", "9").stdout
    (row,) = json.loads(kithline("waves", "list", "--json", "--district", "SSP").stdout)
    assert (row["candidates"], row["released"]) == ({}, 10)
    assert row["waves"] == {"little-support-SSP-1": 4, "second": 5, "little-support-SSP-2": 1}
    assert "little-support" in kithline("waves", "list").stdout

    records = asyncio.run(read_topics(Settings(kafka=own_kafka), ("officer.decisions",)))
    decisions = [OfficerDecision.model_validate_json(record.value) for record in records]
    levels = [ends.flags[one.flag_id]["level"] for one in decisions if one.wave != "little-support-SSP-2"]
    assert sorted(levels) == ["high"] * 7 + ["medium"] * 2
    assert {one.flag_id for one in decisions} == set(ends.flags)
    for record, decision in zip(records, decisions, strict=True):
        headers = dict(record.headers)
        assert record.key.decode() == decision.household_id
        assert headers["ce_id"].decode() == decision.decision_id
        assert headers["ce_type"] == b"officer.decision"
    # and referral, which reads them, asks the Care Teams: once each, also if the topic is read twice
    for record in (*records, *records):
        take(line, record, ends)
    assert len(ends.tasks) == 10
    assert ends.dead == []

    # live: the flag and its task, from the topics
    asyncio.run(produce(own_kafka, [record for record in published(ends) if record.topic != "risk.flags"]))
    text = kithline("explain", decisions[0].flag_id[:13]).stdout
    assert "[unknown] Welfare services known to be used" in text
    assert "Care Team: visit and see what is needed (routine)" in text
    assert "asked: 31 Jul 2026 10:00" in text
    with pytest.raises(Problem, match=r"the topics on .* \(10 flags and 10 tasks searched\)"):
        kithline("explain", "nobody-knows-this")

    # why another rule does not fire, from what the correlator holds
    (correlator,) = [task for task in line.tasks if task.processor.name == "correlator"]
    held = [
        Record(correlator.processor.changelog, key.encode(), encode(state)) for key, state in correlator.store.items()
    ]
    asyncio.run(produce(own_kafka, held))
    text = kithline("explain", decisions[0].household_id, "--rule", "carer-admitted").stdout
    assert "[not met] A carer of this person has been admitted to hospital" in text


def test_dead_letters_are_listed_shown_corrected_and_replayed(
    kithline: Callable[..., Result], own_kafka: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    (good,) = expand([{"type": "hotline.contact", "subject": "anna", "topics": ["care"]}])
    topic, key, headers = good.topic, good.key, good.headers
    invalid = Record(topic, key, good.value.replace(b"care", b"\xff\xfe"), headers, 2, 17, 1_785_000_000_000)
    newer = Record(topic, key, good.value, (*headers, ("x", b"\x00\xff")), 0, 4, 1_785_000_000_000)
    identity = Record(topic, key, b'{"who": "A123456(7)"}', headers, 1, 9, 1_785_000_000_000)
    sealer = Sealer(base64.b64encode(bytes(VAULT.public_key)).decode())
    dead = [
        Dead(invalid, "unreadable", "the value is not UTF-8 JSON"),
        Dead(newer, "too_new", "schema version 9, we know 1"),
        Dead(identity, "identity", "a field has the shape of an HKID"),
    ]
    letters = [Record("dead.letters", one.record.key, encode(sealer.letter("hotline", one))) for one in dead]
    asyncio.run(produce(own_kafka, letters, "hotline-0"))

    rows = json.loads(kithline("deadletters", "list", "--json").stdout)
    assert [(row["id"], row["reason"], row["sealed"]) for row in rows] == [
        (f"{topic}:0:4", "too_new", False),
        (f"{topic}:1:9", "identity", True),
        (f"{topic}:2:17", "unreadable", False),
    ]
    everything = kithline("deadletters", "list").output
    assert key.decode() not in everything
    assert "A123456" not in everything
    assert len(json.loads(kithline("deadletters", "list", "--json", "--reason", "too_new").stdout)) == 1
    assert json.loads(kithline("deadletters", "list", "--json", "--topic", "welfare.register").stdout) == []
    with pytest.raises(Problem, match="no such reason"):
        kithline("deadletters", "list", "--reason", "to_new")

    shown = kithline("deadletters", "show", f"{topic}:2:17").stdout
    assert hex_rows(invalid.value) in shown
    assert "ce_type: hotline.contact" in shown
    assert good.value.decode() in kithline("deadletters", "show", f"{topic}:0:4").stdout
    with pytest.raises(Problem, match="is sealed because it carries identity"):
        kithline("deadletters", "show", f"{topic}:1:9")
    with pytest.raises(Problem, match="is sealed because it carries identity"):
        kithline("deadletters", "replay", f"{topic}:1:9")
    vault_key = tmp_path / "vault.key"
    vault_key.write_bytes(base64.b64encode(bytes(VAULT)))
    opened = kithline("deadletters", "show", f"{topic}:1:9", "--vault-key", str(vault_key))
    assert "A123456(7)" in opened.stdout
    log = tmp_path / "kithline" / "openings.jsonl"
    assert str(log) in opened.stderr
    assert json.loads(log.read_text().splitlines()[-1])["letter"] == f"{topic}:1:9"
    other_key = tmp_path / "other.key"
    other_key.write_bytes(bytes(PrivateKey.generate()))
    with pytest.raises(Problem, match="does not open this dead letter"):
        kithline("deadletters", "show", f"{topic}:1:9", "--vault-key", str(other_key))

    corrected = tmp_path / "value.json"
    corrected.write_bytes(good.value)
    kithline("deadletters", "replay", f"{topic}:2:17", "--value", str(corrected))
    kithline("deadletters", "replay", "--reason", "too_new", "--all")
    with pytest.raises(Problem, match="would put identity on the wire again"):
        kithline("deadletters", "replay", f"{topic}:1:9", "--vault-key", str(vault_key))
    kithline("deadletters", "replay", f"{topic}:1:9", "--vault-key", str(vault_key), "--value", str(corrected))
    for wrong in ((), ("--all",), (f"{topic}:0:4", "--all", "--reason", "too_new")):
        with pytest.raises(Problem, match="name ids, or else"):
            kithline("deadletters", "replay", *wrong)
    with pytest.raises(Problem, match="exactly one id"):
        kithline("deadletters", "replay", f"{topic}:0:4", f"{topic}:2:17", "--value", str(corrected))

    again = {
        dict(record.headers)[REPLAYED_FROM].decode(): record
        for record in asyncio.run(read_topics(Settings(kafka=own_kafka), (topic,)))
    }
    assert set(again) == {f"{topic}:{place}" for place in ("2:17", "0:4", "1:9")}
    assert again[f"{topic}:0:4"].headers[:-1] == newer.headers
    for record in again.values():
        assert (record.key, record.value) == (key, good.value)
    # a new input record like any other: the first is applied, the others are known
    ends = Ends()
    line = Line(processors(), AS_OF)
    for record in again.values():
        take(line, record, ends)
    assert ends.dead == []
