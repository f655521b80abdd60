"""What a unit's system gets is a part of the task, and what it may say is what the life cycle lets an owner say."""

from contracts.lifecycle import ACTIONS, ACTORS, allowed
from contracts.tasks import BUSINESS_STATUSES, OWNER_ACTIONS, STATUSES, Task, TaskUpdate
from contracts.unit_tasks import UnitAnswer, UnitTask

KEPT_BACK = {"placer_id", "household_id", "update_id", "since", "placed_by", "officer"}
"""Ids that would let two units join their lists, and what is between the referral desk and duty officers."""


def test_a_unit_gets_every_field_of_a_task_but_those_that_are_kept_back() -> None:
    assert set(UnitTask.model_fields) - {"allowed", "places"} == set(Task.model_fields) - KEPT_BACK


def test_what_a_unit_may_say_is_what_an_owner_may() -> None:
    assert "owner" in ACTORS
    said = {
        action for status in STATUSES for business in BUSINESS_STATUSES for action in allowed(status, business, "owner")
    }
    assert set(OWNER_ACTIONS) == said <= set(ACTIONS)


def test_an_answer_holds_what_an_update_holds_but_what_its_book_knows() -> None:
    known = {"update_id", "task_id", "household_id", "actor", "at", "unit"}
    assert set(UnitAnswer.model_fields) - {"id", "task"} == set(TaskUpdate.model_fields) - known
