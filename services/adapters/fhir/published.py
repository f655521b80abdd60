"""The resources that say what we speak: CapabilityStatement, our CodeSystems, ValueSets and extensions. Pure."""

from typing import Any

from services.adapters.fhir.codes import EXTENSIONS, SYSTEMS, VALUE_SETS, extension_url, system
from services.adapters.fhir.mapping import Resource

__all__ = ["DEFINITIONS", "capability_statement"]

_SINCE = "2026-07-01"
"""When what is said here was last changed."""


def _code_system(name: str) -> Resource:
    codes = SYSTEMS[name]
    concepts = [
        {"code": code, "display": en, "designation": [{"language": "zh-Hant", "value": zh_hant}]}
        for code, (en, zh_hant) in codes.words.items()
    ]
    return {
        **_definition("CodeSystem", name, system(name), codes.title),
        "caseSensitive": True,
        "content": "fragment" if codes.open else "complete",
    } | ({"concept": concepts} if concepts else {})


def _value_set(name: str, title: str, of: str, codes: list[str] | None) -> Resource:
    included: dict[str, Any] = {"system": system(of)}
    if codes is not None:
        included["concept"] = [{"code": code} for code in codes]
    return {
        **_definition("ValueSet", name, system(f"valueset:{name}"), title),
        "compose": {"include": [included]},
    }


def _extension(name: str) -> Resource:
    extension = EXTENSIONS[name]
    return {
        **_definition("StructureDefinition", name, extension_url(name), extension.title),
        "fhirVersion": "4.0.1",
        "kind": "complex-type",
        "abstract": False,
        "context": [{"type": "element", "expression": extension.on}],
        "type": "Extension",
        "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Extension",
        "derivation": "constraint",
        "differential": {
            "element": [
                {"id": "Extension", "path": "Extension", "short": extension.title, "min": 0, "max": extension.max},
                {"id": "Extension.extension", "path": "Extension.extension", "max": "0"},
                {"id": "Extension.url", "path": "Extension.url", "fixedUri": extension_url(name)},
                {
                    "id": "Extension.value[x]",
                    "path": "Extension.value[x]",
                    "min": 1,
                    "type": [{"code": extension.type}],
                },
            ]
        },
    }


def _definition(kind: str, name: str, url: str, title: str) -> Resource:
    return {
        "resourceType": kind,
        "id": name,
        "language": "en",
        "url": url,
        "version": "1",
        "name": "".join(part.capitalize() for part in name.split("-")),
        "title": title,
        "status": "active",
        "experimental": False,
        "date": _SINCE,
        "publisher": "Kithline",
        "description": f"{title}.",
    }


def _all() -> dict[str, dict[str, Resource]]:
    whole = {name: _value_set(name, codes.title, name, None) for name, codes in SYSTEMS.items()}
    parts = {name: _value_set(name, title, of, list(codes)) for name, (title, of, codes) in VALUE_SETS.items()}
    return {
        "CodeSystem": {name: _code_system(name) for name in SYSTEMS},
        "ValueSet": whole | parts,
        "StructureDefinition": {name: _extension(name) for name in EXTENSIONS},
    }


DEFINITIONS = _all()
"""Resource type -> id -> resource."""


def capability_statement(base: str) -> Resource:
    """What may be asked here. `base`: of this server."""
    found = [_rest("Task", ["read", "update", "search-type"], _TASK_SEARCH)]
    found[0] |= {"updateCreate": False, "searchInclude": ["Task:focus", "Task:owner", "Task:requester"]}
    found += [_rest(name, ["read"]) for name in ("ServiceRequest", "Organization", "Patient")]
    found.append(_rest("Subscription", ["create", "read", "update", "delete", "search-type"]))
    found += [_rest(name, ["read", "search-type"], {"url": "uri"}) for name in DEFINITIONS]
    return {
        "resourceType": "CapabilityStatement",
        "language": "en",
        "status": "active",
        "date": _SINCE,
        "publisher": "Kithline",
        "kind": "instance",
        "implementation": {"description": "A unit's tasks, and its answers to them", "url": base},
        "fhirVersion": "4.0.1",
        "format": ["json"],
        "rest": [
            {
                "mode": "server",
                "documentation": "A unit sees its own tasks only. A Task is changed by PUT with If-Match; what the "
                "change means, and whether it is possible, is the referral desk's to say.",
                "security": {
                    "description": "A bearer token per unit, agreed upon outside FHIR, over TLS. (SMART Backend "
                    "Services and OIDC are not offered.)"
                },
                "resource": found,
            }
        ],
    }


_TASK_SEARCH = {
    "_id": "token",
    "owner": "reference",
    "status": "token",
    "business-status": "token",
    "priority": "token",
    "_lastUpdated": "date",
}


def _rest(kind: str, interactions: list[str], search: dict[str, str] | None = None) -> Resource:
    found: Resource = {
        "type": kind,
        "interaction": [{"code": code} for code in interactions],
        "versioning": "versioned-update" if kind == "Task" else "no-version",
    }
    if search:
        found["searchParam"] = [{"name": name, "type": type_} for name, type_ in search.items()]
    return found
