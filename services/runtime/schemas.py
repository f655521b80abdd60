"""JSON Schemas and AsyncAPI, generated from the models and the table of topics: `make schemas` writes them anew.

They stand here and not in `contracts`, which imports pydantic only. Outside teams use what is written; a test holds it
current.
"""

import json
from pathlib import Path
from typing import Any

import yaml
from pydantic import TypeAdapter

import contracts
from contracts.control import ClockCommand, Forgotten, OfficerDecision, Tick
from contracts.deadletters import DeadLetter
from contracts.envelope import Envelope
from contracts.events import FEEDS
from contracts.facts import Erase, Fact, Follow, Projection
from contracts.flags import Flag
from contracts.identity import Disclosure, Identity, OpenIdentity, Refusal
from contracts.tasks import REASONS, REFERRED_FOR, Task, TaskUpdate
from contracts.unit_tasks import AnswerState, UnitAnswer, UnitProblem, UnitTask
from contracts.units import UnitStatus, VacancyStatus
from services.runtime.asyncapi import asyncapi

__all__ = ["CONTRACTS", "MODELS", "generated", "schema_of"]

CONTRACTS = Path(contracts.__file__).parent

MODELS: dict[str, Any] = {
    "envelope": Envelope,
    **{name: model for feed in FEEDS.values() for name, model in feed.types.items()},
    "fact": Fact,
    "follow": Follow,
    "erase": Erase,
    "subject_forgotten": Forgotten,
    "projection": Projection,
    "flag": Flag,
    "unit_status": UnitStatus,
    "vacancy_status": VacancyStatus,
    "task": Task,
    "task_update": TaskUpdate,
    "unit_task": UnitTask,
    "unit_answer": UnitAnswer,
    "answer_state": AnswerState,
    "unit_problem": UnitProblem,
    "officer_decision": OfficerDecision,
    "dead_letter": DeadLetter,
    "tick": Tick,
    "clock_command": ClockCommand,
    "identity": Identity,
    "open_identity": OpenIdentity,
    "disclosure": Disclosure,
    "vault_refusal": Refusal,
}
"""Everything that crosses a topic or the vault's door, by the name of its schema file and its folder of examples."""

_SAID = {"not": {"type": "null"}}

_RULES: dict[str, dict[str, Any]] = {
    "community.observation": {
        "oneOf": [
            {"required": ["person_id"], "properties": {"person_id": _SAID}},
            {"required": ["address"], "properties": {"address": _SAID}},
        ]
    },
    "hospital.corrected": {
        "anyOf": [
            *({"required": [name]} for name in ("hospital", "admitted_at", "discharged_at")),
            {"required": ["deceased"], "properties": {"deceased": {"const": True}}},
        ]
    },
    "hotline.contact": {
        "if": {"properties": {"caller_match": {"const": "confirmed"}}},
        "then": {"required": ["caller_person_id"], "properties": {"caller_person_id": _SAID}},
    },
    "officer_decision": {
        "allOf": [
            {
                "if": {"properties": {"decision": {"const": "release"}}},
                "then": {"required": ["wave"], "properties": {"wave": _SAID}},
                "else": {"required": ["reason"]},
            },
            {
                "if": {"properties": {"decision": {"const": "close"}}},
                "then": {"required": ["outcome"], "properties": {"outcome": _SAID}},
            },
            {
                "if": {"properties": {"decision": {"const": "snooze"}}},
                "then": {"required": ["until"], "properties": {"until": _SAID}},
            },
        ]
    },
    "task_update": {
        "allOf": [
            *(
                {
                    "if": {"properties": {"action": {"const": action}}, "required": ["action"]},
                    "then": {"required": ["reason"], "properties": {"reason": {"enum": list(codes)}}},
                }
                for action, codes in REASONS.items()
            ),
            *(
                {
                    "if": {
                        "properties": {"action": {"const": "refer_on"}, "refer_to": {"const": kind}},
                        "required": ["action", "refer_to"],
                    },
                    "then": {"properties": {"refer_for": {"enum": [None, *purposes]}}},
                }
                for kind, purposes in REFERRED_FOR.items()
            ),
            *(
                {
                    "if": {"properties": {"action": {"const": action}}, "required": ["action"]},
                    "then": {"required": [name], "properties": {name: _SAID}},
                }
                for action, name in (("schedule", "visit_at"), ("refer_on", "refer_to"), ("reassign", "to_unit"))
            ),
            {
                "if": {"properties": {"action": {"enum": ["complete", "fail"]}}},
                "then": {"required": ["outcome"], "properties": {"outcome": _SAID}},
            },
        ]
    },
    "units.intake_declared": {
        "allOf": [
            {
                "if": {"properties": {"intake": {"const": "waiting_list"}}},
                "then": {"required": ["waiting_days"], "properties": {"waiting_days": _SAID}},
                "else": {"properties": {"waiting_days": {"type": "null"}}},
            },
            {
                "if": {"properties": {"intake": {"const": "accepting"}}},
                "then": {"properties": {"capacity": {"not": {"const": 0}}}},
            },
        ]
    },
}
"""What the models check in code, said once more in JSON Schema; a test holds every bad example to both. Comparisons
of two instants cannot be said."""


def schema_of(name: str) -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of what a reader accepts under this name."""
    schema = TypeAdapter(MODELS[name]).json_schema(by_alias=True, mode="validation")
    version = next((feed.version for feed in FEEDS.values() if name in feed.types), 1)
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:kithline:{name}:{version}",
    }
    return head | schema | _RULES.get(name, {})


def generated() -> dict[Path, str]:
    """Every generated file with its text."""
    files = {
        CONTRACTS / "schemas" / f"{name}.json": json.dumps(schema_of(name), indent=2, ensure_ascii=False) + "\n"
        for name in MODELS
    }
    text = yaml.safe_dump(asyncapi(), sort_keys=False, allow_unicode=True, width=110)
    files[CONTRACTS / "asyncapi.yaml"] = "# Generated from topics.yaml and the models by `make schemas`.\n" + text
    return files


def _write() -> None:
    files = generated()
    for path in (CONTRACTS / "schemas").glob("*.json"):
        if path not in files:
            path.unlink()
    for path, text in files.items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    _write()
