"""Every page of the desk in one table, and the guard at each: who is there, may they, and was the form ours."""

import hmac
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import quote, urlsplit

from starlette.applications import Starlette
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.desk.accounts import Who
from services.desk.desk import Desk
from services.desk.templates import STATIC, page
from services.desk.words import language
from services.explanation.terms import Lang
from services.runtime.logs import logger
from services.runtime.now import now_ms

__all__ = ["COOKIE", "Handler", "Need", "Page", "Visit", "make_app", "show"]

_log = logger(__name__)

COOKIE = "kithline_desk"
LANGUAGE = "kithline_language"

_FORM_BYTES = 64 * 1024

Need = Literal["nobody", "worker", "officer"]
"""Who may have a page: anybody; whoever is signed in; officers only."""


@dataclass
class Visit:
    """One request: who, in which language, and what the form said. `who` is None on pages for anybody only."""

    desk: Desk
    request: Request
    lang: Lang
    who: Who | None = None
    form: FormData = field(default_factory=FormData)

    @property
    def me(self) -> Who:
        """Who is signed in; the guard has seen to it."""
        assert self.who is not None
        return self.who

    def said(self, name: str) -> str:
        """A field of the form, without blanks around it; empty where there is none."""
        value = self.form.get(name, "")
        return value.strip() if isinstance(value, str) else ""

    def all_said(self, name: str) -> list[str]:
        """Every value of a field that may be ticked several times."""
        return [value for value in self.form.getlist(name) if isinstance(value, str)]


Handler = Callable[[Visit], Awaitable[Response]]


@dataclass(frozen=True)
class Page:
    """A page or a form's target. What is not in the table of these is not served."""

    method: Literal["GET", "POST"]
    path: str
    need: Need
    handler: Handler


def show(visit: Visit, template: str, status: int = 200, **values: Any) -> Response:
    """A page in the visit's language."""
    return page(template, visit.lang, visit.who, visit.request, status, values, visit.desk)


def make_app(desk: Desk, pages: tuple[Page, ...]) -> ASGIApp:
    """The desk as an ASGI app."""
    routes: list[Route | Mount] = [
        Route(one.path, _guarded(desk, one), methods=[one.method], name=f"{one.method} {one.path}") for one in pages
    ]
    routes.append(Mount("/static", StaticFiles(directory=STATIC)))
    app = Starlette(routes=routes, exception_handlers={HTTPException: _refused(desk), Exception: _broken(desk)})
    return _Headers(app, desk.settings.secure)


def _guarded(desk: Desk, one: Page) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        if one.method == "POST" or one.need == "nobody":
            return await respond(request)
        async with desk.book.store.read():  # all that a page shows is of one moment
            return await respond(request)

    async def respond(request: Request) -> Response:
        visit = Visit(desk, request, _language(request))
        token = request.cookies.get(COOKIE)
        visit.who = await desk.accounts.who(token, now_ms())
        if one.method == "POST":
            _must_be_from_here(request)
            visit.form = await _form(request)
        if one.need != "nobody":
            if visit.who is None:
                return _sign_in_first(request, one)
            if one.need == "officer" and visit.who.role != "officer":
                raise HTTPException(403, "officers_only")
            if one.method == "POST" and not hmac.compare_digest(
                visit.said("form_token").encode(), visit.who.form_token.encode()
            ):
                raise HTTPException(403, "not_our_form")
        return await one.handler(visit)

    return answer


def _sign_in_first(request: Request, one: Page) -> Response:
    if one.method == "POST":
        raise HTTPException(401, "signed_out")
    if request.headers.get("hx-request"):
        return Response(status_code=204, headers={"HX-Redirect": "/sign-in"})
    return RedirectResponse(f"/sign-in?next={quote(request.url.path)}", 303)


def _must_be_from_here(request: Request) -> None:
    """Other sites' pages may not post here, whatever cookies the browser would send along."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise HTTPException(403, "not_our_form")
    origin = request.headers.get("origin")
    if origin not in (None, "null") and urlsplit(origin).netloc != request.headers.get("host"):
        raise HTTPException(403, "not_our_form")


async def _form(request: Request) -> FormData:
    length = request.headers.get("content-length", "0")
    if not length.isdigit() or int(length) > _FORM_BYTES or "transfer-encoding" in request.headers:
        raise HTTPException(413, "too_large")
    if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        raise HTTPException(415, "not_our_form")
    return await request.form(max_fields=100)


def _language(request: Request) -> Lang:
    return language(request.cookies.get(LANGUAGE), request.headers.get("accept-language", ""))


def _refused(desk: Desk) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def answer(request: Request, fault: Exception) -> Response:
        assert isinstance(fault, HTTPException)
        visit = Visit(desk, request, _language(request))
        visit.who = await desk.accounts.who(request.cookies.get(COOKIE), now_ms())
        words = desk.words[visit.lang]
        key = (
            fault.detail if words.has("refused", fault.detail) else "not_found" if fault.status_code == 404 else "other"
        )
        return show(visit, "refused.html", fault.status_code, what=key)

    return answer


def _broken(desk: Desk) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def answer(request: Request, fault: Exception) -> Response:
        _log.error("a page could not be made", kind=type(fault).__name__, method=request.method)
        return show(Visit(desk, request, _language(request)), "refused.html", 500, what="broken")

    return answer


_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)

_ALWAYS: Mapping[str, str] = {
    "content-security-policy": _POLICY,
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}


class _Headers:
    """What every answer says to the browser. Only what is the same for everybody is kept by it."""

    def __init__(self, app: ASGIApp, secure: bool) -> None:
        self._app = app
        self._headers = dict(_ALWAYS)
        if secure:
            self._headers["strict-transport-security"] = "max-age=31536000"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                ours = dict(self._headers)
                ours["cache-control"] = "max-age=3600" if scope["path"].startswith("/static/") else "no-store"
                kept = [(name, value) for name, value in message["headers"] if name.decode().lower() not in ours]
                message["headers"] = [*kept, *((name.encode(), value.encode()) for name, value in ours.items())]
            await send(message)

        await self._app(scope, receive, with_headers if scope["type"] == "http" else send)
