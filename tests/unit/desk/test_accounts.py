"""Signing in: passwords, waiting, sessions, and the department's accounts."""

from base64 import urlsafe_b64encode
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import orjson
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from services.desk.accounts import TooManyTries
from services.desk.oidc import Oidc, SignInFailed
from services.desk.settings import DeskSettings
from services.desk.tables import accounts, attempts, sessions
from services.runtime.errors import Problem
from tests.unit.desk.world import HOST, PASSWORD, Browser, world

UNIT = "hotline-182183"


async def test_a_password_signs_in_and_stands_nowhere(tmp_path: Path) -> None:
    async with world(tmp_path) as one:
        await one.desk.accounts.add(UNIT, "hotline-1", "worker", PASSWORD)
        async with Browser(one.app) as browser:
            assert "not right" in (await browser.sign_in("hotline-1", "another password")).text
            assert "not right" in (await browser.sign_in("nobody", PASSWORD)).text
            response = await browser.sign_in("hotline-1")
            assert "Our tasks" in response.text
        async with one.desk.book.store.read() as look:
            stored = str([(await look.execute(table.select())).all() for table in (accounts, sessions, attempts)])
        assert PASSWORD not in stored and browser.cookies["kithline_desk"] not in stored
    everything = b"".join(path.read_bytes() for path in tmp_path.iterdir())  # noqa: ASYNC240
    assert PASSWORD.encode() not in everything


async def test_cookies_are_for_the_desk_alone(tmp_path: Path) -> None:
    async with world(tmp_path, public_url="https://desk.test") as one:
        await one.desk.accounts.add(UNIT, "hotline-1", "worker", PASSWORD)
        async with Browser(one.app) as browser:
            browser.base_url = httpx.URL("https://desk.test")
            await browser.open("/sign-in")
            form = {"before": browser.field("before"), "name": "hotline-1", "password": PASSWORD}
            response = await browser.post("/sign-in", data=form, follow_redirects=False)
    (cookie,) = [c for c in response.headers.get_list("set-cookie") if c.startswith("kithline_desk=")]
    assert {"httponly", "secure", "samesite=strict"} <= {part.strip().lower() for part in cookie.split(";")}
    assert response.headers["strict-transport-security"]


async def test_who_guesses_waits_longer_and_longer(tmp_path: Path) -> None:
    async with world(tmp_path) as one:
        await one.desk.accounts.add(UNIT, "hotline-1", "worker", PASSWORD)
        now, waits = 1_000_000_000_000, []
        for number in range(10):
            try:
                assert await one.desk.accounts.sign_in("hotline-1", "wrong", f"10.0.0.{number}", now, 1) is None
            except TooManyTries as wait:
                waits.append(wait.seconds)
                now += wait.seconds * 1000
        assert waits == sorted(waits) and len(waits) >= 3 and waits[-1] >= 2 * waits[0]
        with pytest.raises(TooManyTries):
            await one.desk.accounts.sign_in("hotline-1", "wrong", "10.0.1.1", now, 1)
            await one.desk.accounts.sign_in("hotline-1", PASSWORD, "10.0.1.1", now, 1)
        token = await one.desk.accounts.sign_in("hotline-1", PASSWORD, "10.0.1.1", now + 3_600_000, 1)
        assert token is not None


async def test_a_session_ends_by_time_and_with_its_account(tmp_path: Path) -> None:
    async with world(tmp_path) as one:
        people = one.desk.accounts
        token = await people.sign_in_as("w-1", UNIT, "worker", 1000, 1)
        assert (await people.who(token, 2000)) is not None
        assert await people.who(token, 1000 + 3_600_000) is None
        await people.close("w-1")
        assert await people.who(token, 2000) is None
        with pytest.raises(Problem, match="closed"):
            await people.sign_in_as("w-1", UNIT, "worker", 1000, 1)


@pytest.mark.parametrize(
    ("unit", "name", "role", "password", "said"),
    [
        ("no-such-unit", "w-1", "worker", PASSWORD, "no unit is called"),
        (UNIT, "w-1", "officer", PASSWORD, "only a district office"),
        (UNIT, "w 1", "worker", PASSWORD, "account's name"),
        (UNIT, "w-1", "queen", PASSWORD, "no role"),
        (UNIT, "w-1", "worker", "short", "too short"),
    ],
)
async def test_an_account_that_does_not_fit_is_not_opened(
    tmp_path: Path, unit: str, name: str, role: str, password: str, said: str
) -> None:
    async with world(tmp_path) as one:
        with pytest.raises(Problem, match=said):
            await one.desk.accounts.add(unit, name, role, password)
        assert await one.desk.accounts.listed() == []


async def test_an_account_belongs_to_one_unit(tmp_path: Path) -> None:
    async with world(tmp_path) as one:
        await one.desk.accounts.add(UNIT, "w-1", "worker", None)
        with pytest.raises(Problem, match="belongs to unit"):
            await one.desk.accounts.add("ssp-district-office", "w-1", "worker", None)


async def test_nobody_is_sent_elsewhere_after_signing_in(tmp_path: Path) -> None:
    async with world(tmp_path) as one, Browser(one.app) as browser:
        for to in ("//elsewhere.example", "https://elsewhere.example", "/\\elsewhere.example", "javascript:x"):
            response = await browser.get("/language/en", params={"next": to}, follow_redirects=False)
            assert response.headers["location"] == "/"
            assert 'name="to" value=""' in (await browser.get("/sign-in", params={"next": to})).text
        response = await browser.get("/language/en", params={"next": "/tasks?ended=1"}, follow_redirects=False)
        assert response.headers["location"] == "/tasks?ended=1"


