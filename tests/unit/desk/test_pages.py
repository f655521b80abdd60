"""The desk as its users have it: lists, tasks, answers, notes, waves. Without JavaScript."""

import re

import pytest

from contracts.units import VacancyStatus
from services.book.audit import entries, verify
from services.book.tables import AUDIT
from services.desk.urgency import BANDS
from services.runtime.fold import Record, encode
from tests.unit.book.made import task_record
from tests.unit.desk.world import Browser, World

PSEUDONYM = re.compile(r"\b(?:p-[0-9a-f]{32}|[hc]-[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-)")


async def only_task(desk: World, unit: str) -> str:
    (one,) = await desk.desk.book.all_held(unit)
    return f"/tasks/{one.ref}"


@pytest.mark.parametrize("lang", ["en", "zh-Hant"])
async def test_a_unit_sees_its_task_with_why_and_how_old_and_nobodys_pseudonym(desk: World, lang: str) -> None:
    async with Browser(desk.app, lang) as worker:
        await worker.signed_in(desk.desk, "hotline-1", "hotline-182183")
        listed = (await worker.open("/tasks")).text
        shown = (await worker.open(await only_task(desk, "hotline-182183"))).text
    for page in (listed, shown):
        assert f'<html lang="{lang}">' in page
        assert PSEUDONYM.search(page) is None, PSEUDONYM.search(page)
    words = {"en": ("The carer is in hospital", "hospital notice"), "zh-Hant": ("照顧者正在住院", "醫院通報")}
    assert all(word in shown for word in words[lang])


async def test_a_task_is_accepted_tried_and_completed(desk: World) -> None:
    async with Browser(desk.app) as worker:
        await worker.signed_in(desk.desk, "hotline-1", "hotline-182183")
        path = await only_task(desk, "hotline-182183")
        response = await worker.act(path, "accept")
        assert "Your answer is on its way" in response.text and 'value="complete"' not in response.text
        await desk.pump()
        assert "accepted" in (await worker.open(path)).text
        await worker.act(path, "attempt")
        await desk.pump()
        response = await worker.act(path, "complete", outcome="follow_up_planned", findings=["unreachable"])
        await desk.pump()
        assert "Our tasks" in (await worker.open("/tasks")).text and path not in worker.page
        assert path in (await worker.open("/tasks?ended=1")).text
    (outreach,) = await desk.held("visit")
    assert outreach.task.unit_kind == "outreach"


async def test_a_double_click_is_one_answer(desk: World) -> None:
    async with Browser(desk.app) as worker:
        await worker.signed_in(desk.desk, "hotline-1", "hotline-182183")
        path = await only_task(desk, "hotline-182183")
        await worker.act(path, "accept")
        (one,) = await desk.desk.book.all_held("hotline-182183")
        form = {"form_token": worker.field("form_token"), "key": f"{one.ref}.0", "revision": "1", "action": "accept"}
        assert (await worker.post(f"{path}/answer", data=form)).status_code == 200
        assert len(await desk.desk.book.answers("hotline-182183", one.ref)) == 1
        # a colleague who answered the same page in another way is told, and nothing is written
        other = await worker.post(f"{path}/answer", data={**form, "action": "reject", "reason": "no_capacity"})
        assert other.status_code == 409 and "A colleague has just answered" in other.text
        assert len(await desk.desk.book.answers("hotline-182183", one.ref)) == 1


async def test_what_is_missing_is_said_and_nothing_is_written(desk: World) -> None:
    async with Browser(desk.app) as worker:
        await worker.signed_in(desk.desk, "hotline-1", "hotline-182183")
        path = await only_task(desk, "hotline-182183")
        response = await worker.act(path, "reject")
        assert response.status_code == 422 and "choose why" in response.text
        response = await worker.act(path, "reject", reason="because I say so")
        assert response.status_code == 409
    (one,) = await desk.desk.book.all_held("hotline-182183")
    assert await desk.desk.book.answers("hotline-182183", one.ref) == []


async def test_a_refusal_by_the_referral_desk_is_shown_in_its_words(desk: World) -> None:
    async with Browser(desk.app) as worker:
        await worker.signed_in(desk.desk, "hotline-1", "hotline-182183")
        path = await only_task(desk, "hotline-182183")
        await worker.act(path, "accept")
        # the carer comes home before the answer arrives
        await desk.feed({"type": "hospital.discharged", "subject": "anna", "visit": "V1", "at": "2026-07-10T10:20"})
        await desk.pump()
        page = (await worker.open(path)).text
        assert "not taken" in page


