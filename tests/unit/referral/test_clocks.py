"""By when a task is due."""

from services.referral.policy import Clock


def test_a_clock_counts_from_the_episode_and_leaves_time_after_receipt() -> None:
    clock = Clock(acknowledge=4, contact=24, floor=1)
    began = "2026-07-01T00:00:00.000Z"
    soon = clock.due(began, "2026-07-01T01:00:00.000Z")
    assert soon == ("2026-07-01T04:00:00.000Z", "2026-07-02T00:00:00.000Z")
    late = clock.due(began, "2026-07-01T23:30:00.000Z")
    assert late == ("2026-07-02T00:30:00.000Z", "2026-07-02T00:30:00.000Z")
