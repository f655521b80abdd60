"""The vault's own process on real Kafka: from a task that is asked to one that has ended, across a kill, with the
command line that people use."""

import asyncio
import base64
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from nacl.public import PrivateKey
from pydantic import BaseModel
from typer.testing import CliRunner, Result

from contracts.tasks import Task
from services.book.naming import ref
from services.cli import build
from services.demo.processes import free_ports
from services.runtime.fold import Dead, Record
from services.runtime.letters import Sealer
from services.runtime.schemas import CONTRACTS
from services.runtime.sender import send
from services.runtime.settings import WEB_ORDER, Settings

NAMESPACE = bytes(range(32))
PRIVATE = PrivateKey(bytes(range(64, 96)))
UNIT, OFFICER = "ssp-care-team-07", "officer-1"
NAME = "VAULTTEST Ka Yan"


class Running:
    """The vault's process, and the command line that belongs to it."""

    def __init__(self, kafka: str, folder: Path) -> None:
        ports = free_ports(len(WEB_ORDER) + 1, 41_066 + 1000 * int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]))
        self.api = ports + len(WEB_ORDER)
        self.pages = ports + WEB_ORDER.index("vault")
        self.log = folder / "vault.log"
        key = folder / "vault.key"
        key.write_bytes(base64.b64encode(bytes(PRIVATE)))
        policy = (Settings().policy_dir / "disclosure.yaml").read_text("utf-8")
        patient = policy.replace("refusals: 40", "refusals: 10000").replace("least: 30", "least: 10000")
        assert patient.count("10000") == 2  # these tests ask again and again until the vault has read a task
        (folder / "disclosure.yaml").write_text(patient, "utf-8")
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("KITHLINE_")},
            "KITHLINE_KAFKA": kafka,
            "KITHLINE_WEB_PORT": str(ports),
            "KITHLINE_LOG_FORMAT": "json",
            "KITHLINE_LOG_LEVEL": "DEBUG",
            "KITHLINE_POLICY_DIR": str(folder),
            "KITHLINE_NAMESPACE_KEY": NAMESPACE.hex(),
            "KITHLINE_VAULT_PUBLIC_KEY": base64.b64encode(bytes(PRIVATE.public_key)).decode(),
            "KITHLINE_VAULT_KEY_FILE": str(key),
            "KITHLINE_VAULT_DSN": f"sqlite:///{folder}/vault.db",
            "KITHLINE_VAULT_PORT": str(self.api),
            "KITHLINE_VAULT_URL": f"http://127.0.0.1:{self.api}",
        }
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "services.vault"], env=self.environment, stdout=log, stderr=log
            )
        self.wait(lambda: self._ready())

    def _ready(self) -> bool:
        assert self.process is not None and self.process.poll() is None, self.log.read_text()
        try:
            return httpx.get(f"http://127.0.0.1:{self.pages}/health/ready").status_code == 200
        except httpx.TransportError:
            return False

    def stop(self, by: signal.Signals = signal.SIGTERM) -> int:
        assert self.process is not None
        self.process.send_signal(by)
        return self.process.wait(30)

    def kithline(self, *arguments: str, token: str = "") -> Result:
        """The command line, with this vault's settings."""
        return CliRunner().invoke(build(), [*arguments], env={**self.environment, "KITHLINE_VAULT_TOKEN": token})

    def credential(self, *options: str) -> str:
        done = self.kithline("vault", "credentials", "add", *options)
        assert done.exit_code == 0, done.output
        return done.stdout.strip()

    def resolve(self, token: str, task: Task, **said: str) -> tuple[int, dict[str, Any]]:
        asked = {
            "task": ref(NAMESPACE, UNIT, "task", task.task_id),
            "purpose": "visit",
            "lawful_basis": task.lawful_basis,
            "actor": OFFICER,
            **said,
        }
        url = f"http://127.0.0.1:{self.api}/v1/resolve"
        answer = httpx.post(url, json=asked, headers={"Authorization": f"Bearer {token}"})
        return answer.status_code, answer.json()

    @staticmethod
    def wait(holds: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 60
        while not holds():
            assert time.monotonic() < deadline
            time.sleep(0.1)


@pytest.mark.kafka
def test_identity_is_told_while_the_unit_has_the_task_in_hand_and_at_no_other_time(
    line_topics: str, tmp_path: Path
) -> None:
    running = Running(line_topics, tmp_path)
    person = "p-" + os.urandom(16).hex()
    example = json.loads((CONTRACTS / "examples" / "task" / "good-1.json").read_text("utf-8"))
    base = {**example, "task_id": f"vault-{person}", "for": person, "unit": UNIT, "unit_kind": "care_team"}
    asked, accepted, ended = (
        Task.model_validate({**base, "revision": number, **said})
        for number, said in enumerate(
            [{"status": "requested"}, {"status": "accepted"}, {"status": "completed", "outcome": "risk_assessed"}], 1
        )
    )
    people = tmp_path / "people.jsonl"
    identity = {"subject": person, "as_of": "2026-07-01T00:00:00Z", "name": {"en": NAME}, "address": {"en": "Flat 1"}}
    people.write_bytes(orjson.dumps(identity) + b"\n")
    held = Record(f"tests.{person}", person.encode(), NAME.encode(), (), 0, 7, 9)
    place = f"{held.topic}:0:7"
    letter = Sealer(running.environment["KITHLINE_VAULT_PUBLIC_KEY"]).letter(
        "admission", Dead(held, "identity", "a name")
    )

    def publish(topic: str, content: BaseModel, key: str = "") -> None:
        value = content.model_dump_json(by_alias=True).encode()
        asyncio.run(send([Record(topic, key.encode(), value)], [topic], Settings(kafka=line_topics)))

    def revision(task: Task) -> None:
        publish("referral.tasks.care_team", task, task.household_id)

    def becomes(token: str, said: str | None) -> None:
        running.wait(lambda: running.resolve(token, asked)[1].get("refused") == said)

    running.start()
    try:
        team = running.credential("--right", "resolve", "--unit", UNIT, "--attended")
        other = running.credential("--right", "resolve", "--unit", "ssp-care-team-08")
        source = running.credential("--right", "load")
        operator = running.credential("--right", "letters")
        loaded = running.kithline("vault", "load", str(people), token=source)
        assert "1 identities; 1 new" in loaded.stderr, loaded.output

        assert running.resolve(team, asked)[1]["refused"] == "unknown_task"
        revision(asked)
        becomes(team, "not_accepted")
        revision(accepted)
        becomes(team, None)
        status, told = running.resolve(team, asked)
        assert (status, told["name"]["en"], told["address"]["en"]) == (200, NAME, "Flat 1")
        assert running.resolve(other, asked)[1]["refused"] == "unknown_task"
        assert running.resolve("kv.no.thing", asked)[0] == 401

        running.stop(signal.SIGKILL)
        running.start()
        assert running.resolve(team, asked)[0] == 200  # nothing that it had read is lost
        running.stop(signal.SIGKILL)
        revision(ended)
        running.start()  # …ready, once it has read what came while it was down
        assert running.resolve(team, asked)[1]["refused"] == "ended"
        revision(accepted)  # once more, late

        publish("dead.letters", letter)
        opened = running.kithline("deadletters", "show", place, token=operator)
        assert NAME in opened.stdout, opened.output
        assert "of the vault's audit" in opened.stderr
        refused = running.kithline("deadletters", "show", place, token=team)
        assert refused.exit_code and NAME not in refused.output
        assert "not_your_right" in str(refused.exception)
        assert running.resolve(team, asked)[1]["refused"] == "ended"

        privacy = running.credential("--right", "subjects")
        access = running.kithline("subject", "access", person, token=privacy)
        assert "address, language, name" in access.stdout, access.output
        assert access.stdout.count("to visit") >= 2  # who has opened it, and what for
        erased = running.kithline("subject", "erase", person, "--officer", "officer-2", "--send", token=privacy)
        assert "1 identities erased in the vault" in erased.stderr, erased.output
        access = running.kithline("subject", "access", person, token=privacy)
        assert "address, language, name" not in access.stdout
    finally:
        status = running.stop()
    assert status == 0, running.log.read_text()
    verified = running.kithline("vault", "audit", "--verify")
    assert verified.exit_code == 0, verified.output
    shown = running.kithline("vault", "audit", "--last", "1000").stdout
    results = {json.loads(line)["result"] for line in shown.splitlines()}
    assert {"told", "unknown_task", "not_accepted", "ended", "bad_credential", "not_your_right"} <= results
    for text in (running.log.read_text(), shown, loaded.output, verified.output, access.output):
        assert NAME not in text and "Flat 1" not in text
