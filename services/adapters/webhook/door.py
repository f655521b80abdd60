"""Where units' systems answer: `/v1/units/{unit}/…`, each request signed as ours are."""

import re
from collections.abc import Awaitable, Callable, Mapping

import orjson
from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from contracts.unit_tasks import AnswerState, UnitAnswer, UnitProblem
from services.adapters.webhook.sending import Endpoint
from services.adapters.webhook.signing import Rejected, verified
from services.book.book import Answer, Book
from services.runtime.complaint import complaint
from services.runtime.fold import Refused
from services.runtime.hkid import holds_hkid
from services.runtime.logs import logger

__all__ = ["Door"]

_log = logger(__name__)

_MOST_BYTES = 65_536

_TITLES = {
    "not_signed": (401, "The request is not signed as it must be"),
    "unknown_task": (404, "Your unit has no such task"),
    "unknown_answer": (404, "Your unit has given no such answer"),
    "stale_revision": (409, "The task has moved on"),
    "illegal_transition": (409, "The task does not allow this now"),
    "id_reused": (409, "This id was used for another answer"),
    "too_large": (413, "The request is too large"),
    "identity": (422, "The answer holds an identity"),
    "invalid": (422, "The answer is not as the contract has it"),
}
"""By code: HTTP status and title."""

_BEING_TAKEN = {"retry-after": "1"}

_Handler = Callable[[Endpoint, Request, bytes], Awaitable[Response]]


class _Fault(Exception):
    def __init__(self, code: str, detail: str) -> None:
        super().__init__(code)
        self.code, self.detail = code, detail


class Door:
    """The routes of the units that are connected by webhook. `seconds`: the real clock, since 1970."""

    def __init__(self, book: Book, endpoints: Mapping[str, Endpoint], seconds: Callable[[], int]) -> None:
        self._book = book
        self._endpoints = endpoints
        self._seconds = seconds

    def routes(self) -> list[Route]:
        """POST an answer, GET what became of it, GET what the unit holds."""
        where = "/v1/units/{unit}"
        return [
            Route(f"{where}/answers", self._signed(self._answer), methods=["POST"]),
            Route(f"{where}/answers/{{id}}", self._signed(self._state), methods=["GET"]),
            Route(f"{where}/tasks", self._signed(self._tasks), methods=["GET"]),
        ]

    def _signed(self, handler: _Handler) -> Callable[[Request], Awaitable[Response]]:
        async def handle(request: Request) -> Response:
            try:
                body = await _body(request)
                return await handler(self._asker(request, body), request, body)
            except _Fault as fault:
                unit = request.path_params["unit"]
                known = unit if unit in self._endpoints else "unknown"
                _log.warning("a unit's request was not taken", unit=known, code=fault.code)
                return _problem(fault.code, fault.detail)

        return handle

    def _asker(self, request: Request, body: bytes) -> Endpoint:
        """The unit that has signed. A unit that we do not know is answered as one with a wrong signature."""
        endpoint = self._endpoints.get(request.path_params["unit"])
        try:
            verified(endpoint.signers if endpoint else (), request.headers, body, self._seconds())
        except Rejected as fault:
            raise _Fault("not_signed", str(fault)) from None
        assert endpoint is not None
        if request.method == "GET" and request.headers["webhook-id"] != request.url.path:
            raise _Fault("not_signed", "for a GET, webhook-id is the path that is asked for")
        return endpoint

    async def _answer(self, endpoint: Endpoint, request: Request, body: bytes) -> Response:
        if holds_hkid(body):
            raise _Fault(
                "identity", "something in it has the shape of an identity card number; send ids and codes only"
            )
        try:
            answer = UnitAnswer.model_validate_json(body)
        except ValidationError as fault:
            raise _Fault("invalid", complaint(fault, whole="")) from None
        if request.headers["webhook-id"] != answer.id:
            raise _Fault("invalid", "id: is not the webhook-id under which the request was signed; they are the same")
        said = answer.model_dump(mode="json", exclude={"id", "task"}, exclude_defaults=True)
        if answer.expected_revision is None:
            said |= await self._seen(f"{endpoint.unit}:{answer.id}", endpoint.unit, answer.task)
        try:
            taken = await self._book.answer(endpoint.unit, answer.task, said, answer.id, f"webhook:{endpoint.unit}")
        except Refused as refused:
            raise _Fault(refused.reason, refused.detail) from None
        return _json(_state(taken), 200 if taken.again else 202)

    async def _seen(self, update_id: str, unit: str, ref: str) -> dict[str, int]:
        """The revision that a unit answers which says none: the newest that it has been told of. Of an answer that is
        known already, what it was then."""
        if (before := await self._book.given(update_id)) is not None:
            return {name: value for name, value in before.said.items() if name == "expected_revision"}
        one = await self._book.held(unit, ref)
        return {"expected_revision": one.told} if one is not None and one.told > 0 else {}

    async def _state(self, endpoint: Endpoint, request: Request, _: bytes) -> Response:
        answer = await self._book.given(f"{endpoint.unit}:{request.path_params['id']}")
        if answer is None:
            raise _Fault("unknown_answer", "no answer of that id has been taken from your unit; send it (again)")
        return _json(_state(answer), 200)

    async def _tasks(self, endpoint: Endpoint, _: Request, __: bytes) -> Response:
        """What the unit holds: for a system that has lost its list."""
        tasks = [await self._book.shown(one) for one in await self._book.all_held(endpoint.unit)]
        return Response(orjson.dumps({"tasks": tasks}), media_type="application/json")


async def _body(request: Request) -> bytes:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _MOST_BYTES:
            raise _Fault("too_large", f"an answer has {_MOST_BYTES} bytes at most")
    return body


def _state(answer: Answer) -> AnswerState:
    return AnswerState.model_validate(
        {
            "id": answer.update_id.partition(":")[2],
            "task": answer.ref,
            "action": answer.said["action"],
            "state": answer.state,
            "reason": answer.reason,
            "detail": answer.detail,
        }
    )


def _json(content: BaseModel, status: int) -> Response:
    return Response(content.model_dump_json(), status, media_type="application/json")


def _problem(code: str, detail: str) -> Response:
    status, title = _TITLES.get(code, (409, "The answer is refused"))
    code = code if re.fullmatch(r"[a-z_]+", code) else "refused"
    problem = UnitProblem(type=f"urn:kithline:problem:{code}", title=title, status=status, code=code, detail=detail)
    headers = _BEING_TAKEN if "being taken" in detail else None
    return Response(problem.model_dump_json(), status, headers, media_type="application/problem+json")