ISSUER = "https://id.example"
OIDC = {
    "oidc_issuer": ISSUER,
    "oidc_client_id": "desk",
    "oidc_client_secret": "a client's secret",
    "public_url": HOST,
}


class Issuer:
    """A small OpenID provider: it asks nobody for a password, and keeps what was asked to compare it."""

    def __init__(self, **changes: Any) -> None:
        self.changes = changes
        self.asked: dict[str, str] = {}
        self.app = Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self.about),
                Route("/token", self.token, methods=["POST"]),
            ]
        )

    async def about(self, _: Request) -> Response:
        ends = {"authorization_endpoint": f"{ISSUER}/authorize", "token_endpoint": f"{ISSUER}/token"}
        return JSONResponse({"issuer": ISSUER, **ends, **self.changes.get("about", {})})

    def authorize(self, address: str) -> tuple[str, str]:
        """What the browser is sent back with."""
        assert address.startswith(f"{ISSUER}/authorize?")
        self.asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        assert self.asked["redirect_uri"] == f"{HOST}/sign-in/back"
        return self.asked["state"], "the-code"

    async def token(self, request: Request) -> Response:
        form = await request.form()
        challenge = urlsafe_b64encode(sha256(str(form["code_verifier"]).encode()).digest()).rstrip(b"=").decode()
        right = (form["code"], form["client_secret"]) == ("the-code", "a client's secret")
        if not right or challenge != self.asked["code_challenge"]:
            return JSONResponse({"error": "invalid_grant"}, 400)
        claims = {
            "iss": ISSUER,
            "aud": "desk",
            "sub": "chan.tai.man@id.example",
            "exp": 4_000_000_000,
            "nonce": self.asked["nonce"],
            "kithline_unit": UNIT,
            "kithline_role": "worker",
            **self.changes.get("claims", {}),
        }
        parts = [urlsafe_b64encode(orjson.dumps(part)).rstrip(b"=").decode() for part in ({"alg": "RS256"}, claims)]
        return JSONResponse({"id_token": ".".join([*parts, "signature"])})


async def test_the_departments_account_signs_in_with_its_unit_and_no_name(tmp_path: Path) -> None:
    issuer = Issuer()
    async with world(tmp_path, **OIDC) as one:
        one.desk.oidc_transport = httpx.ASGITransport(issuer.app)
        async with Browser(one.app) as browser:
            assert "Sign in with the department" in (await browser.open("/sign-in")).text
            away = await browser.get("/sign-in/department", follow_redirects=False)
            state, code = issuer.authorize(away.headers["location"])
            back = await browser.get("/sign-in/back", params={"state": state, "code": code})
            assert "You are signed in" in back.text
            assert "Our tasks" in (await browser.open("/tasks")).text
        ((name, unit, role, active),) = await one.desk.accounts.listed()
        assert (unit, role, active) == (UNIT, "worker", True)
        assert "chan" not in name


@pytest.mark.parametrize(
    "changes",
    [
        {"claims": {"iss": "https://other.example"}},
        {"claims": {"aud": "another"}},
        {"claims": {"aud": ["desk", "another"]}},
        {"claims": {"exp": 1}},
        {"claims": {"nonce": "another"}},
        {"claims": {"kithline_unit": None}},
        {"claims": {"kithline_unit": "no-such-unit"}},
        {"claims": {"kithline_role": "officer"}},
        {"about": {"issuer": "https://other.example"}},
        {"about": {"token_endpoint": "http://id.example/token"}},
    ],
    ids=str,
)
async def test_what_the_issuer_says_must_fit(tmp_path: Path, changes: dict[str, Any]) -> None:
    issuer = Issuer(**changes)
    async with world(tmp_path, **OIDC) as one:
        one.desk.oidc_transport = httpx.ASGITransport(issuer.app)
        async with Browser(one.app) as browser:
            away = await browser.get("/sign-in/department", follow_redirects=False)
            if away.status_code == 303:
                state, code = issuer.authorize(away.headers["location"])
                away = await browser.get("/sign-in/back", params={"state": state, "code": code})
            assert away.status_code == 403
            assert "Sign in" in (await browser.open("/tasks")).text
        assert await one.desk.accounts.listed() == []


async def test_an_answer_to_another_browsers_question_is_refused() -> None:
    issuer = Issuer()
    settings = DeskSettings(**OIDC)
    oidc = Oidc(settings, httpx.ASGITransport(issuer.app))
    address, kept = await oidc.begin()
    state, code = issuer.authorize(address)
    _, another = await oidc.begin()
    for wrong in ((kept, "x", code), (another, state, code), ("", state, code), (kept, state, "")):
        with pytest.raises(SignInFailed):
            await oidc.finish(*wrong)
    with pytest.raises(SignInFailed, match="refused"):
        await oidc.finish(kept, state, "another-code")
    assert (await oidc.finish(kept, state, code)).unit == UNIT


def test_an_issuer_without_tls_is_a_problem_at_start() -> None:
    with pytest.raises(Problem, match="https"):
        DeskSettings(**{**OIDC, "oidc_issuer": "http://id.example"})
    with pytest.raises(Problem, match="oidc_client_id"):
        DeskSettings(oidc_issuer=ISSUER)
