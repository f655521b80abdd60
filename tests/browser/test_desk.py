"""The desk in a browser: both pilots' tasks from receipt to outcome, by keyboard, on a phone; axe looks on."""

from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.browser.conftest import Served
from tests.unit.desk.world import PASSWORD
from tests.unit.desk.world import Browser as Plain
from tests.unit.vault.house import SECRETS

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

SHOTS = Path("build/desk")
"""Where the pictures are kept; a few of them stand in docs/desk."""

PHONE = {"width": 320, "height": 720}
SCREEN = {"width": 1180, "height": 900}


class Person:
    """Somebody at the desk. Every page that they see is looked at by axe, and measured."""

    def __init__(self, served: Served, page: "Page") -> None:
        self.served, self.page = served, page
        self.seen: list[str] = []

    async def open(self, path: str) -> None:
        await self.page.goto(self.served.url + path)

    async def sign_in(self, name: str) -> None:
        """With the keyboard alone."""
        await self.open("/sign-in")
        await self.looked_at(f"sign-in-{name}", keep=False)
        await self.tab_to("#name")
        await self.page.keyboard.type(name)
        await self.page.keyboard.press("Tab")
        await self.page.keyboard.type(PASSWORD)
        await self.page.keyboard.press("Enter")
        await self.page.wait_for_selector("nav")

    async def tab_to(self, selector: str) -> None:
        """Presses Tab until the focus is there."""
        for _ in range(80):
            await self.page.keyboard.press("Tab")
            if await self.page.evaluate("s => document.activeElement.matches(s)", selector):
                return
        raise AssertionError(f"{selector} cannot be reached with the Tab key")

    async def say(self, action: str, **fields: str) -> None:
        """Fills in the form of an action and sends it; what the referral desk makes of it is there afterwards."""
        form = self.page.locator(f'form:has(input[name="action"][value="{action}"])')
        closed = self.page.locator(f"details:not([open]):has(input[name='action'][value='{action}']) > summary")
        if await closed.count():
            await closed.click()
        for name, value in fields.items():
            field = form.locator(f'[name="{name}"]')
            if await field.first.get_attribute("type") in ("radio", "checkbox"):
                await form.locator(f'[name="{name}"][value="{value}"]').check()
            elif await field.evaluate("e => e.tagName") == "SELECT":
                await field.select_option(value)
            else:
                await field.fill(value)
        await form.locator("button").click()
        await self.page.wait_for_load_state()
        await self.served.world.pump()
        await self.page.reload()

    async def looked_at(self, name: str, keep: bool = True) -> None:
        """No serious fault of accessibility, nothing to scroll sideways; a picture of it."""
        page, width = self.page, self.page.viewport_size["width"]  # type: ignore[index]
        assert await page.evaluate("document.documentElement.scrollWidth") <= width, f"{name} is wider than the screen"
        await page.evaluate(files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8"))
        result: dict[str, Any] = await page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        faults = [
            (fault["id"], fault["impact"], [node["html"][:160] for node in fault["nodes"][:3]])
            for fault in result["violations"]
            if fault["impact"] in ("serious", "critical", "moderate")
        ]
        assert faults == [], (name, faults)
        assert len(result["passes"]) > 5  # it has looked
        if keep:
            await page.screenshot(path=SHOTS / f"{name}.png", full_page=width > PHONE["width"])


async def person(browser: "Browser", served: Served, lang: str = "en", size: dict[str, int] = SCREEN) -> Person:
    context = await browser.new_context(viewport=size, locale=lang, reduced_motion="reduce")  # type: ignore[arg-type]
    page = await context.new_page()
    page.set_default_timeout(20_000)
    page.on("pageerror", lambda fault: (_ for _ in ()).throw(fault))
    return Person(served, page)


async def here(browser: "Browser", served: Served, unit: str, lang: str, size: dict[str, int]) -> Person:
    """Somebody of a unit, signed in already."""
    async with Plain(served.world.app) as plain:
        await plain.signed_in(served.world.desk, f"w.{unit}", unit)
        value = plain.cookies["kithline_desk"]
    one = await person(browser, served, lang, size)
    await one.page.context.add_cookies([{"name": "kithline_desk", "value": value, "url": served.url}])
    return one


async def test_both_pilots_tasks_from_receipt_to_outcome(browser: "Browser", served: Served) -> None:
    SHOTS.mkdir(parents=True, exist_ok=True)  # noqa: ASYNC240
    await _a_carer_is_admitted(browser, served)
    await _little_support(browser, served)


async def _a_carer_is_admitted(browser: "Browser", served: Served) -> None:
    """The hotline calls, nobody answers; an outreach worker visits."""
    world = served.world
    caller = await person(browser, served)
    await caller.sign_in("hotline-1")
    await caller.looked_at("1-hotline-list")
    await caller.tab_to(".card-title a")
    await caller.page.keyboard.press("Enter")
    await caller.page.wait_for_selector("#why")
    await caller.looked_at("2-hotline-task")
    # accepts with the keyboard; that it was taken comes by itself, is said aloud and has the focus
    await caller.tab_to('form:has(input[value="accept"]) button')
    await caller.page.keyboard.press("Enter")
    await caller.page.wait_for_selector("text=Your answer is on its way")
    await caller.looked_at("3-hotline-waiting", keep=False)
    await world.pump()
    await caller.page.wait_for_selector("text=Your answer was taken")
    assert "taken" in str(await caller.page.text_content("#say"))
    assert await caller.page.evaluate("document.activeElement.matches('[data-focus]')")
    await caller.say("attempt")
    path = caller.page.url.removeprefix(served.url).split("?")[0]
    await caller.looked_at("4-hotline-no-answer", keep=False)
    await caller.say("complete", outcome="not_located", findings="unreachable")
    assert "ended" in str(await caller.page.text_content("#do + p"))

    (visit,) = await world.held("visit")
    worker = await here(browser, served, visit.unit, "zh-HK", PHONE)
    await worker.open(path)
    assert "找不到" in str(await worker.page.text_content("main"))  # the hotline's task is not this unit's
    await worker.open(f"/tasks/{visit.ref}")
    assert not await worker.page.locator("#purpose").count()  # who it is about comes after accepting
    await worker.say("accept")
    await worker.say("schedule", visit_at="2026-07-10T15:30")
    await worker.looked_at("5-outreach-phone-zh")
    await worker.page.select_option("#purpose", "visit")
    await worker.page.click('form[action$="/identity"] button')
    await worker.page.wait_for_selector("#told")
    told = str(await worker.page.text_content("#told"))
    assert all(secret in told for secret in SECRETS[:2])
    await worker.looked_at("6-outreach-identity-zh")
    await worker.page.reload()
    again = await worker.page.content()
    assert not any(secret in again for secret in SECRETS)
    await worker.say("contact")
    await worker.say("complete", outcome="follow_up_planned", findings="cover_confirmed")
    assert "已完成" in str(await worker.page.text_content("#state"))


async def _little_support(browser: "Browser", served: Served) -> None:
    """An officer releases a wave; a Care Team visits, refers on with an alarm, and completes."""
    world = served.world
    officer = await person(browser, served)
    await officer.sign_in("office-1")
    await officer.open("/district")
    await officer.looked_at("7-officer-district", keep=False)
    await officer.open("/waves")
    await officer.looked_at("8-officer-waves")
    await officer.page.click("main button.main")
    await officer.page.wait_for_selector("text=households released")
    await world.pump()

    (visit,) = await world.held("visit_and_assess")
    team = await here(browser, served, visit.unit, "zh-HK", PHONE)
    await team.open("/tasks")
    await team.looked_at("9-care-team-list-phone-zh")
    await team.open(f"/tasks/{visit.ref}")
    await team.say("accept")
    await team.say("no_show")
    await team.say("contact")
    await team.page.click("details:has(form[action$='/notes']) > summary")
    await team.page.fill("#note-text", "女兒晚上在家")
    await team.page.click("form[action$='/notes'] button")
    await team.page.wait_for_selector(".note")
    await team.looked_at("10-care-team-task-phone-zh")
    await team.say("refer_on", refer="emergency_alarm:fit_emergency_alarm")
    await team.say("complete", outcome="risk_assessed", findings="needs_elderly_service")
    assert "已完成" in str(await team.page.text_content("#state"))
    (alarm,) = await world.held("fit_emergency_alarm")
    (service,) = await world.held("assess_and_serve")
    assert (alarm.task.unit_kind, service.task.unit_kind) == ("emergency_alarm", "elderly_centre")
    assert alarm.task.part_of == visit.task.task_id


async def test_it_works_without_scripts(browser: "Browser", served: Served) -> None:
    context = await browser.new_context(viewport=PHONE, java_script_enabled=False, locale="en")  # type: ignore[arg-type]
    page = await context.new_page()
    await page.goto(served.url + "/sign-in")
    await page.fill("#name", "hotline-1")
    await page.fill("#password", PASSWORD)
    await page.click("button.main")
    await page.click(".card-title a")
    await page.click('form:has(input[value="accept"]) button')
    await served.world.pump()
    await page.click("text=Look again")
    assert "accepted" in str(await page.text_content("#state"))
    await page.click('form[action$="/identity"] button')
    assert SECRETS[0] in str(await page.text_content("#told"))
