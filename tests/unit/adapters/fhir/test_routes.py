"""The FHIR server as a unit's system uses it: reads, polls, changes, is refused; and sees nothing of another unit."""

import json
from typing import Any

import httpx
import pytest
from fhir.resources.R4B import get_fhir_model_class
from starlette.routing import Route

from contracts.instants import plus
from services.adapters.fhir.access import Access
from services.book.tables import held
from services.runtime.errors import Problem
from tests.unit.adapters.fhir.bench import OTHER, concept, extension, output, world
from tests.unit.adapters.fhir.made import NOW, UNIT
from tests.unit.book.made import task

OUTCOME = output("outcome", "outcome", "follow_up_planned")
WISH = {
    "resourceType": "Subscription",
    "status": "requested",
    "reason": "new tasks",
    "criteria": "Task?status=requested",
    "channel": {"type": "rest-hook", "endpoint": "https://unit-a.example/hook"},
}


def refused(answer: httpx.Response, status: int, *words: str) -> dict[str, Any]:
    """It is refused by an OperationOutcome that holds the words."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("application/fhir+json")
    get_fhir_model_class("OperationOutcome").model_validate(answer.json())
    (issue,) = answer.json()["issue"]
    assert issue["severity"] == "error"
    assert all(word in issue["diagnostics"] for word in words), issue["diagnostics"]
    found: dict[str, Any] = issue
    return found


def found(answer: httpx.Response) -> list[str]:
    """The ids of a page's matches."""
    assert answer.status_code == 200, answer.text
    get_fhir_model_class("Bundle").model_validate(answer.json())
    entries = answer.json().get("entry", [])
    return [one["resource"]["id"] for one in entries if one["search"]["mode"] == "match"]


def link(answer: httpx.Response, relation: str) -> str | None:
    urls = {one["relation"]: one["url"] for one in answer.json()["link"]}
    url: str | None = urls.get(relation)
    return None if url is None else url.removeprefix("http://adapters/fhir")


class TestWhoSeesWhat:
    async def test_every_route_about_a_unit_asks_for_a_token_and_finds_nothing_of_another_unit(self) -> None:
        async with world() as one:
            name = await one.give(task(unit=UNIT.id), at=NOW)
            kept = await one.ask("POST", "/Subscription", body=WISH)
            (held,) = await one.all_held()
            ids = {
                "/fhir/Task/{id}": name,
                "/fhir/ServiceRequest/{id}": name,
                "/fhir/Patient/{id}": held.view["for"],
                "/fhir/Organization/{id}": UNIT.id,
                "/fhir/Subscription/{id}": kept.json()["id"],
                "/fhir/{path:path}": "anything",
            }
            public = ("/metadata", "/CodeSystem", "/ValueSet", "/StructureDefinition")
            mine = await one.read(name)
            looked = 0
            for route in one.routes:
                assert isinstance(route, Route)
                if route.path.removeprefix("/fhir").startswith(public):
                    continue
                path = route.path.replace("{path:path}", "{id}").replace("{id}", ids.get(route.path, ""))
                path = path.removeprefix("/fhir")
                for method in route.methods or ():
                    looked += 1
                    body = {**mine, "status": "accepted"} if "Task" in path else WISH
                    sent: dict[str, Any] = {"body": body, "if_match": 'W/"1"'} if method in ("PUT", "POST") else {}
                    nobody = await one.ask(method, path, unit=None, **sent)
                    wrong = await one.ask(method, path, unit=None, authorization="Bearer " + "c" * 64, **sent)
                    for answer in (nobody, wrong):
                        assert answer.status_code == 401 and answer.headers["www-authenticate"] == "Bearer"
                    theirs = await one.ask(method, path, unit=OTHER.id, **sent)
                    if "{id}" in route.path or "path" in route.path:
                        assert theirs.status_code in (404, 405), (method, path, theirs.text)
                    for ours in (name, held.view["for"], kept.json()["id"], "Unit A"):
                        assert ours not in theirs.text, (method, path)
            assert looked >= 35
            assert one.letters == []
            assert (await one.read(name))["status"] == "requested"
            assert (await one.ask("GET", f"/Subscription/{kept.json()['id']}")).status_code == 200

    async def test_what_everybody_may_know_needs_no_token(self) -> None:
        async with world() as one:
            said = (await one.ask("GET", "/metadata", unit=None)).json()
            assert said["fhirVersion"] == "4.0.1" and said["implementation"]["url"] == "http://adapters/fhir"
            get_fhir_model_class("CapabilityStatement").model_validate(said)
            listed = found(await one.ask("GET", "/CodeSystem", unit=None))
            assert "business-status" in listed
            by_url = await one.ask("GET", "/ValueSet?url=urn:kithline:fhir:valueset:reason-to-reject", unit=None)
            assert found(by_url) == ["reason-to-reject"]
            codes = (await one.ask("GET", "/CodeSystem/outcome", unit=None)).json()["concept"]
            assert {"care_resumed", "not_located"} <= {code["code"] for code in codes}
            refused(await one.ask("GET", "/CodeSystem/none", unit=None), 404, "business-status")

    async def test_a_task_under_decision_is_not_shown(self) -> None:
        async with world() as one:
            withheld = {"status": "on-hold", "status_reason": "consent_withdrawn", "resumes_as": "requested"}
            name = await one.give(task(unit=UNIT.id, **withheld), at=NOW)
            refused(await one.ask("GET", f"/Task/{name}"), 404)
            assert found(await one.ask("GET", "/Task")) == []

    async def test_what_went_elsewhere_is_cancelled_for_who_knew_it_and_unknown_to_who_did_not(self) -> None:
        async with world() as one:
            knew = await one.give(task("task-1", UNIT.id), at=NOW)
            await one.read(knew)
            never = await one.give(task("task-2", UNIT.id))
            await one.give(task("task-1", OTHER.id, revision=2), task("task-2", OTHER.id, revision=2))
            taken_back = await one.give(task("task-3", UNIT.id, status="cancelled"))
            gone = await one.read(knew)
            assert (gone["status"], gone["meta"]["versionId"]) == ("cancelled", "2")
            for unheard in (never, taken_back):
                refused(await one.ask("GET", f"/Task/{unheard}"), 404)
            assert found(await one.ask("GET", "/Task")) == [knew]
            refused(await one.change(knew, status="accepted"), 422, "no longer with your unit")

    def test_two_units_with_one_token_are_an_error_at_the_start(self) -> None:
        with pytest.raises(Problem, match="unit-a and unit-b have the same"):
            Access({"a": (UNIT, [b"x" * 32]), "b": (OTHER, [b"x" * 32])})


