"""The vault's door: HTTP with a credential for every right. The table of routes is also the OpenAPI page."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, ValidationError
from pydantic.json_schema import models_json_schema
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from contracts.identity import REFUSALS, Disclosure, OpenIdentity, Refusal, RefusalCode
from services.runtime.errors import Problem
from services.runtime.hkid import holds_hkid
from services.runtime.logs import logger
from services.runtime.metrics import VAULT_ANSWERS
from services.vault.disclosure import Acting
from services.vault.vault import AboutSubject, Apart, EraseSubject, LetterToOpen, Load, Refused, SamePerson, Vault

__all__ = ["MAX_BYTES", "ROUTES", "Door", "door", "openapi"]

_log = logger(__name__)

MAX_BYTES = 6 << 20
"""Of one request: a sealed letter of `dead.letters` (3 MiB) and what JSON adds to it."""

Answer = Awaitable[BaseModel | dict[str, Any]]


class Door(NamedTuple):
    """One route: which right it needs, what is asked, and who answers. `clear`: the body is text that people write, so
    that an identity card number in it is refused."""

    name: str
    method: str
    path: str
    right: str
    asks: type[BaseModel]
    answer: Callable[[Vault, Acting, Any], Answer]
    tells: type[BaseModel] | None
    says: str
    clear: bool = True


ROUTES = (
    Door("resolve", "POST", "/v1/resolve", "resolve", OpenIdentity, Vault.resolve, Disclosure,
         "Who a task is about: the least that the purpose needs, for the unit that has accepted it."),
    Door("load", "PUT", "/v1/identities", "load", Load, Vault.load, None,
         "Hand identities in; of two about one subject the later `as_of` counts."),
    Door("same_person", "PUT", "/v1/aliases", "load", SamePerson, Vault.same_person, None,
         "These pseudonyms are one person."),
    Door("apart", "POST", "/v1/aliases/apart", "load", Apart, Vault.apart, None,
         "A merge was taken back: this pseudonym stands for itself again."),
    Door("open_letter", "POST", "/v1/letters/open", "letters", LetterToOpen, Vault.open_letter, None,
         "The record that a sealed dead letter keeps.", clear=False),
    Door("subject_access", "POST", "/v1/subjects/access", "subjects", AboutSubject, Vault.subject_access, None,
         "What kinds of data are held of a person, and who has opened them."),
    Door("erase", "POST", "/v1/subjects/erase", "subjects", EraseSubject, Vault.erase, None,
         "Erase what was known of a person up to an instant."),
)  # fmt: skip
"""Everything that can be asked."""


def door(vault: Vault) -> Starlette:
    """The ASGI app."""
    page = openapi()

    async def described(_: Request) -> Response:
        return JSONResponse(page)

    routes = [Route(one.path, _endpoint(vault, one), methods=[one.method]) for one in ROUTES]
    return Starlette(routes=[*routes, Route("/v1/openapi.json", described)])


def _endpoint(vault: Vault, one: Door) -> Callable[[Request], Awaitable[Response]]:
    counted = {result: VAULT_ANSWERS.labels("vault", one.name, result) for result in ("answered", *REFUSALS)}

    def refuse(code: RefusalCode, at: list[str] | None = None) -> Response:
        counted[code].inc()
        return _refusal(code, at)

    async def endpoint(request: Request) -> Response:
        try:
            answer = await _answered(vault, one, request)
        except Refused as refused:
            return refuse(refused.code)
        except _Invalid as invalid:
            return refuse("invalid", invalid.at)
        except Exception as fault:
            # not the fault itself: a database's and a model's errors quote what they were given
            reason = str(fault) if isinstance(fault, Problem) else None
            _log.error("not answered", route=one.name, fault=type(fault).__name__, reason=reason)
            with suppress(Exception):  # where it is the audit itself that cannot be written
                await vault.refused("unavailable", one.name, None)
            return refuse("unavailable")
        counted["answered"].inc()
        content = answer.model_dump(mode="json") if isinstance(answer, BaseModel) else answer
        return JSONResponse(content, headers=_HEADERS)

    return endpoint


_HEADERS = {"Cache-Control": "no-store"}


class _Invalid(Exception):
    def __init__(self, at: list[str]) -> None:
        super().__init__("invalid")
        self.at = at


async def _answered(vault: Vault, one: Door, request: Request) -> BaseModel | dict[str, Any]:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    who = await vault.acting(token.strip()) if scheme.lower() == "bearer" else None
    if who is None:
        await vault.refused("bad_credential", one.name, None)
        raise Refused("bad_credential")
    if one.right not in who.rights:
        await vault.refused("not_your_right", one.name, who)
        raise Refused("not_your_right")
    body = await _body(request)
    if body is None:
        await vault.refused("too_large", one.name, who)
        raise Refused("too_large")
    try:
        asked = one.asks.model_validate_json(body)
        wrong = ["(an identity card number)"] if one.clear and holds_hkid(body) else []
    except ValidationError as fault:
        wrong = _places(fault)
    if wrong:
        await vault.refused("invalid", one.name, who, at=wrong)
        raise _Invalid(wrong)
    return await one.answer(vault, who, asked)


async def _body(request: Request) -> bytes | None:
    """The whole of it, or None where it is too large."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BYTES:
            return None
    return bytes(body)


