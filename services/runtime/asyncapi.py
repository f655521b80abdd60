"""The AsyncAPI 3.0 description of Kithline's topics, for teams that produce or receive. Pure."""

from typing import Any

from contracts.envelope import Envelope
from contracts.events import FEEDS
from services.runtime.topics import Topic, topics

__all__ = ["asyncapi"]

_MESSAGES: dict[str, tuple[str, ...]] = {
    "Fact or Follow or Erase": ("fact", "follow", "erase"),
    "Fact or Erase": ("fact", "erase"),
    "Fact": ("fact",),
    "Projection": ("projection",),
    "Flag": ("flag",),
    "UnitStatus or VacancyStatus": ("unit_status", "vacancy_status"),
    "Task": ("task",),
    "TaskUpdate": ("task_update",),
    "OfficerDecision": ("officer_decision",),
    "DeadLetter": ("dead_letter",),
    "Tick": ("tick",),
    "ClockCommand": ("clock_command",),
}
"""The words of `topics.yaml` (column `model`) as names of schemas; a feed's are its event types."""


def asyncapi() -> dict[str, Any]:
    """The document. Changelogs are left out: they are a processor's own memory, and nobody else's business."""
    described = [topic for topic in topics().values() if topic.kind != "changelog"]
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Kithline",
            "version": "0.1.0",
            "description": "Events in, explained flags per household, referral tasks out. "
            "Feeds carry CloudEvents 1.0 in Kafka's binary mode: attributes in ce_* headers, data as JSON.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {
            "kafka": {
                "host": "{bootstrap}",
                "protocol": "kafka",
                "variables": {"bootstrap": {"default": "localhost:9092", "description": "KITHLINE_KAFKA"}},
            }
        },
        "channels": {topic.name: _channel(topic) for topic in described},
        "operations": dict(operation for topic in described for operation in _operations(topic)),
        "components": {
            "messages": {name: _message(name) for topic in described for name in _names(topic)},
            "schemas": {"CloudEventHeaders": _headers()},
        },
    }


def _names(topic: Topic) -> tuple[str, ...]:
    return tuple(FEEDS[topic.name].types) if topic.kind == "feed" else _MESSAGES[topic.model or ""]


def _channel(topic: Topic) -> dict[str, Any]:
    return {
        "address": topic.name,
        "description": f"Key: {topic.key}. Owner: {topic.owner}.",
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in _names(topic)},
        "bindings": {"kafka": {"topic": topic.name, "partitions": topic.partitions, "bindingVersion": "0.5.0"}},
    }


def _operations(topic: Topic) -> list[tuple[str, dict[str, Any]]]:
    """Seen from Kithline: it receives what its processors read, and sends what they write."""
    channel = {"$ref": f"#/channels/{topic.name}"}
    out = []
    if topic.read:
        summary = f"Read by {', '.join(topic.read)}."
        out.append((f"receive.{topic.name}", {"action": "receive", "channel": channel, "summary": summary}))
    if topic.write:
        summary = f"Written by {', '.join(topic.write)}."
        out.append((f"send.{topic.name}", {"action": "send", "channel": channel, "summary": summary}))
    return out


def _message(name: str) -> dict[str, Any]:
    message: dict[str, Any] = {"name": name, "payload": {"$ref": f"./schemas/{name}.json"}}
    if any(name in feed.types for feed in FEEDS.values()):
        message["headers"] = {"$ref": "#/components/schemas/CloudEventHeaders"}
    return message


def _headers() -> dict[str, Any]:
    """Header values are UTF-8 text, whatever the attribute's type; `schemas/envelope.json` has the forms."""
    fields = Envelope.model_fields
    return {
        "type": "object",
        "required": [f"ce_{name}" for name, field in fields.items() if field.is_required()],
        "properties": {
            f"ce_{name}": {"type": "string"} | ({"description": field.description} if field.description else {})
            for name, field in fields.items()
        },
    }