class TestChanging:
    async def test_a_unit_takes_a_task_through_its_whole_life(self) -> None:
        async with world() as one:
            name = await one.give(task(unit=UNIT.id), at=NOW)
            steps: list[dict[str, Any]] = [
                {"status": "received"},
                {"status": "accepted", "identifier": [{"system": "https://unit-a.example", "value": "A-17"}]},
                {"status": "in-progress", "businessStatus": concept("business-status", "contact_attempted")},
                {"extension": [extension("attempts-to-reach", valueUnsignedInt=2)]},
                {
                    "businessStatus": concept("business-status", "visit_scheduled"),
                    "extension": [extension("visit-at", valueDateTime="2026-07-04T10:00:00+08:00")],
                },
                {"status": "on-hold", "statusReason": concept("status-reason", "bad_weather")},
                {"status": "in-progress"},
                {"businessStatus": concept("business-status", "contact_made")},
                {"status": "completed", "output": [OUTCOME, output("finding", "finding", "wishes_alarm")]},
            ]
            for number, step in enumerate(steps, start=2):
                answer = await one.change(name, **step)
                assert answer.status_code == 200, answer.text
                assert answer.headers["etag"] == f'W/"{number}"' and answer.json()["meta"]["versionId"] == str(number)
            done = await one.read(name)
            assert done["status"] == "completed" and done["identifier"][1]["value"] == "A-17"
            assert [code["valueCodeableConcept"]["coding"][0]["code"] for code in done["output"]] == [
                "follow_up_planned",
                "wishes_alarm",
            ]
            said = "receive accept attempt attempt schedule hold resume contact complete"
            assert [letter.action for letter in one.letters] == said.split()
            assert [letter.expected_revision for letter in one.letters] == list(range(1, 10))
            assert one.letters[4].visit_at == "2026-07-04T02:00:00.000Z"

    async def test_the_same_change_again_is_the_same_answer_whatever_came_after(self) -> None:
        async with world() as one:
            name = await one.give(task(unit=UNIT.id), at=NOW)
            body = {**await one.read(name), "status": "accepted"}
            sent = [await one.ask("PUT", f"/Task/{name}", body=body, if_match='W/"1"') for _ in range(3)]
            await one.change(name, status="in-progress")
            sent.append(await one.ask("PUT", f"/Task/{name}", body=body, if_match='W/"1"'))
            assert [answer.status_code for answer in sent] == [200] * 4
            assert [letter.action for letter in one.letters] == ["accept", "start"]
            assert sent[3].json()["status"] == "in-progress"

    async def test_what_changes_nothing_is_no_answer(self) -> None:
        async with world() as one:
            name = await one.give(task(unit=UNIT.id, status="accepted", business_status="delivered"), at=NOW)
            assert (await one.change(name)).status_code == 200
            assert one.letters == []

    async def test_a_stale_version_is_refused_and_says_the_new_one(self) -> None:
        async with world() as one:
            name = await one.give(task(unit=UNIT.id, revision=4), at=NOW)
            for stale in ("3", "5"):
                refused(await one.change(name, version=stale, status="accepted"), 412, "version 4")
            assert one.letters == []

    async def test_the_version_must_be_said(self) -> None:
        async with world() as one:
            name = await one.give(task(unit=UNIT.id), at=NOW)
            body = {**await one.read(name), "status": "accepted"}
            refused(await one.ask("PUT", f"/Task/{name}", body=body), 400, "If-Match")
            refused(await one.ask("PUT", f"/Task/{name}", body=body, if_match="*"), 400, "If-Match")

    async def test_what_the_life_of_a_task_forbids_is_refused_at_once_in_its_words(self) -> None:
        async with world() as one:
            name = await one.give(task(unit=UNIT.id), at=NOW)
            refused(await one.change(name, status="completed", output=[OUTCOME]), 422, "possible now", "accept")
            assert one.letters == []

    async def test_what_the_referral_desk_refuses_is_told_and_again_when_asked_again(self) -> None:
        async with world() as one:
            name = await one.give(task(unit=UNIT.id), at=NOW)
            one.refuses = "the household was erased meanwhile"
            for _ in range(2):
                refused(await one.change(name, status="accepted"), 422, "erased meanwhile")
            assert len(one.letters) == 1

    async def test_what_is_under_way_is_said_to_be_and_nothing_overtakes_it(self) -> None:
        async with world(desk=False, wait=0) as one:
            name = await one.give(task(unit=UNIT.id), at=NOW)
            for _ in range(2):
                answer = await one.change(name, status="accepted")
                assert answer.status_code == 202
                assert answer.json()["issue"][0]["severity"] == "information"
            refused(
                await one.change(name, status="rejected", statusReason=concept("status-reason", "safety")),
                409,
                "still being taken",
            )

    @pytest.mark.parametrize(
        ("body", "headers", "status", "says"),
        [
            (b"{", {}, 400, "not JSON"),
            (b"[]", {}, 400, "resourceType Task"),
            ({"resourceType": "Patient"}, {}, 400, "resourceType Task"),
            ({"status": "accepted"}, {}, 400, "resourceType Task"),
            ({"resourceType": "Task", "status": "accepted"}, {}, 400, "Task.intent"),
            ({"resourceType": "Task", "status": "accepted", "intent": "order", "foo": 1}, {}, 400, "Task.foo"),
            ({"resourceType": "Task"}, {"content_type": "application/fhir+xml"}, 415, "application/fhir+json"),
            (b" " * 300_000, {}, 413, "bytes at most"),
            ({"resourceType": "Task"}, {"accept": "application/fhir+xml"}, 406, "application/fhir+json only"),
        ],
    )
    async def test_what_is_no_task_is_refused(self, body: Any, headers: dict[str, str], status: int, says: str) -> None:
        async with world() as one:
            name = await one.give(task(unit=UNIT.id), at=NOW)
            refused(await one.ask("PUT", f"/Task/{name}", body=body, if_match='W/"1"', **headers), status, says)

    async def test_other_ways_are_refused(self) -> None:
        async with world() as one:
            name = await one.give(task(unit=UNIT.id), at=NOW)
            refused(await one.ask("PATCH", f"/Task/{name}", body=[]), 405, "GET, PUT is")
            refused(await one.ask("DELETE", f"/Task/{name}"), 405, "DELETE is not possible")
            refused(await one.ask("POST", "/Task", body={}), 405, "GET is")
            refused(await one.ask("GET", "/Observation"), 404, "metadata")


