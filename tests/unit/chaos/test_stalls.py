"""What counts as a stall, and what the figures per kill are made of."""

from aiokafka import TopicPartition

from services.chaos.plan import Plan, faults
from services.chaos.progress import Stalls

A, B = (("group", TopicPartition("topic", number)) for number in (0, 1))


def test_a_stall_is_behind_and_not_moving() -> None:
    stalls = Stalls()
    for now, committed, end in ((0, 5, 5), (1, 5, 9), (2, 5, 9), (4, 6, 9), (5, 9, 9), (9, 9, 9)):
        stalls.look(now, A, committed, end)
    assert stalls.longest() == (3.0, A)
    assert stalls.after([1.5]) == [2.5]
    assert stalls.after([6.0]) == [0.0]


def test_the_worst_partition_counts_and_what_never_ends_counts_to_the_close() -> None:
    stalls = Stalls()
    for now in (0, 1, 2, 3):
        stalls.look(now, A, now, 10)
        stalls.look(now, B, 0, 10)
    stalls.close(8)
    assert stalls.after([1.0, 6.0]) == [7.0, 2.0]


def test_the_faults_of_a_plan() -> None:
    plan = Plan(seconds=60, kill_every=5, workers=3, nodes=3, rate=10, seed=1, session=10)
    kinds = [fault.kind for fault in faults(plan)]
    assert kinds.count("kill") + kinds.count("away") == 12
    assert kinds.count("away") == 1
    assert kinds.count("pause") == 1
    assert kinds.count("broker") == 2
    alone = Plan(seconds=60, kill_every=5, workers=1, nodes=1, rate=10, seed=1, session=10)
    assert [fault.kind for fault in faults(alone)] == ["kill"] * 12
