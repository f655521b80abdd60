"""A coordinator that does not answer for a group must not look like a group that has committed nothing."""

from collections.abc import Sequence

from aiokafka import TopicPartition
from aiokafka.errors import GroupCoordinatorNotAvailableError
from aiokafka.structs import OffsetAndMetadata

from services.runtime.changelog import committed_offsets

HERE, THERE = TopicPartition("a", 1), TopicPartition("b", 1)

Answer = dict[TopicPartition, OffsetAndMetadata] | Exception


class Cluster:
    """Answers in turn, as aiokafka's admin client does."""

    def __init__(self, *answers: Answer) -> None:
        self._answers = list(answers)

    async def list_consumer_group_offsets(
        self, group: str, partitions: Sequence[TopicPartition]
    ) -> dict[TopicPartition, OffsetAndMetadata]:
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


async def test_it_asks_until_it_is_told_of_every_partition() -> None:
    """A broker that is not, or not yet, the group's coordinator refuses the answer as a whole; aiokafka says nothing
    of that and returns no partition (seen with three brokers: `{}` from the two others). Taken for "nothing committed",
    the task ended with words about a changelog that was changed from outside: once in ten minutes of chaos."""
    known = {HERE: OffsetAndMetadata(7, "kithline1 3 now"), THERE: OffsetAndMetadata(-1, "")}
    cluster = Cluster({}, GroupCoordinatorNotAvailableError(), AttributeError("error_code"), {}, known)
    assert await committed_offsets(cluster, "group", [HERE, THERE]) == {HERE: known[HERE]}


async def test_a_group_that_has_committed_nothing_is_told_so_at_once() -> None:
    nothing = {place: OffsetAndMetadata(-1, "") for place in (HERE, THERE)}
    assert await committed_offsets(Cluster(nothing), "group", [HERE, THERE]) == {}