class TestReading:
    async def test_a_task_its_request_and_both_organizations(self) -> None:
        async with world() as one:
            name = await one.give(task(unit=UNIT.id), at=NOW)
            answer = await one.ask("GET", f"/Task/{name}")
            assert answer.headers["etag"] == 'W/"1"' and answer.headers["cache-control"] == "no-store"
            same = await one.ask("GET", f"/Task/{name}", if_none_match='W/"1"')
            assert same.status_code == 304
            for reference in ("focus", "owner", "requester"):
                read = await one.ask("GET", f"/{answer.json()[reference]['reference']}")
                assert (
                    read.status_code == 200 and read.json()["id"] == answer.json()[reference]["reference"].split("/")[1]
                )
            refused(await one.ask("GET", "/Organization/unit-b"), 404, "Organization/unit-a")

    async def test_to_read_a_task_is_to_know_it(self) -> None:
        async with world() as one:
            name = await one.give(task(unit=UNIT.id, revision=3), at=NOW)
            assert [held.told for held in await one.all_held()] == [0]
            await one.read(name)
            assert [held.told for held in await one.all_held()] == [3]

    async def test_by_every_parameter(self) -> None:
        async with world() as one:
            first = await one.give(task("task-1", UNIT.id), at=NOW)
            later = plus(NOW, hours=1)
            second = await one.give(
                task("task-2", UNIT.id, status="accepted", business_status="contact_made", priority="stat"), at=later
            )
            await one.give(task("task-3", OTHER.id))
            expected = {
                "": [first, second],
                "?owner=Organization/unit-a": [first, second],
                "?owner=unit-b": [],
                "?status=accepted": [second],
                "?status=requested,accepted": [first, second],
                "?status=requested&status=accepted": [],
                "?business-status=contact_made": [second],
                "?business-status=urn:kithline:fhir:business-status|contact_made": [second],
                "?priority=stat": [second],
                f"?_id={first}": [first],
                f"?_lastUpdated=ge{later}": [second],
                f"?_lastUpdated=gt{later}": [],
                f"?_lastUpdated=lt{later}": [first],
                f"?_lastUpdated=ge{NOW}&_lastUpdated=le{NOW}": [first],
                f"?_lastUpdated={later}": [second],
                "?_lastUpdated=ge2026-07-03T10:00:00%2B08:00": [second],
                "?_sort=_lastUpdated&_format=json": [first, second],
            }
            for query, ids in expected.items():
                assert found(await one.ask("GET", f"/Task{query}")) == ids, query

    async def test_with_what_goes_with_it(self) -> None:
        async with world() as one:
            name = await one.give(task(unit=UNIT.id), at=NOW)
            query = "_include=Task:focus&_include=Task:owner&_include=Task:requester"
            page = await one.ask("GET", f"/Task?{query}")
            assert found(page) == [name]
            included = {one["fullUrl"] for one in page.json()["entry"] if one["search"]["mode"] == "include"}
            assert included == {
                f"http://adapters/fhir/{one}"
                for one in (f"ServiceRequest/{name}", "Organization/unit-a", "Organization/kithline")
            }

    async def test_page_by_page_nothing_is_left_out_though_tasks_change_meanwhile(self) -> None:
        async with world() as one:
            names = [await one.give(task(f"task-{number}", UNIT.id), at=NOW) for number in range(7)]
            page = await one.ask("GET", "/Task?_count=3&status=requested")
            seen = found(page)
            assert seen == names[:3]
            await one.give(task("task-4", UNIT.id, revision=2))  # moves behind the others
            while (following := link(page, "next")) is not None:
                page = await one.ask("GET", following)
                seen += found(page)
            assert sorted(seen) == sorted(names) and len(seen) == 7

    async def test_what_stands_behind_hundreds_that_are_not_asked_for_is_found(self) -> None:
        async with world() as one:
            await one.give(*(task(f"task-{number}", UNIT.id) for number in range(200)), at=NOW)
            last = await one.give(task("task-200", UNIT.id, status="accepted"))
            assert found(await one.ask("GET", "/Task?status=accepted")) == [last]

    async def test_a_full_last_page_has_no_next(self) -> None:
        async with world() as one:
            for number in range(3):
                await one.give(task(f"task-{number}", UNIT.id), at=NOW)
            assert link(await one.ask("GET", "/Task?_count=3"), "next") is None

    @pytest.mark.parametrize(
        ("query", "status", "says"),
        [
            ("patient=p-1", 400, "there is no parameter patient"),
            ("status=done", 400, "requested"),
            ("priority=high", 400, "stat"),
            ("business-status=rang", 400, "contact_made"),
            ("_lastUpdated=yesterday", 400, "ge2026"),
            ("_lastUpdated=ge2026-07-01", 400, "offset"),
            ("_count=0", 400, "from 1"),
            ("_count=many", 400, "from 1"),
            ("_include=Task:patient", 400, "Task:focus"),
            ("_sort=priority", 400, "_lastUpdated"),
            ("_format=xml", 406, "JSON"),
        ],
    )
    async def test_what_is_not_understood_is_refused(self, query: str, status: int, says: str) -> None:
        async with world() as one:
            refused(await one.ask("GET", f"/Task?{query}"), status, says)

    async def test_a_fault_of_ours_tells_the_outside_nothing(self, capsys: pytest.CaptureFixture[str]) -> None:
        async with world() as one:
            await one.give(task(unit=UNIT.id), at=NOW)
            async with one.book.store.write() as transaction:
                await transaction.execute(held.update().values(task="{A carer"))
            issue = refused(await one.ask("GET", "/Task"), 500)
            assert "carer" not in issue["diagnostics"]
            told = "".join(capsys.readouterr())
            assert "a FHIR request failed" in told and "carer" not in told


