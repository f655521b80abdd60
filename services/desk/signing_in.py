"""Signing in and out, and choosing a language."""

import hmac
import secrets
from urllib.parse import urlsplit

from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from services.desk.accounts import TooManyTries
from services.desk.oidc import Oidc, SignInFailed
from services.desk.web import COOKIE, LANGUAGE, Page, Visit, show
from services.desk.words import LANGUAGES
from services.runtime.errors import Problem
from services.runtime.logs import logger
from services.runtime.now import now_ms

__all__ = ["PAGES"]

_log = logger(__name__)

_BEFORE = "kithline_before"
"""A cookie that ties the sign-in form to the browser that asked for it: there is no session yet."""
_OIDC = "kithline_oidc"
_YEAR = 365 * 24 * 3600
_FEW_MINUTES = 600


async def _form(visit: Visit) -> Response:
    if visit.who is not None:
        return RedirectResponse("/tasks", 303)
    return _sign_in(visit, visit.request.query_params.get("next", ""))


def _sign_in(visit: Visit, to: str, status: int = 200, problem: str = "", **values: object) -> Response:
    before = visit.request.cookies.get(_BEFORE) or secrets.token_urlsafe(24)
    response = show(
        visit,
        "sign_in.html",
        status,
        before=before,
        to=_local(to),
        problem=problem,
        oidc=visit.desk.settings.oidc_issuer is not None,
        **{"seconds": 0, **values},
    )
    _set(visit, response, _BEFORE, before, None)
    return response


async def _sign_in_here(visit: Visit) -> Response:
    before = visit.request.cookies.get(_BEFORE, "")
    if not before or not hmac.compare_digest(before.encode(), visit.said("before").encode()):
        return _sign_in(visit, visit.said("to"), 403, "form_was_old")
    address = visit.request.client.host if visit.request.client else "unknown"
    password = visit.form.get("password", "")
    settings = visit.desk.settings
    try:
        token = await visit.desk.accounts.sign_in(
            visit.said("name"), str(password), address, now_ms(), settings.session_hours
        )
    except TooManyTries as wait:
        return _sign_in(visit, visit.said("to"), 429, "too_many_tries", seconds=wait.seconds)
    if token is None:
        return _sign_in(visit, visit.said("to"), 401, "wrong")
    return _signed_in(visit, token, visit.said("to"))


def _signed_in(visit: Visit, token: str, to: str) -> Response:
    response = RedirectResponse(_local(to) or "/tasks", 303)
    _set(visit, response, COOKIE, token, int(visit.desk.settings.session_hours * 3600))
    response.delete_cookie(_BEFORE)
    return response


async def _sign_out(visit: Visit) -> Response:
    await visit.desk.accounts.sign_out(visit.request.cookies[COOKIE])
    response = RedirectResponse("/sign-in", 303)
    response.delete_cookie(COOKIE)
    response.headers["clear-site-data"] = '"cache", "storage"'
    return response


async def _oidc_begin(visit: Visit) -> Response:
    oidc = _oidc(visit)
    try:
        address, kept = await oidc.begin()
    except SignInFailed as failed:
        return _not_vouched(visit, failed)
    response = RedirectResponse(address, 303)
    # Lax: the browser comes back from another site
    response.set_cookie(_OIDC, kept, _FEW_MINUTES, httponly=True, samesite="lax", secure=visit.desk.settings.secure)
    return response


async def _oidc_back(visit: Visit) -> Response:
    oidc = _oidc(visit)
    asked = visit.request.query_params
    try:
        said = await oidc.finish(visit.request.cookies.get(_OIDC, ""), asked.get("state", ""), asked.get("code", ""))
        token = await visit.desk.accounts.sign_in_as(
            said.account, said.unit, said.role, now_ms(), visit.desk.settings.session_hours
        )
    except SignInFailed as failed:
        return _not_vouched(visit, failed)
    except Problem as problem:
        return _not_vouched(visit, SignInFailed(str(problem)))
    # A page of ours in between: a SameSite=Strict cookie is not sent with a redirect that another site began.
    response = show(visit, "signed_in.html")
    _set(visit, response, COOKIE, token, int(visit.desk.settings.session_hours * 3600))
    response.delete_cookie(_OIDC)
    return response


def _oidc(visit: Visit) -> Oidc:
    if visit.desk.settings.oidc_issuer is None:
        raise HTTPException(404, "not_found")
    return Oidc(visit.desk.settings, visit.desk.oidc_transport)


def _not_vouched(visit: Visit, failed: SignInFailed) -> Response:
    _log.warning("a sign-in with the department's account failed", why=str(failed))
    return _sign_in(visit, "", 403, "not_vouched")


async def _language(visit: Visit) -> Response:
    response = RedirectResponse(_local(visit.request.query_params.get("next", "")) or "/", 303)
    lang = visit.request.path_params["lang"]
    if lang in LANGUAGES:
        _set(visit, response, LANGUAGE, lang, _YEAR)
    return response


async def _home(visit: Visit) -> Response:
    return RedirectResponse("/tasks" if visit.who is not None else "/sign-in", 303)


def _set(visit: Visit, response: Response, name: str, value: str, seconds: int | None) -> None:
    response.set_cookie(name, value, seconds, httponly=True, samesite="strict", secure=visit.desk.settings.secure)


def _local(to: str) -> str:
    """A path of this desk, or nothing: nobody is sent elsewhere."""
    parts = urlsplit(to)
    plain = to.startswith("/") and not to.startswith("//") and "\\" not in to and to.isprintable()
    return to if plain and not parts.scheme and not parts.netloc else ""


PAGES = (
    Page("GET", "/", "nobody", _home),
    Page("GET", "/sign-in", "nobody", _form),
    Page("POST", "/sign-in", "nobody", _sign_in_here),
    Page("POST", "/sign-out", "worker", _sign_out),
    Page("GET", "/sign-in/department", "nobody", _oidc_begin),
    Page("GET", "/sign-in/back", "nobody", _oidc_back),
    Page("GET", "/language/{lang}", "nobody", _language),
)
