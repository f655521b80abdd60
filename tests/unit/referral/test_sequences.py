"""Whatever people say of tasks, in whatever order, and whatever happens meanwhile."""

from hypothesis import example, given, settings

from tests.sequences import AGAIN, ANSWER, FEEDS, OFFICER, TIME, Said, live, sequences
from tests.unit.test_line import QUICK


@settings(QUICK, max_examples=100, derandomize=True)  # the same every time; `make soak` looks further
@given(sequences())
@example(  # accepted; merged with another and taken apart again; entered in error: found by a long run
    [
        *[Said(ANSWER, 0, 0, 0)] * 2,
        *(Said(FEEDS, which, 0, 0) for which in (14, 15)),
        Said(ANSWER, 63, 136, 0),
    ]
)
@example(  # received; snoozed; another admission: found by another
    [Said(ANSWER, 0, 0, 0), Said(OFFICER, 0, 697, 0), Said(FEEDS, 3, 0, 0)]
)
@example(  # answered; admitted anew, and a unit at work; the first stay ends, so that both are one: found by a third
    [
        *[Said(ANSWER, 0, 0, 0)] * 2,
        Said(ANSWER, 2758, 63, 0),
        Said(ANSWER, 2947, 1641, 0),
        Said(TIME, 0, 0, 0),
        Said(FEEDS, 3, 0, 0),
        Said(ANSWER, 0, 0, 0),
        Said(FEEDS, 0, 0, 0),
    ]
)
@example(  # no consent, and an officer looks at it; merged with another; home: found by a fourth
    [Said(FEEDS, 9, 0, 0), Said(ANSWER, 1, 0, 0), Said(FEEDS, 14, 0, 0), Said(FEEDS, 0, 0, 0)]
)
@example(  # two stays, one task; an officer cancels it, and the unit completes it all the same: found by a fifth
    [*[Said(ANSWER, 0, 0, 0)] * 2, Said(FEEDS, 3, 0, 0), Said(ANSWER, 203, 325, 0), Said(ANSWER, 210, 0, 0)]
)
@example(  # overdue, and an officer looks; home; in hospital; what the officer said comes again: found by a sixth
    [Said(TIME, 0, 2, 0), Said(ANSWER, 0, 0, 0), Said(FEEDS, 5, 0, 0), Said(FEEDS, 4, 0, 0), Said(AGAIN, 0, 0, 0)]
)
@example(  # an officer finds that nobody is there; merged with another: found by a seventh
    [
        Said(OFFICER, 1, 0, 0),
        Said(ANSWER, 15, 0, 0),
        *[Said(ANSWER, 0, 0, 0)] * 2,
        Said(TIME, 0, 2, 0),
        Said(ANSWER, 4711, 0, 0),
        Said(ANSWER, 17853, 255, 0),
        Said(ANSWER, 158, 287, 0),
        Said(FEEDS, 14, 0, 0),
    ]
)
def test_whatever_people_say_of_tasks_each_has_one_owner_and_goes_its_way_once(steps: list[Said]) -> None:
    """One owner, contiguous revisions, only what the table allows, nothing that ended goes on, every answer counted
    once or refused and kept, nothing that an open flag asks for left lying."""
    assert live(steps).faults == []
