"""The FHIR server's door: `/fhir/…`, JSON, R4. A unit finds its own resources here, and nothing of anybody else."""

import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from services.adapters.fhir.access import Access
from services.adapters.fhir.answering import answer_of
from services.adapters.fhir.http import BASE, Answering, answered, as_json, base_of, body_of, version_of
from services.adapters.fhir.mapping import KITHLINE, Resource, bundle, kithline, organization, service_request, task
from services.adapters.fhir.outcome import Fault, operation_outcome
from services.adapters.fhir.people import People
from services.adapters.fhir.published import DEFINITIONS, capability_statement
from services.adapters.fhir.reading import read_resource
from services.adapters.fhir.searching import Query, read_query
from services.adapters.fhir.subscriptions import Subscription, forget, keep, of_unit, read_subscription
from services.adapters.fhir.tasks import Tasks
from services.book.book import Book, Held
from services.book.places import needs_a_place
from services.directory import Unit

__all__ = ["Server"]

Handler = Callable[[Request, Unit], Awaitable[Response]]
"""Answers one request of a unit. Raises Fault."""


class Server:
    """The routes. `hosts`: where each unit may be notified."""

    def __init__(
        self, book: Book, access: Access, people: People, tasks: Tasks, hosts: Mapping[str, Sequence[str]]
    ) -> None:
        self._book = book
        self._access = access
        self._people = people
        self._tasks = tasks
        self._hosts = hosts

    def routes(self) -> list[BaseRoute]:
        """What is mounted. What is not here is answered by an OperationOutcome too."""
        ours: dict[str, dict[str, Handler]] = {
            "/Task": {"GET": self._search},
            "/Task/{id}": {"GET": self._read_task, "PUT": self._update_task},
            "/ServiceRequest/{id}": {"GET": self._read_request},
            "/Organization/{id}": {"GET": self._read_organization},
            "/Patient/{id}": {"GET": self._read_patient},
            "/Subscription": {"GET": self._list_subscriptions, "POST": self._subscribe},
            "/Subscription/{id}": {
                "GET": self._read_subscription,
                "PUT": self._subscribe_again,
                "DELETE": self._unsubscribe,
            },
        }
        routes: list[BaseRoute] = [Route(f"{BASE}/metadata", answered(_metadata))]
        for kind in DEFINITIONS:
            routes.append(Route(f"{BASE}/{kind}", answered(_definitions(kind))))
            routes.append(Route(f"{BASE}/{kind}/{{id}}", answered(_definition(kind))))
        routes += [Route(BASE + path, self._for_units(by), methods=_EVERY) for path, by in ours.items()]
        return [*routes, Route(BASE + "/{path:path}", self._for_units({}), methods=_EVERY)]

    def _for_units(self, by_method: Mapping[str, Handler]) -> Answering:
        async def handle(request: Request) -> Response:
            unit = self._access.unit(request.headers.get("authorization"))
            handler = by_method.get("GET" if request.method == "HEAD" else request.method)
            if handler is not None:
                return await handler(request, unit)
            if not by_method:
                raise Fault(404, "not-supported", "there is no such resource here; GET metadata says what there is")
            can = ", ".join(by_method)
            raise Fault(405, "not-supported", f"{request.method} is not possible here; {can} is")

        return answered(handle)

    async def _search(self, request: Request, unit: Unit) -> Response:
        query = read_query(request.query_params.multi_items())
        found, more = await self._tasks.find(unit.id, query)
        links = {"self": str(request.url)}
        if more is not None:
            links["next"] = _next_page(request, more)
        base = base_of(request)
        matches = [task(await self._book.shown(one), unit, one.changed_at) for one in found]
        response = as_json(bundle(base, matches, self._included(query, found, unit), links))
        await self._tasks.tell(found)
        return response

    @staticmethod
    def _included(query: Query, found: Sequence[Held], unit: Unit) -> list[Resource]:
        included = []
        if "focus" in query.includes:
            included += [service_request(one.view, unit, one.changed_at) for one in found]
        if "owner" in query.includes and found:
            included.append(organization(unit))
        if "requester" in query.includes and found:
            included.append(kithline())
        return included

    async def _read_task(self, request: Request, unit: Unit) -> Response:
        held = await self._tasks.one(unit.id, request.path_params["id"], "Task")
        response = await self._task(held, unit)
        # free places change without a revision of the task
        if request.headers.get("if-none-match") == _etag(held) and not needs_a_place(held.task):
            return Response(status_code=304, headers={"ETag": _etag(held)})
        await self._tasks.tell([held])
        return response

    async def _update_task(self, request: Request, unit: Unit) -> Response:
        held = await self._tasks.one(unit.id, request.path_params["id"], "Task")
        body = read_resource("Task", await body_of(request))
        seen = version_of(request)
        key = _key(held, seen, body)
        if await self._tasks.answer(held, key) is None:
            if seen != held.view["revision"]:
                says = (
                    f"the task has changed: it is at version {held.view['revision']}; read it again, then change that"
                )
                raise Fault(412, "conflict", says)
            said = answer_of(held.view, task(held.view, unit, held.changed_at), body)
            if said is None:
                return await self._task(held, unit)
            await self._tasks.tell([held])  # who answers a task knows it, and may read what became of it
            await self._book.answer(unit.id, held.ref, {**said, "expected_revision": seen}, key, f"fhir:{unit.id}")
        settled = await self._tasks.settled(held, key)
        if settled.state == "refused":
            says = settled.detail or "the referral desk did not take it"
            stale = settled.reason == "stale_revision"
            raise Fault(409 if stale else 422, "conflict" if stale else "business-rule", says)
        if settled.state != "taken":
            says = "your change is written down and on its way to the referral desk; read the Task to see how it went"
            return as_json(operation_outcome("information", "informational", says), 202)
        changed = await self._tasks.one(unit.id, held.ref, "Task")
        response = await self._task(changed, unit)
        await self._tasks.tell([changed])
        return response

    async def _task(self, held: Held, unit: Unit) -> Response:
        return as_json(task(await self._book.shown(held), unit, held.changed_at), headers={"ETag": _etag(held)})

    async def _read_request(self, request: Request, unit: Unit) -> Response:
        held = await self._tasks.one(unit.id, request.path_params["id"], "ServiceRequest")
        return as_json(service_request(held.view, unit, held.changed_at), headers={"ETag": _etag(held)})

    async def _read_organization(self, request: Request, unit: Unit) -> Response:
        known = {unit.id: organization(unit), KITHLINE: kithline()}
        found = known.get(request.path_params["id"])
        if found is None:
            raise Fault(
                404, "not-found", f"there is Organization/{unit.id}, which is yours, and Organization/{KITHLINE}"
            )
        return as_json(found)

    async def _read_patient(self, request: Request, unit: Unit) -> Response:
        return as_json(await self._people.patient(unit, request.path_params["id"], request.query_params))

    async def _list_subscriptions(self, request: Request, unit: Unit) -> Response:
        async with self._book.store.read() as look:
            found = [one.resource for one in await of_unit(look, unit.id)]
        return as_json(bundle(base_of(request), found, [], {"self": str(request.url)}))

    async def _subscribe(self, request: Request, unit: Unit) -> Response:
        wish = read_subscription(unit.id, read_resource("Subscription", await body_of(request)), self._hosts[unit.id])
        async with self._book.store.write() as transaction:
            kept = await keep(transaction, wish)
        return as_json(kept.resource, 201, {"Location": f"{base_of(request)}/Subscription/{kept.id}"})

    async def _read_subscription(self, request: Request, unit: Unit) -> Response:
        return as_json((await self._subscription(request, unit)).resource)

    async def _subscribe_again(self, request: Request, unit: Unit) -> Response:
        before = await self._subscription(request, unit)
        wish = read_subscription(unit.id, read_resource("Subscription", await body_of(request)), self._hosts[unit.id])
        if wish.id != before.id:
            says = "criteria, endpoint and payload stay; to change them, delete the Subscription and create another"
            raise Fault(422, "business-rule", says, "Subscription.criteria", "Subscription.channel")
        async with self._book.store.write() as transaction:
            kept = await keep(transaction, wish)
        return as_json(kept.resource)

    async def _subscription(self, request: Request, unit: Unit) -> Subscription:
        async with self._book.store.read() as look:
            found = await of_unit(look, unit.id, request.path_params["id"])
        if not found:
            raise Fault(404, "not-found", "your unit has no such Subscription")
        return found[0]

    async def _unsubscribe(self, request: Request, unit: Unit) -> Response:
        async with self._book.store.write() as transaction:
            if not await forget(transaction, unit.id, request.path_params["id"]):
                raise Fault(404, "not-found", "your unit has no such Subscription")
        return Response(status_code=204)


