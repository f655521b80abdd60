"""The signed callback: who may answer, what is refused and how, and that nothing counts twice."""

from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from contracts.unit_tasks import AnswerState, UnitProblem
from services.adapters.webhook.signing import Signer, sign
from services.book.audit import entries, verify
from services.book.tables import AUDIT
from tests.scenario import expand
from tests.unit.adapters.bench import HOTLINE, SIGNERS, World, world
from tests.unit.adapters.webhook.test_faults import NOW, asked, households


@pytest.fixture
async def one(tmp_path: Path) -> AsyncIterator[World]:
    """A world with one task, received."""
    async with world(tmp_path, NOW) as made:
        await made.tick(NOW)
        await made.feed(*households(1))
        await made.settle()
        yield made


def accept(one: World, **changes: Any) -> dict[str, Any]:
    (known,) = one.unit.tasks.values()
    return {"id": "a-1", "task": known["task_id"], "action": "accept", **changes}


def problem(response: Any, status: int, code: str) -> UnitProblem:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    read = UnitProblem.model_validate_json(response.content)
    assert (read.status, read.code) == (status, code)
    return read


async def test_an_answer_posted_again_and_again_counts_once(one: World) -> None:
    first = await one.answer(accept(one))
    assert first.status_code == 202
    assert AnswerState.model_validate_json(first.content).state == "queued"
    for seconds in (0, 1, 2):
        one.real_ms += seconds * 1000
        assert (await one.answer(accept(one))).status_code == 200
    await one.settle()
    again = await one.answer(accept(one))
    assert again.status_code == 200
    assert again.json()["state"] == "taken"
    await one.settle()
    assert (asked(one)[0]["status"], asked(one)[0]["revision"]) == ("accepted", 3)
    assert one.dead == Counter()


async def test_a_request_that_is_replayed_byte_for_byte_does_nothing_more(one: World) -> None:
    body = orjson.dumps(accept(one))
    headers = sign(SIGNERS[:1], "a-1", one.real_ms // 1000, body)
    where = f"/v1/units/{HOTLINE}/answers"
    assert (await one.client.post(where, content=body, headers=headers)).status_code == 202
    await one.settle()
    assert (await one.client.post(where, content=body, headers=headers)).status_code == 200
    one.real_ms += 301_000
    problem(await one.client.post(where, content=body, headers=headers), 401, "not_signed")
    await one.settle()
    assert asked(one)[0]["revision"] == 3


@pytest.mark.parametrize(
    "changes",
    [
        {"webhook_signature": "v1,AAAA"},
        {"webhook_timestamp": "0"},
        {"webhook_id": "a-2"},
        {"body": b"{}"},
    ],
)
async def test_a_wrong_signature_is_refused_and_leaves_nothing(one: World, changes: dict[str, Any]) -> None:
    problem(await one.answer(accept(one), **changes), 401, "not_signed")
    assert await one.book.waiting(HOTLINE) == set()


async def test_a_stranger_and_a_wrong_key_are_answered_alike(one: World) -> None:
    body = orjson.dumps(accept(one))
    wrong = sign([Signer("k1", bytes(32))], "a-1", one.real_ms // 1000, body)
    answers = [
        await one.client.post(f"/v1/units/{unit}/answers", content=body, headers=wrong) for unit in (HOTLINE, "unit-x")
    ]
    assert answers[0].content == answers[1].content
    problem(answers[0], 401, "not_signed")


async def test_a_task_of_nobody_or_of_another_unit_is_unknown(one: World) -> None:
    other = {"id": "a-1", "task": "t-" + "a" * 26, "action": "accept"}
    assert "no task" in problem(await one.answer(other), 404, "unknown_task").detail
    path = f"/v1/units/{HOTLINE}/answers/never"
    problem(await one.get(path), 404, "unknown_answer")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"action": "reject"}, "needs a reason"),
        ({"action": "complete", "outcome": None}, "needs an outcome"),
        ({"action": "cancel"}, "action"),
        ({"notes": "Mrs Chan was out"}, "notes"),
        ({"expected_revision": 0}, "expected_revision"),
        ({"filler_id": "a name of a person"}, "filler_id"),
        ({"task": "cb8b18f3-16e2-5722-a91b-83ca081a1e88"}, "task"),
    ],
)
async def test_an_answer_that_is_none_says_where(one: World, changes: dict[str, Any], words: str) -> None:
    said = problem(await one.answer(accept(one, **changes)), 422, "invalid")
    assert words in said.detail
    for value in changes.values():
        assert str(value) not in said.detail or value in ("reject", "complete", "cancel", 0, None)