def _places(fault: ValidationError) -> list[str]:
    """Which fields are wrong. One that nobody knows is not named: its name is the sender's, and could be anything."""
    faults = fault.errors(include_input=False, include_url=False, include_context=False)
    places = [
        ".".join(map(str, (*one["loc"][:-1], "(unknown field)") if one["type"] == "extra_forbidden" else one["loc"]))
        for one in faults
    ]
    return sorted({place or "(not JSON, or not an object)" for place in places})


def _refusal(code: RefusalCode, at: list[str] | None = None) -> Response:
    status, says = REFUSALS[code]
    content = Refusal(refused=code, says=says, at=at or []).model_dump(mode="json")
    challenge = {"WWW-Authenticate": "Bearer"} if status == 401 else {}
    return JSONResponse(content, status_code=status, headers={**_HEADERS, **challenge})


def openapi() -> dict[str, Any]:
    """The OpenAPI 3.1 page, from the table of routes and the models."""
    models: dict[type[BaseModel], None]
    models = dict.fromkeys([Refusal, *(one.asks for one in ROUTES), *(one.tells for one in ROUTES if one.tells)])
    wanted: list[tuple[type[BaseModel], Literal["validation", "serialization"]]]
    wanted = [(model, "validation") for model in models]
    _, schemas = models_json_schema(wanted, by_alias=True, ref_template="#/components/schemas/{model}")
    return {
        "openapi": "3.1.0",
        "info": {"title": "Kithline vault", "version": "1", "license": {"name": "Apache-2.0"}},
        "paths": {one.path: {one.method.lower(): _operation(one)} for one in ROUTES},
        "components": {
            "schemas": schemas["$defs"],
            "securitySchemes": {"credential": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"credential": []}],
    }


def _operation(one: Door) -> dict[str, Any]:
    refused: dict[str, list[str]] = {}
    for code, (status, says) in REFUSALS.items():
        refused.setdefault(str(status), []).append(f"`{code}`: {says}")
    tells = {"type": "object"} if one.tells is None else {"$ref": f"#/components/schemas/{one.tells.__name__}"}
    return {
        "operationId": one.name,
        "summary": one.says,
        "description": f"Needs the right `{one.right}`.",
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{one.asks.__name__}"}}},
        },
        "responses": {
            "200": {"description": "Told, and in the audit.", "content": {"application/json": {"schema": tells}}},
            **{
                status: {
                    "description": "\n".join(says),
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Refusal"}}},
                }
                for status, says in refused.items()
            },
        },
    }
