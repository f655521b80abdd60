"""Makes the table of topics true on a cluster. Records stay; for how long is set where that is asked for."""

import asyncio
from collections.abc import Mapping
from typing import NamedTuple

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from services.runtime.cluster import admin
from services.runtime.errors import Problem
from services.runtime.loops import in_own_loop
from services.runtime.settings import Settings
from services.runtime.topics import Topic, topics

__all__ = ["Difference", "align_settings", "apply_topics", "ensure_topics", "existing_partitions"]

_WAIT_SECONDS = 30

_OF_THE_TOPIC = 1
"""Kafka's `config_source` of what was set for this topic, and is not a default."""


class Difference(NamedTuple):
    """A setting of a topic on the cluster that is not what the table says."""

    topic: str
    name: str
    there: str
    wanted: str


def ensure_topics(bootstrap: str, replication: int | None = None) -> list[str]:
    """`apply_topics` for callers without an event loop of their own."""
    return in_own_loop(apply_topics(bootstrap, replication))


async def apply_topics(
    bootstrap: str, replication: int | None = None, table: Mapping[str, Topic] | None = None
) -> list[str]:
    """Creates the topics of the table that are missing, waits until all can be used, and names the new ones.

    `replication`: None takes 3, or as many as there are brokers. Raises Problem: no cluster, a topic that
    exists with another partition count, or a cluster that refuses one.
    """
    wanted = topics() if table is None else table
    loop = asyncio.get_running_loop()
    until = loop.time() + _WAIT_SECONDS
    created: set[str] = set()
    async with admin(Settings(kafka=bootstrap)) as client:
        while True:
            try:
                found = await _partitions(client, wanted)
                _check_counts(wanted, found, bootstrap)
                missing = [topic for topic in wanted.values() if topic.name not in found]
                if not missing:
                    return [name for name in wanted if name in created]
                copies = replication or min(3, len((await client.describe_cluster())["brokers"]))
                created |= await _create(client, missing, copies, bootstrap)
                unserved = f"topic {missing[0].name} is not served"
            except KafkaError as fault:
                # the client asks any broker, also one that has just died
                unserved = f"{type(fault).__name__}: {fault}"
                if not fault.retriable:
                    raise Problem(f"{bootstrap} does not make topics: {unserved}") from fault
            if loop.time() > until:
                raise Problem(f"{bootstrap} does not make topics after {_WAIT_SECONDS} s: {unserved}")
            await asyncio.sleep(0.1)


async def existing_partitions(settings: Settings) -> dict[str, int]:
    """Topics of the table that the cluster serves, with their partition counts there."""
    async with admin(settings) as client:
        return await _partitions(client, topics())


async def align_settings(
    settings: Settings, change: bool, table: Mapping[str, Topic] | None = None
) -> list[Difference]:
    """How the topics of the table that exist differ from it (retention, compaction, sizes); with `change`, sets them as
    the table says. What else was set for a topic stays. Raises Problem where the cluster refuses."""
    wanted = topics() if table is None else table
    async with admin(settings) as client:
        there = await _partitions(client, wanted)
        asked = [ConfigResource(ConfigResourceType.TOPIC, name) for name in wanted if name in there]
        found: dict[str, dict[str, tuple[str, bool]]] = {}
        for answer in await client.describe_configs(asked) if asked else ():
            for code, words, _, name, entries in answer.resources:
                if code:
                    raise Problem(f"{settings.kafka} does not tell the settings of {name}: {words or for_code(code)}")
                found[name] = {entry[0]: (entry[1], entry[3] == _OF_THE_TOPIC) for entry in entries}
        differences = [
            Difference(name, setting, found[name][setting][0], value)
            for name in found
            for setting, value in wanted[name].configuration.items()
            if found[name][setting][0] != value
        ]
        if not (change and differences):
            return differences
        resources = []
        for name in dict.fromkeys(one.topic for one in differences):
            # the request replaces all that was set for a topic
            own = {setting: value for setting, (value, of_topic) in found[name].items() if of_topic}
            changed = {**own, **wanted[name].configuration}
            resources.append(ConfigResource(ConfigResourceType.TOPIC, name, changed))
        for answer in await client.alter_configs(resources):
            for code, words, _, name in answer.resources:
                if code:
                    raise Problem(f"{settings.kafka} does not change the settings of {name}: {words or for_code(code)}")
        return differences


async def _partitions(client: AIOKafkaAdminClient, wanted: Mapping[str, Topic]) -> dict[str, int]:
    """Topics all of whose partitions have a leader: one is created first and served a moment later."""
    described = await client.describe_topics(list(wanted))
    return {
        topic["topic"]: len(topic["partitions"])
        for topic in described
        if not topic["error_code"] and all(part["leader"] >= 0 for part in topic["partitions"])
    }


async def _create(client: AIOKafkaAdminClient, missing: list[Topic], copies: int, bootstrap: str) -> set[str]:
    """The names of those that are new; others of them have been created before and are not served yet."""
    new = [NewTopic(topic.name, topic.partitions, copies, topic_configs=topic.configuration) for topic in missing]
    created = set()
    for name, code, *words in (await client.create_topics(new, timeout_ms=30_000)).topic_errors:
        if code == 0:
            created.add(name)
        elif (error := for_code(code)) is not TopicAlreadyExistsError:
            if error.retriable:
                raise error(words[0] if words else name)
            raise Problem(f"{bootstrap} does not make topic {name}: {(words and words[0]) or error.__name__}")
    return created


def _check_counts(wanted: Mapping[str, Topic], found: Mapping[str, int], bootstrap: str) -> None:
    wrong = [
        f"{name} has {found[name]}, the table says {topic.partitions}"
        for name, topic in wanted.items()
        if name in found and found[name] != topic.partitions
    ]
    if wrong:
        raise Problem(
            f"unequal partition counts on {bootstrap}: {'; '.join(wrong)}. Keys would change partition: "
            "make the topics new, or give contracts/topics.yaml the counts of the cluster"
        )