async def test_an_identity_is_refused_and_not_repeated(one: World) -> None:
    said = problem(await one.answer(accept(one, filler_id="A1234563")), 422, "identity")
    assert "A1234563" not in said.detail


async def test_what_the_task_does_not_allow_is_refused_with_what_it_does(one: World) -> None:
    said = problem(await one.answer(accept(one, action="begin_service")), 409, "illegal_transition")
    assert "accept" in said.detail


async def test_an_id_for_two_answers_and_a_stale_answer_are_refused(one: World) -> None:
    assert (await one.answer(accept(one))).status_code == 202
    problem(await one.answer(accept(one, action="reject", reason="no_capacity")), 409, "id_reused")
    waits = await one.answer(accept(one, id="a-2", action="start"))
    problem(waits, 409, "stale_revision")
    assert waits.headers["retry-after"] == "1"
    await one.settle()
    problem(await one.answer(accept(one, id="a-3", action="start", expected_revision=2)), 409, "stale_revision")
    assert (await one.answer(accept(one, id="a-4", action="start", expected_revision=3))).status_code == 202


async def test_an_answer_without_a_revision_answers_what_the_unit_was_told(one: World) -> None:
    """Of what has changed meanwhile the unit knows nothing: it looks again before it answers."""
    (known,) = one.unit.tasks.values()
    cancelled = {"type": "hospital.admission_cancelled", "subject": "anna0", "visit": "V0", "at": "2026-07-10T12:00"}
    assert (await one.answer(accept(one))).status_code == 202
    await one.settle()
    await one.feed(*expand([cancelled]))
    assert asked(one)[0]["business_status"] == "cancellation_requested"
    done = accept(one, id="a-2", action="complete", outcome="already_supported")
    assert known["task_id"] == done["task"]
    problem(await one.answer(done), 409, "stale_revision")
    await one.settle()
    assert (await one.answer(done)).status_code == 202


async def test_a_system_that_has_lost_its_list_reads_it_again(one: World) -> None:
    path = f"/v1/units/{HOTLINE}/tasks"
    answer = await one.get(path)
    assert [task["task_id"] for task in answer.json()["tasks"]] == list(one.unit.tasks)
    headers = sign(SIGNERS[:1], "/v1/units/other/tasks", one.real_ms // 1000, b"")
    problem(await one.client.get(path, headers=headers), 401, "not_signed")


async def test_too_much_is_refused(one: World) -> None:
    problem(await one.answer({"id": "a-1", "action": "x" * 70_000}), 413, "too_large")


async def test_a_refusal_by_the_referral_desk_is_told(one: World) -> None:
    assert (await one.answer(accept(one))).status_code == 202
    cancelled = {"type": "hospital.admission_cancelled", "subject": "anna0", "visit": "V0", "at": "2026-07-10T12:00"}
    await one.feed(*expand([cancelled]))  # taken back before the answer is through
    await one.settle()
    state = (await one.get(f"/v1/units/{HOTLINE}/answers/a-1")).json()
    assert state["state"] == "refused"
    assert state["reason"] in ("stale_revision", "illegal_transition")
    assert state["detail"]


async def test_every_answer_stands_in_the_audit_without_what_it_is_about(one: World) -> None:
    await one.answer(accept(one))
    async with one.book.store.read() as look:
        said = [entry async for entry in entries(look, AUDIT)]
        assert await verify(look, AUDIT) == len(said) == 2
    assert [(entry["action"], entry["actor"]) for entry in said] == [
        ("receive", "webhook"),
        ("accept", f"webhook:{HOTLINE}"),
    ]