class TestSubscribing:
    async def test_created_read_listed_set_going_again_and_deleted(self) -> None:
        async with world() as one:
            secret = {**WISH, "channel": {**WISH["channel"], "header": ["Authorization: Bearer hook-secret"]}}  # type: ignore[dict-item]
            made = await one.ask("POST", "/Subscription", body=secret)
            assert made.status_code == 201
            name = made.json()["id"]
            assert made.headers["location"] == f"http://adapters/fhir/Subscription/{name}"
            assert made.json()["status"] == "active"
            read = await one.ask("GET", f"/Subscription/{name}")
            get_fhir_model_class("Subscription").model_validate(read.json())
            listed = await one.ask("GET", "/Subscription")
            assert found(listed) == [name]
            assert "hook-secret" not in made.text + read.text + listed.text
            assert (await one.ask("POST", "/Subscription", body=WISH)).json()["id"] == name
            assert (await one.ask("PUT", f"/Subscription/{name}", body={**WISH, "id": name})).status_code == 200
            other = {**WISH, "criteria": "Task"}
            refused(await one.ask("PUT", f"/Subscription/{name}", body=other), 422, "delete the Subscription")
            assert (await one.ask("DELETE", f"/Subscription/{name}")).status_code == 204
            for method in ("GET", "DELETE"):
                refused(await one.ask(method, f"/Subscription/{name}"), 404)
            refused(await one.ask("PUT", f"/Subscription/{name}", body=WISH), 404)

    @pytest.mark.parametrize(
        ("changes", "at", "says"),
        [
            ({"status": "off"}, "status", "requested"),
            ({"criteria": "Patient?name=x"}, "criteria", "Task?"),
            ({"criteria": "Task?status=done"}, "criteria", "requested"),
            ({"criteria": "Task?owner=Organization/unit-b"}, "criteria", "owner=Organization/unit-a"),
            ({"channel": {"type": "email", "endpoint": "mailto:a@b.example"}}, "channel.type", "rest-hook"),
            (
                {"channel": {"type": "rest-hook", "endpoint": "https://evil.example/x"}},
                "channel.endpoint",
                "none of your",
            ),
            ({"channel": {"type": "rest-hook", "endpoint": "http://unit-a.example/x"}}, "channel.endpoint", "https"),
            (
                {"channel": {"type": "rest-hook", "endpoint": "https://u:p@unit-a.example/"}},
                "channel.endpoint",
                "without a",
            ),
            (
                {"channel": {"type": "rest-hook", "endpoint": "https://unit-a.example:x/"}},
                "channel.endpoint",
                "address",
            ),
            ({"channel": {"type": "rest-hook"}}, "channel.endpoint", "https://host"),
            (
                {"channel": {**WISH["channel"], "payload": "application/fhir+xml"}},  # type: ignore[dict-item]
                "channel.payload",
                "fhir+json",
            ),
            ({"channel": {**WISH["channel"], "header": ["no colon"]}}, "channel.header", "Name: value"),  # type: ignore[dict-item]
        ],
    )
    async def test_what_cannot_be_done_is_refused(self, changes: dict[str, Any], at: str, says: str) -> None:
        async with world() as one:
            issue = refused(await one.ask("POST", "/Subscription", body={**WISH, **changes}), 422, says)
            assert issue["expression"] == [f"Subscription.{at}"]

    async def test_what_is_no_subscription_is_refused(self) -> None:
        async with world() as one:
            without = {name: value for name, value in WISH.items() if name != "channel"}
            refused(await one.ask("POST", "/Subscription", body=without), 400, "Subscription.channel")


def test_no_body_of_a_task_is_larger_than_what_is_taken_back() -> None:
    from services.adapters.fhir.http import _MOST_BYTES
    from services.adapters.fhir.mapping import task as resource
    from tests.unit.adapters.fhir.made import view_of

    assert len(json.dumps(resource(view_of(task(unit=UNIT.id)), UNIT, NOW))) * 10 < _MOST_BYTES
