"""Nobody has a page that is not theirs: every page of the table, for everybody who may not have it."""

from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import func, select

from services.book.tables import AUDIT, answers
from services.desk.accounts import Who
from services.desk.app import PAGES
from services.desk.tables import decisions, notes
from services.desk.web import COOKIE, Page
from services.runtime.now import now_ms
from tests.unit.book.made import task_record
from tests.unit.desk.world import Browser, World

OURS = [page for page in PAGES if page.need != "nobody"]
POSTS = [page for page in OURS if page.method == "POST"]
OFFICERS = [page for page in OURS if page.need == "officer"]
OF_A_TASK = [page for page in OURS if "{ref}" in page.path]
FORM = {
    "action": "accept",
    "revision": "1",
    "purpose": "call",
    "about": "other",
    "text": "a note",
    "number": "0",
    "reason": "better_placed",
    "to_unit": "ssp-district-office",
    "typology": "little-support",
    "district": "SSP",
    "wave": "little-support-SSP-1",
    "size": "5",
}
"""Whatever any form could say."""


class Asking:
    """Asks for any page of the table as somebody, with everything right but what the test gets wrong."""

    def __init__(self, desk: World, ref: str, unit: str) -> None:
        self.desk, self.ref, self.unit = desk, ref, unit

    async def ask(self, page: Page, browser: Browser, **changes: Any) -> int:
        path = page.path.replace("{ref}", self.ref).replace("{unit}", self.unit)
        if page.method == "GET":
            response = await browser.get(path, follow_redirects=False)
        else:
            who = await self.desk.desk.accounts.who(browser.cookies.get(COOKIE), now_ms())
            form = {**FORM, "key": f"{self.ref}.0", "form_token": who.form_token if isinstance(who, Who) else "x"}
            headers = changes.pop("headers", {})
            form = {name: value for name, value in {**form, **changes}.items() if value is not None}
            response = await browser.post(path, data=form, headers=headers, follow_redirects=False)
        assert self.ref not in response.text.replace(path, "").replace(quote(path), "")
        if response.status_code == 303 and page.method == "GET":
            assert response.headers["location"].startswith("/sign-in?next=")
            return 401
        return response.status_code

    async def written(self) -> list[int]:
        """How much was ever written by anybody (signing in apart)."""
        async with self.desk.desk.book.store.read() as look:
            counts = [select(func.count()).select_from(table) for table in (answers, notes, decisions)]
            signing_in = AUDIT.c.entry.like('%"signed in"%')
            counts.append(select(func.count()).select_from(AUDIT).where(~signing_in))
            return [(await look.execute(count)).scalar_one() for count in counts]


@pytest.fixture
async def of_the_hotline(desk: World) -> Asking:
    """A task of the hotline."""
    (one,) = await desk.desk.book.all_held("hotline-182183")
    return Asking(desk, one.ref, "hotline-182183")


async def test_who_is_not_signed_in_gets_nothing(of_the_hotline: Asking) -> None:
    before = await of_the_hotline.written()
    async with Browser(of_the_hotline.desk.app) as nobody:
        for page in OURS:
            nobody.cookies.clear()
            assert await of_the_hotline.ask(page, nobody) == 401, page
            nobody.cookies.set(COOKIE, "made-up")
            assert await of_the_hotline.ask(page, nobody) == 401, page
    assert await of_the_hotline.written() == before


@pytest.mark.parametrize(
    ("unit", "role"),
    [("hotline-outreach-1", "worker"), ("ssp-district-office", "worker"), ("ssp-district-office", "officer")],
)
async def test_another_units_task_is_not_there_for_anybody(of_the_hotline: Asking, unit: str, role: str) -> None:
    """Neither to be read, nor changed, nor is it told who it is about; not even to officers, while a unit has it."""
    before = await of_the_hotline.written()
    async with Browser(of_the_hotline.desk.app) as other:
        await other.signed_in(of_the_hotline.desk.desk, "other", unit, role)
        for page in OF_A_TASK:
            status = await of_the_hotline.ask(page, other)
            assert status == (403 if page.need == "officer" and role != "officer" else 404), page
    assert await of_the_hotline.written() == before


