"""What is asked for: the parameters of `GET Task`, and which tasks they find. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from contracts.instants import canonical
from contracts.tasks import BUSINESS_STATUSES, STATUSES, TERMINAL
from services.adapters.fhir.codes import system
from services.adapters.fhir.outcome import Fault

__all__ = ["MOST", "Query", "read_query"]

MOST = 100
"""Tasks on a page."""

_COMPARISONS = {"ge": ">=", "gt": ">", "le": "<=", "lt": "<"}
_INCLUDES = ("Task:focus", "Task:owner", "Task:requester")


@dataclass(frozen=True)
class Query:
    """A search over one unit's tasks, in the order in which they changed. `after`: the number of the change with which
    the page before ended."""

    ids: frozenset[str] | None = None
    owners: frozenset[str] | None = None
    statuses: frozenset[str] | None = None
    business: frozenset[str] | None = None
    priorities: frozenset[str] | None = None
    updated: Sequence[tuple[str, str]] = ()
    includes: frozenset[str] = frozenset()
    count: int = 50
    after: int = -1

    @property
    def since(self) -> str:
        """Nothing that changed before this can be found."""
        return max((at for how, at in self.updated if how in ("ge", "gt")), default="")

    @property
    def ended(self) -> bool:
        """Whether it can find what is no longer in the unit's hands."""
        return self.statuses is None or not self.statuses.isdisjoint(TERMINAL)

    def finds(self, view: Mapping[str, Any], unit: str, changed_at: str) -> bool:
        """Whether it finds a unit's task that changed at `changed_at`."""
        asked = (
            (self.ids, view["task_id"]),
            (self.owners, unit),
            (self.statuses, view["status"]),
            (self.business, view["business_status"]),
            (self.priorities, view["priority"]),
        )
        return all(codes is None or code in codes for codes, code in asked) and all(
            _holds(changed_at, how, at) for how, at in self.updated
        )


def read_query(said: Sequence[tuple[str, str]]) -> Query:
    """The query of a request's parameters. Raises Fault for one that is not known: to leave it out would find what was
    not asked for."""
    query = Query()
    for name, value in said:
        match name:
            case "_id":
                query = replace(query, ids=_and(query.ids, value.split(",")))
            case "owner":
                query = replace(query, owners=_and(query.owners, [_owner(one) for one in value.split(",")]))
            case "status":
                query = replace(query, statuses=_and(query.statuses, _codes(name, value, STATUSES)))
            case "business-status":
                own = value.replace(f"{system('business-status')}|", "")
                query = replace(query, business=_and(query.business, _codes(name, own, BUSINESS_STATUSES)))
            case "priority":
                known = ("stat", "asap", "urgent", "routine")
                query = replace(query, priorities=_and(query.priorities, _codes(name, value, known)))
            case "_lastUpdated":
                query = replace(query, updated=(*query.updated, _instant(value)))
            case "_include":
                if value not in _INCLUDES:
                    raise _wrong(name, f"one of {', '.join(_INCLUDES)}")
                query = replace(query, includes=query.includes | {value.removeprefix("Task:")})
            case "_count":
                query = replace(query, count=min(_number(name, value), MOST))
            case "_after":
                query = replace(query, after=_number(name, value))
            case "_sort":
                if value != "_lastUpdated":
                    raise _wrong(name, "_lastUpdated, which is the order anyhow")
            case "_format":
                if value not in ("json", "application/json", "application/fhir+json"):
                    raise Fault(406, "not-supported", "this server speaks JSON only", "_format")
            case _:
                known_names = "_id, owner, status, business-status, priority, _lastUpdated, _include, _count"
                raise Fault(400, "not-supported", f"there is no parameter {name}; there are {known_names}", name)
    return query


def _and(before: frozenset[str] | None, codes: Sequence[str]) -> frozenset[str]:
    return frozenset(codes) if before is None else before & frozenset(codes)


def _owner(reference: str) -> str:
    return reference.rpartition("Organization/")[2]


def _codes(name: str, value: str, known: Sequence[str]) -> list[str]:
    codes = value.split(",")
    if not set(codes) <= set(known):
        raise _wrong(name, f"of {', '.join(known)}, with commas between")
    return codes


def _instant(value: str) -> tuple[str, str]:
    how = value[:2] if value[:2] in _COMPARISONS else "eq"
    try:
        return how, canonical(value[2:] if how != "eq" else value)
    except ValueError:
        mend = "ge, gt, le or lt and an instant with its offset, as ge2026-07-01T07:00:00Z (a + is written %2B)"
        raise _wrong("_lastUpdated", mend) from None


def _holds(changed_at: str, how: str, at: str) -> bool:
    match how:
        case "ge":
            return changed_at >= at
        case "gt":
            return changed_at > at
        case "le":
            return changed_at <= at
        case "lt":
            return changed_at < at
        case _:
            return changed_at == at


def _number(name: str, value: str) -> int:
    if not (value.isascii() and value.isdigit() and len(value) < 10 and int(value) > 0):
        raise _wrong(name, "a number from 1")
    return int(value)


def _wrong(name: str, takes: str) -> Fault:
    return Fault(400, "value", f"{name} takes {takes}", name)
