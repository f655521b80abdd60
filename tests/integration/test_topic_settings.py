"""How long a cluster keeps what is on it: as the table says, also for topics that were made under another table."""

from collections.abc import Callable

import pytest

from services.runtime.settings import Settings
from services.runtime.topic_admin import align_settings
from services.runtime.topics import Topic, topics

pytestmark = pytest.mark.kafka


async def test_the_cluster_keeps_each_topic_as_long_as_the_table_says(line_topics: str) -> None:
    """Retention of logs, compaction of changelogs: told by Kafka itself."""
    assert await align_settings(Settings(kafka=line_topics), change=False) == []
    assert {topic.cleanup for topic in topics().values()} == {"delete", "compact"}


async def test_a_topic_that_was_made_otherwise_is_set_right_where_it_is_asked(
    kafka: str, fresh_topic: Callable[..., str]
) -> None:
    name = fresh_topic("records", model="DeadLetter", retention_days=1)
    row = {"name": name, "key": "any", "kind": "inner", "owner": "tests", "partitions": 1}
    table = {name: Topic.model_validate({**row, "cleanup": "delete", "retention_days": 2})}
    settings = Settings(kafka=kafka)
    for change in (False, True):
        (one,) = await align_settings(settings, change, table)
        assert (one.name, one.there, one.wanted) == ("retention.ms", "86400000", "172800000")
    assert await align_settings(settings, False, table) == []
    # what the table does not speak of has stayed
    letters = {name: table[name].model_copy(update={"model": "DeadLetter"})}
    assert await align_settings(settings, False, letters) == []
