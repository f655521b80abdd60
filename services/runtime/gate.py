"""Topics that a service uses outside its processors (agents, timers), looked at before anything else starts."""

from collections.abc import Mapping, Sequence

from mode import Service

from services.runtime.cluster import admin, partition_counts
from services.runtime.ending import end_at_once
from services.runtime.settings import Settings

__all__ = ["TopicGate"]


class TopicGate(Service):  # type: ignore[misc]
    """Lets the app start only where its topics exist; `partitions` then tells how many each has."""

    def __init__(self, topics: Sequence[str], settings: Settings) -> None:
        super().__init__()
        self.topics = topics
        self._settings = settings
        self.partitions: Mapping[str, int] = {}

    async def on_start(self) -> None:
        """A cluster that does not answer, or a missing topic, ends the process with one clear line."""
        if not self.topics:
            return
        try:
            async with admin(self._settings) as client:
                self.partitions = await partition_counts(client, self.topics, self._settings.kafka)
        except Exception as fault:
            end_at_once(fault)