async def test_officers_pages_are_for_officers_of_the_place(desk: World) -> None:
    (one,) = await desk.desk.book.all_held("hotline-182183")
    queued = {"unit": "queue-SSP", "unit_kind": "district_office", "revision": one.revision + 1}
    await desk.give(task_record(one.task.model_copy(update=queued)))
    (stray,) = await desk.desk.book.all_held("queue-SSP")
    asking = Asking(desk, stray.ref, "queue-SSP")
    before = await asking.written()
    async with Browser(desk.app) as clerk, Browser(desk.app) as elsewhere:
        await clerk.signed_in(desk.desk, "clerk", "ssp-district-office")
        await elsewhere.signed_in(desk.desk, "elsewhere", "kts-district-office", "officer")
        for page in OFFICERS:
            assert await asking.ask(page, clerk) == 403, page
            if "{ref}" in page.path:
                assert await asking.ask(page, elsewhere, action="reassign") == 404, page
            elif page.method == "POST":
                assert await asking.ask(page, elsewhere) == 303, page
            else:
                assert stray.ref not in (await elsewhere.get(page.path)).text, page
    assert await asking.written() == before


WRONG: dict[str, tuple[dict[str, Any], int]] = {
    "another token": ({"form_token": "wrong"}, 403),
    "no token": ({"form_token": None}, 403),
    "another site": ({"headers": {"sec-fetch-site": "cross-site"}}, 403),
    "another origin": ({"headers": {"origin": "https://elsewhere.example"}}, 403),
    "no form": ({"headers": {"content-type": "application/json"}}, 415),
}


async def test_a_form_that_is_not_ours_is_refused(of_the_hotline: Asking) -> None:
    before = await of_the_hotline.written()
    desk = of_the_hotline.desk
    async with Browser(desk.app) as worker, Browser(desk.app) as officer:
        await worker.signed_in(desk.desk, "hotline-1", "hotline-182183")
        await officer.signed_in(desk.desk, "office-1", "ssp-district-office", "officer")
        for page in POSTS:
            for what, (wrong, status) in WRONG.items():
                owner = officer if page.need == "officer" else worker
                assert await of_the_hotline.ask(page, owner, **wrong) == status, (page, what)
    assert await of_the_hotline.written() == before


async def test_the_same_requests_of_the_owner_are_taken(of_the_hotline: Asking) -> None:
    """Else the tests above would not show anything."""
    taken = {}
    async with Browser(of_the_hotline.desk.app) as owner:
        await owner.signed_in(of_the_hotline.desk.desk, "hotline-1", "hotline-182183")
        for page in OURS:
            if page.path.startswith("/tasks"):
                path = page.path.replace("{ref}", of_the_hotline.ref)
                await owner.open(f"/tasks/{of_the_hotline.ref}")
                form = {**FORM, "key": f"{of_the_hotline.ref}.0", "form_token": owner.field("form_token")}
                response = await (owner.get(path) if page.method == "GET" else owner.post(path, data=form))
                taken[page.path] = response.status_code
    assert taken.pop("/tasks/{ref}/identity") == 409  # it is not accepted yet
    assert set(taken.values()) == {200}
    assert await of_the_hotline.written() == [1, 1, 0, 2]


async def test_who_has_signed_out_is_out(desk: World) -> None:
    async with Browser(desk.app) as worker:
        await worker.signed_in(desk.desk, "hotline-1", "hotline-182183")
        token = worker.cookies[COOKIE]
        await worker.open("/tasks")
        await worker.post("/sign-out", data={"form_token": worker.field("form_token")})
        worker.cookies.set(COOKIE, token)
        assert "Sign in" in (await worker.open("/tasks")).text


async def test_every_answer_says_the_same_to_the_browser(of_the_hotline: Asking) -> None:
    """No page is kept by the browser, framed by another site, or runs a script that is not the desk's."""
    async with Browser(of_the_hotline.desk.app) as owner:
        await owner.signed_in(of_the_hotline.desk.desk, "hotline-1", "hotline-182183")
        for path in ("/", "/sign-in", "/tasks", f"/tasks/{of_the_hotline.ref}", "/nowhere", "/district"):
            response = await owner.get(path)
            assert response.headers["cache-control"] == "no-store", path
            policy = response.headers["content-security-policy"]
            assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy and "unsafe" not in policy
            assert response.headers["referrer-policy"] == "no-referrer"
            assert "<script>" not in response.text and " style=" not in response.text and "onclick" not in response.text