async def test_a_note_stays_at_the_desk_and_says_nobodys_name(desk: World) -> None:
    async with Browser(desk.app) as worker:
        await worker.signed_in(desk.desk, "hotline-1", "hotline-182183")
        path = await only_task(desk, "hotline-182183")
        await worker.open(path)
        form = {"form_token": worker.field("form_token"), "about": "best_time", "number": "0"}
        good = await worker.post(f"{path}/notes", data={**form, "text": "Daughter is in after six"})
        assert "Daughter is in after six" in good.text
        await worker.post(f"{path}/notes", data={**form, "text": "Daughter is in after six"})
        assert (await worker.open(path)).text.count("Daughter is in after six") == 1
        bad = await worker.post(f"{path}/notes", data={**form, "number": "1", "text": "Call 9123 4567"})
        assert bad.status_code == 422 and "telephone number" in bad.text
        assert "9123" not in (await worker.open(path)).text
    async with desk.desk.book.store.read() as look:
        audited = [entry async for entry in entries(look, AUDIT)]
    assert [entry["what"] for entry in audited].count("note") == 1
    assert "six" not in str(audited)


async def test_every_action_is_in_the_audit_and_the_chain_holds(desk: World) -> None:
    async with Browser(desk.app) as worker:
        await worker.signed_in(desk.desk, "hotline-1", "hotline-182183")
        await worker.act(await only_task(desk, "hotline-182183"), "accept")
    async with desk.desk.book.store.read() as look:
        told = [(entry["what"], entry.get("actor")) async for entry in entries(look, AUDIT)]
        assert await verify(look, AUDIT) == len(told)
    assert told[-2:] == [("signed in", "hotline-1"), ("answer", "hotline-1")]


async def test_an_officer_releases_a_wave_once(desk: World) -> None:
    async with Browser(desk.app) as officer:
        await officer.signed_in(desk.desk, "office-1", "ssp-district-office", "officer")
        page = (await officer.open("/waves")).text
        assert "1 wait, 0 released" in page
        form = {name: officer.field(name) for name in ("form_token", "typology", "district", "wave")}
        assert "1 households released" in (await officer.post("/waves", data={**form, "size": "5"})).text
        assert "1 households released" in (await officer.post("/waves", data={**form, "size": "5"})).text
        await desk.pump()
        assert "0 wait, 1 released" in (await officer.open("/waves")).text
    (visit,) = await desk.held("visit_and_assess")
    assert visit.task.unit_kind == "care_team"


async def test_an_officer_gives_a_task_that_no_unit_has_to_one(desk: World) -> None:
    """Declined by all: it comes to the district, and goes on from there."""
    async with Browser(desk.app) as officer:
        await officer.signed_in(desk.desk, "office-1", "ssp-district-office", "officer")
        assert "The queue is empty" in (await officer.open("/district")).text
        (one,) = await desk.desk.book.all_held("hotline-182183")
        queued = one.task.model_copy(
            update={"unit": "queue-SSP", "unit_kind": "district_office", "revision": one.revision + 1}
        )
        await desk.give(task_record(queued))
        page = (await officer.open("/district")).text
        (held,) = await desk.desk.book.all_held("queue-SSP")
        path = f"/district/queue-SSP/{held.ref}"
        assert path in page
        response = await officer.act(path, "reassign", to_unit="hotline-182183", reason="better_placed")
        assert response.status_code == 200 and "decision is on its way" in response.text
    (said,) = await desk.desk.book.answers("queue-SSP", held.ref)
    assert said.said["to_unit"] == "hotline-182183" and said.update_id.startswith("ssp-district-office:")


async def test_free_places_stand_with_a_task_that_needs_one_and_old_ones_are_called_old(desk: World) -> None:
    def vacancy(unit: str, places: int, as_of: str) -> Record:
        said = {"unit": unit, "kind": "emergency", "district": "SSP", "revision": 1}
        status = VacancyStatus.model_validate({**said, "free": {"places": places, "as_of": as_of}})
        return Record("units.status", unit.encode(), encode(status))

    await desk.give(vacancy("emergency-support-kw", 3, "2026-07-10T01:00:00.000Z"))
    await desk.give(vacancy("emergency-support-territory", 8, "2026-07-07T01:00:00.000Z"))
    async with Browser(desk.app) as worker:
        await worker.signed_in(desk.desk, "hotline-1", "hotline-182183")
        path = await only_task(desk, "hotline-182183")
        assert "Where a place is free" not in (await worker.open(path)).text
        await worker.act(path, "accept")
        await desk.pump()
        await worker.act(path, "complete", outcome="follow_up_planned", findings=["no_arrangement"])
        await desk.pump()
    (asked,) = await desk.held("arrange_emergency_support")
    async with Browser(desk.app) as worker:
        await worker.signed_in(desk.desk, "support-1", asked.unit)
        page = (await worker.open(f"/tasks/{asked.ref}")).text
    fresh, old = page.index("3 free"), page.index("8 free")
    assert fresh < old and page.index("ask before you rely on it") > old


def test_the_bands_are_those_that_the_catalogues_name() -> None:
    from services.desk.templates import load_words

    for words in load_words().values():
        assert all(words.has("band", band) for band in (*BANDS, "ended"))