_EVERY = ["GET", "PUT", "POST", "PATCH", "DELETE"]


async def _metadata(request: Request) -> Response:
    return as_json(capability_statement(base_of(request)))


def _definitions(kind: str) -> Answering:
    async def answer(request: Request) -> Response:
        url = request.query_params.get("url")
        found = [one for one in DEFINITIONS[kind].values() if url in (None, one["url"])]
        return as_json(bundle(base_of(request), found, [], {"self": str(request.url)}))

    return answer


def _definition(kind: str) -> Answering:
    async def answer(request: Request) -> Response:
        found = DEFINITIONS[kind].get(request.path_params["id"])
        if found is None:
            raise Fault(404, "not-found", f"there is no such {kind}; there are {', '.join(DEFINITIONS[kind])}")
        return as_json(found)

    return answer


def _key(held: Held, seen: int, body: Mapping[str, Any]) -> str:
    """The id of an answer: the same resource sent to the same version is the same answer, however often it is sent."""
    said = orjson.dumps(body, option=orjson.OPT_SORT_KEYS)
    return "fhir-" + hashlib.sha256(f"{held.ref}|{seen}|".encode() + said).hexdigest()[:32]


def _etag(held: Held) -> str:
    return f'W/"{held.view["revision"]}"'


def _next_page(request: Request, after: int) -> str:
    said = [(name, value) for name, value in request.query_params.multi_items() if name != "_after"]
    return f"{base_of(request)}/Task?{urlencode([*said, ('_after', str(after))])}"
