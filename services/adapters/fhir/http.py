"""HTTP as FHIR speaks it: JSON in and out, and every refusal an OperationOutcome. Of no resource in particular."""

from collections.abc import Awaitable, Callable, Mapping
from traceback import extract_tb

import orjson
from starlette.requests import Request
from starlette.responses import Response

from services.adapters.fhir.mapping import Resource
from services.adapters.fhir.outcome import Fault
from services.runtime.fold import Refused
from services.runtime.logs import logger

__all__ = ["BASE", "MEDIA_TYPE", "Answering", "answered", "as_json", "base_of", "body_of", "version_of"]

_log = logger(__name__)

MEDIA_TYPE = "application/fhir+json"
_READ = (MEDIA_TYPE, "application/json", "application/*", "*/*")
_MOST_BYTES = 256 * 1024
"""A Task of ours has some five thousand."""

BASE = "/fhir"

_FRAMES = 6
"""Of a fault's way that the log tells, the last ones."""

Answering = Callable[[Request], Awaitable[Response]]
"""Answers a request. Raises Fault."""


def answered(handle: Answering) -> Answering:
    """The same, but that a Fault becomes an OperationOutcome, and so does a failure, of which the log says more."""

    async def answer(request: Request) -> Response:
        try:
            _check_accepts(request)
            return await handle(request)
        except Fault as fault:
            return _refusal(fault)
        except Refused as refused:
            return _refusal(_fault_of(refused))
        except Exception as fault:
            # neither its words nor its frames' values: they could quote what was being worked on
            places = [f"{one.filename}:{one.lineno}" for one in extract_tb(fault.__traceback__)[-_FRAMES:]]
            _log.error("a FHIR request failed", kind=type(fault).__name__, at=places)
            return _refusal(Fault(500, "exception", "this server failed; the operator finds why in its log"))

    return answer


def as_json(resource: Resource, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A resource as it is sent; nobody on the way is to keep it."""
    said = {"Cache-Control": "no-store", **(headers or {})}
    return Response(orjson.dumps(resource), status, said, f"{MEDIA_TYPE}; charset=utf-8")


async def body_of(request: Request) -> bytes:
    """The resource that was sent. Raises Fault for another media type, and for too much."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in (MEDIA_TYPE, "application/json"):
        raise Fault(415, "not-supported", f"send the resource as {MEDIA_TYPE}")
    sent = bytearray()
    async for part in request.stream():
        sent += part
        if len(sent) > _MOST_BYTES:
            raise Fault(413, "too-long", f"a resource has {_MOST_BYTES} bytes at most here")
    return bytes(sent)


def version_of(request: Request) -> int:
    """Which version a change is of, by If-Match. Raises Fault where it does not say."""
    said = request.headers.get("if-match")
    if said is None:
        says = 'say which version you have changed: If-Match: W/"3", from the ETag (or meta.versionId) that you read'
        raise Fault(400, "required", says)
    number = said.strip().removeprefix("W/").strip('"')
    if not (number.isascii() and number.isdigit() and len(number) < 10):
        raise Fault(400, "value", 'If-Match is one version, written W/"3"')
    return int(number)


def base_of(request: Request) -> str:
    """Where the server is, as whoever asks has reached it."""
    return str(request.url.replace(path=BASE, query="", fragment=""))


def _check_accepts(request: Request) -> None:
    said = request.headers.get("accept", "*/*")
    if not any(one.partition(";")[0].strip().lower() in _READ for one in said.split(",")):
        raise Fault(406, "not-supported", f"this server speaks {MEDIA_TYPE} only")


def _refusal(fault: Fault) -> Response:
    headers = {"WWW-Authenticate": "Bearer"} if fault.status == 401 else {}
    return as_json(fault.outcome, fault.status, headers)


def _fault_of(refused: Refused) -> Fault:
    match refused.reason:
        case "unknown_task":
            return Fault(404, "not-found", refused.detail)
        case "stale_revision" | "id_reused":
            return Fault(409, "conflict", refused.detail)
        case _:
            return Fault(422, "business-rule", refused.detail)
