"""Access, correction and erasure on a real Kafka, with all services running."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from contracts.instants import plus
from services.commands import subject
from services.commands.subject import read_holdings
from services.runtime.erasure import fingerprint
from services.runtime.errors import Problem
from services.runtime.reading import read_topics
from services.runtime.settings import Settings
from services.runtime.states import last_values
from services.runtime.topics import topics
from tests.integration.running_line import running_line
from tests.scenario import AS_OF, expand, person, resend
from tests.unit.subject.test_access import CARE, COHORT
from tests.unit.subject.test_erasing import EVERYTHING

pytestmark = pytest.mark.kafka

ANNA, ANN = person("anna"), person("ann")
CHANGELOGS = [name for name, topic in topics().items() if topic.kind == "changelog"]


@pytest.fixture
def kithline(own_kafka: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Runs a command against the cluster, its logs in a folder of the test."""
    monkeypatch.setenv("KITHLINE_KAFKA", own_kafka)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    app = typer.Typer()
    subject.register(app)

    def run(*arguments: str) -> Result:
        result = CliRunner().invoke(app, ["subject", *arguments])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == 0, result.output
        return result

    return run


async def naming(settings: Settings, *ids: str) -> list[str]:
    """Every value of a changelog, as it is after compaction, that names one of the ids."""
    states = last_values(await read_topics(settings, CHANGELOGS))
    return [
        f"{name} {key}"
        for name, state in states.items()
        for key, value in state.items()
        if any(one in key or one in json.dumps(value) for one in ids)
    ]


async def test_erased_is_erased_and_late_facts_bring_nobody_back_not_after_a_restart_either(
    own_kafka: str, tmp_path: Path, kithline: Callable[..., Result]
) -> None:
    settings = Settings(kafka=own_kafka)
    later = expand([*EVERYTHING, {**CARE, "at": "2026-07-20"}, {**COHORT, "at": "2026-07-20"}])
    records, afterwards = later[: len(EVERYTHING)], later[len(EVERYTHING) :]
    until = "2026-07-18T00:00:00.000Z"
    async with running_line(own_kafka, tmp_path, AS_OF) as line:
        await line.send(*records)
        before = await read_holdings(settings, ANN)
        assert set(before.ids) == {ANNA, ANN}
        assert len(await naming(settings, ANNA)) > 6
        shown = await asyncio.to_thread(kithline, "access", ANNA, "--json", str(tmp_path / "before.json"))
        assert person("ben") not in shown.output + (tmp_path / "before.json").read_text()
        erase = ("erase", ANN, "--officer", "data-officer", "--until", until)
        await asyncio.to_thread(kithline, *erase)
        assert len(await naming(settings, ANNA)) > 6, "without --send nothing is sent"
        await asyncio.to_thread(kithline, *erase, "--send")
        await line.send()
        assert await naming(settings, ANNA, ANN) == []
        late = [resend(record, plus(AS_OF, hours=1)) for record in records if record.topic != "housing.tenancies"]
        await line.send(*late)
        assert await naming(settings, ANNA, ANN) == []
        assert (await line.ends()).dead == []
    (entry,) = map(json.loads, (tmp_path / "kithline" / "erasures.jsonl").read_text().splitlines())
    assert sorted(entry["persons"]) == sorted([fingerprint(ANNA), fingerprint(ANN)])
    assert ANNA not in json.dumps(entry)
    await asyncio.to_thread(kithline, "access", ANNA, "--json", str(tmp_path / "after.json"))
    answer = json.loads((tmp_path / "after.json").read_text())
    assert not any(answer[name] for name in ("facts", "households", "tasks", "state"))
    assert answer["erased_up_to"] == until
    assert {one["topic"] for one in answer["copies"]} >= {"hospital.admissions", "person.facts"}
    async with running_line(own_kafka, tmp_path) as line:  # restored from the changelogs, removed keys and all
        await line.send(*late[:2], *afterwards)
        assert set((await read_holdings(settings, ANNA)).states["people"][ANNA]["facts"]) == {
            f"care.gives~{person('ben')}|allowance~swd-register",
            "cohort~high_risk_public_housing~swd-register",
        }
        assert (await line.ends()).dead == []


async def test_a_correction_goes_through_the_door_and_prevails(
    own_kafka: str, tmp_path: Path, kithline: Callable[..., Result]
) -> None:
    settings = Settings(kafka=own_kafka)
    async with running_line(own_kafka, tmp_path, AS_OF) as line:
        await line.send(*expand([CARE]))
        with pytest.raises(Problem, match="0 events e-999"):
            await asyncio.to_thread(kithline, "correct", ANNA, "--event", "e-999")
        change = ("correct", ANNA, "--event", "e-001", "--set", "cared_for_group=disabled")
        assert '"elderly"' in (await asyncio.to_thread(kithline, *change)).output
        await asyncio.to_thread(kithline, *change, "--send")
        await line.send()
        people = (await read_holdings(settings, ANNA)).states["people"]
        ((versions),) = people[ANNA]["facts"].values()
        assert [fact["value"]["group"] for fact in versions] == ["elderly", "disabled"]
        assert (await line.ends()).dead == []
