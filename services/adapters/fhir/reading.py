"""What a unit sends, read and checked by `fhir.resources`.

That package has no models of R4 (4.0.1) any more; those of R4B (4.3.0) are the same for the resources that we take:
Task and Subscription did not change between the two (docs/adr/0017-fhir-r4.md). Its models are imported by
`load_models`, once the channel is made: they take a second, for which no request and no other channel shall wait.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import orjson
from pydantic import ValidationError

from services.adapters.fhir.outcome import Fault

__all__ = ["load_models", "read_resource"]

_SHOWN = 3
"""Errors that one answer names; the rest mostly follows from them."""


def read_resource(kind: str, raw: bytes) -> dict[str, Any]:
    """A resource of the kind (`Task` or `Subscription`) as JSON. Raises Fault where it is none."""
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError as fault:
        raise Fault(400, "structure", f"the body is not JSON: {fault}") from None
    if not isinstance(body, dict) or body.get("resourceType") != kind:
        raise Fault(400, "structure", f"the body is a resource with resourceType {kind}", kind)
    try:
        load_models()[kind].model_validate(body)
    except ValidationError as fault:
        errors = fault.errors(include_input=False, include_url=False)[:_SHOWN]
        says = "; ".join(f"{_path(kind, one['loc'])}: {_short(one['msg'])}" for one in errors)
        raise Fault(
            400, "structure", f"no valid {kind}: {says}", *(_path(kind, one["loc"]) for one in errors)
        ) from None
    return body


@cache
def load_models() -> Mapping[str, Any]:
    """The models of what is taken, by resource type."""
    from fhir.resources.R4B.subscription import Subscription
    from fhir.resources.R4B.task import Task

    return {"Task": Task, "Subscription": Subscription}


def _path(kind: str, place: Sequence[int | str]) -> str:
    return kind + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in place)


def _short(message: str) -> str:
    """Without the list of fifty types that a value may have."""
    return message.removeprefix("Value error, ").partition(" ['valueAddress'")[0]
