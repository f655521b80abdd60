"""When standing still is a stall: examples, and properties over any history of looks."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.runtime.stalls import LOOP, Judge, Look, Standing, Watched

PATIENCE, GAP = 10.0, 5.0

COMMITS = Watched("correlator", "3", "commits", owes=True, progress=0, patience=PATIENCE, lag=7)


class History:
    """A judge, and a second that passes with each look."""

    def __init__(self) -> None:
        self.judge = Judge(PATIENCE, GAP)
        self.at = 100.0
        self.beats = 0

    def look(self, *things: Watched, answers: bool = True, beat: bool = True, after: float = 1.0) -> list[Standing]:
        self.at += after
        self.beats += beat
        return self.judge.look(self.at, Look(self.beats, answers, things))

    def stalled(self, *things: Watched, answers: bool = True, beat: bool = True, after: float = 1.0) -> list[str]:
        return [one.thing.duty for one in self.look(*things, answers=answers, beat=beat, after=after) if one.stalled]


def _looks_until_stalled(history: History, *things: Watched, beat: bool = True, most: int = 100) -> int | None:
    return next((n for n in range(most) if history.stalled(*things, beat=beat)), None)


def test_who_owes_and_does_not_get_on_is_stalled_when_patience_ends() -> None:
    assert _looks_until_stalled(History(), COMMITS) == 10  # the first look begins the count


def test_the_loop_that_does_not_come_round_is_stalled_and_nobody_else() -> None:
    history = History()
    history.look(COMMITS)
    for _ in range(9):
        assert history.look(COMMITS, beat=False)[0].thing.duty == LOOP
    assert history.stalled(COMMITS, beat=False) == [LOOP]


def test_time_in_which_the_loop_did_not_come_round_counts_a_gap_at_most_for_the_others() -> None:
    history = History()
    history.look(COMMITS)
    for _ in range(9):
        history.look(COMMITS, beat=False)
    [one] = history.look(COMMITS)
    assert one.seconds == GAP


@pytest.mark.parametrize(
    "calm",
    [
        [replace(COMMITS, owes=False)],  # idle
        [COMMITS],  # replaced below: progress at every look
        [],  # not ours any more
    ],
    ids=["idle", "gets on", "revoked"],
)
def test_no_alarm(calm: list[Watched]) -> None:
    history = History()
    for number in range(50):
        things = [replace(thing, progress=number) for thing in calm]
        assert not history.stalled(*things)


def test_a_moment_of_rest_begins_the_count_anew() -> None:
    history = History()
    for _ in range(10):
        assert not history.stalled(COMMITS)
    history.look(replace(COMMITS, owes=False))
    assert _looks_until_stalled(history, COMMITS) == 10


def test_while_kafka_does_not_answer_nobody_is_to_blame_and_afterwards_all_have_their_full_time() -> None:
    history = History()
    for _ in range(8):
        history.look(COMMITS)
    for _ in range(50):
        assert not history.stalled(COMMITS, answers=False)
    assert _looks_until_stalled(history, COMMITS) == 9  # the last look without an answer begins the count


def test_a_blocked_loop_is_no_fault_of_kafkas() -> None:
    history = History()
    history.look(COMMITS, answers=False)
    assert [history.stalled(COMMITS, answers=False, beat=False) for _ in range(10)][-1] == [LOOP]


def test_a_process_that_was_stopped_for_an_hour_is_not_blamed_for_it() -> None:
    history = History()
    history.look(COMMITS)
    [one] = history.look(COMMITS, after=3600)
    assert one.seconds == GAP
    history = History()
    history.look(COMMITS)
    [loop] = history.look(COMMITS, beat=False, after=3600)
    assert loop.seconds == GAP


def test_each_thing_is_judged_by_itself() -> None:
    history = History()
    fetches = replace(COMMITS, duty="fetches", patience=3.0)
    other = replace(COMMITS, partition="4")
    for number in range(3):
        assert not history.stalled(COMMITS, fetches, replace(other, progress=number))
    assert history.stalled(COMMITS, fetches, replace(other, progress=3)) == ["fetches"]


_moments = st.tuples(st.booleans(), st.booleans(), st.booleans(), st.booleans(), st.floats(0, 100, allow_nan=False))


@given(st.lists(_moments, max_size=60))
def test_an_alarm_always_has_its_full_patience_of_witnessed_silence_behind_it(
    moments: list[tuple[bool, bool, bool, bool, float]],
) -> None:
    """The reference: sum up, over all looks since it last got on, rested, or Kafka was away, what each may count."""
    history, progress = History(), 0
    silence = 0.0
    for number, (beat, owes, moves, answers, after) in enumerate(moments):
        progress += moves and beat
        thing = replace(COMMITS, owes=owes, progress=progress)
        standing = history.look(thing, answers=answers, beat=beat or number == 0, after=after)
        # no more than the whole time of the looks in which nothing happened
        silence = 0.0 if beat and (moves or not owes or not answers) else silence + min(after, GAP)
        for one in standing:
            if one.thing.duty != LOOP:
                assert one.seconds <= silence + 1e-9


@given(st.floats(0.1, GAP), st.integers(0, 5), st.lists(st.booleans(), max_size=30))
def test_who_stands_still_is_always_found(step: float, getting_on: int, resting: list[bool]) -> None:
    """Whatever came before: once it owes and stands still, it is stalled after its patience and one look."""
    history = History()
    for number in range(getting_on):
        history.look(replace(COMMITS, progress=-number), after=step)
    for owes in resting:
        history.look(replace(COMMITS, owes=owes), after=step)
    begun = history.at
    while not history.stalled(COMMITS, after=step):
        assert history.at - begun <= PATIENCE + 2 * step
