"""The life of a task, all of it: every status, business status, action and actor has a defined answer."""

from collections.abc import Iterator
from functools import cache
from itertools import product

import pytest

from contracts.lifecycle import (
    ACTIONS,
    ACTORS,
    Action,
    Actor,
    Move,
    Refusal,
    allowed,
    check,
    is_withheld,
    possible,
    step,
)
from contracts.task_words import ACTION_WORDS, SENTENCES
from contracts.tasks import (
    BUSINESS_STATUSES,
    REASONS,
    REFERRED_FOR,
    STATUSES,
    TERMINAL,
    UNIT_ACTIONS,
    UNIT_KINDS,
    BusinessStatus,
    Task,
    TaskStatus,
    TaskUpdate,
)
from tests.contract.lifecycle_table import in_the_page, reachable, table

Triple = tuple[TaskStatus, BusinessStatus, Action, Actor]
STOP = "cancellation_requested"

BY_THE_UNIT = {
    ("requested", "received"),
    ("requested", "accepted"),
    ("requested", "rejected"),
    ("received", "accepted"),
    ("received", "rejected"),
    ("accepted", "in-progress"),
    ("accepted", "on-hold"),
    ("in-progress", "on-hold"),
    ("on-hold", "in-progress"),
    *product(("accepted", "in-progress", "on-hold"), ("completed", "failed", "cancelled")),
}
"""The statuses between which a unit moves its task, as the vocabulary draws them."""


@cache
def answers() -> dict[Triple, Move | Refusal]:
    return {
        (status, business, action, actor): step(status, business, action, actor)
        for status, business, action, actor in product(STATUSES, BUSINESS_STATUSES, ACTIONS, ACTORS)
    }


def moves(*actors: Actor) -> Iterator[tuple[Triple, Move]]:
    for triple, said in answers().items():
        if triple[3] in actors and isinstance(said, Move):
            yield triple, said


def test_every_status_action_and_actor_has_a_defined_answer() -> None:
    refused = 0
    assert len(answers()) == 10 * 11 * len(ACTIONS) * 5
    for (status, business, action, actor), said in answers().items():
        can = allowed(status, business, actor)
        assert isinstance(said, Move) == (action in can)
        if isinstance(said, Move):
            assert said.status in STATUSES
            assert said.business_status in BUSINESS_STATUSES
        else:
            refused += 1
            assert said.reason == "illegal_transition"
            # what is possible instead is said, in both languages, and is possible
            assert all(one in said.detail for one in can), said.detail
            assert all(ACTION_WORDS[one].zh_hant in said.text.zh_hant for one in can)
            assert "{" not in said.detail + said.text.zh_hant
    assert refused > 0


def test_nobody_else_touches_a_units_task() -> None:
    assert not list(moves("other_unit"))


def test_what_only_the_referral_desk_does_nobody_can_ask_for() -> None:
    for _, _, action, actor in (triple for triple, _ in moves("owner", "officer", "delivery")):
        assert action in UNIT_ACTIONS, (action, actor)


def test_a_unit_moves_its_task_as_the_vocabulary_draws_it() -> None:
    drawn = {(triple[0], move.status) for triple, move in moves("owner", "delivery") if triple[0] != move.status}
    assert drawn == BY_THE_UNIT


def test_what_has_ended_stays_ended() -> None:
    """It may turn out to be void; and what nobody has seen is the same task again."""
    back = {(t[0], t[1], t[3], move.status) for t, move in moves(*ACTORS) if t[0] in TERMINAL}
    void = {one for one in back if one[3] == "entered-in-error"}
    assert {one[2] for one in void} == {"officer", "referral_desk"}
    assert back - void == {
        ("cancelled", "queued", "referral_desk", "requested"),
        ("cancelled", "queued", "referral_desk", "on-hold"),
    }
    assert "entered-in-error" not in {one[0] for one in back}


def test_a_request_to_stop_stands_until_the_unit_decides() -> None:
    for (_, business, action, actor), move in moves("owner", "officer", "delivery"):
        if business == STOP and move.status not in TERMINAL:
            assert move.business_status == STOP, (action, actor)


@pytest.mark.parametrize("status", ["accepted", "in-progress", "on-hold"])
def test_who_has_accepted_is_asked_to_stop_and_nobody_takes_the_task_from_them(status: TaskStatus) -> None:
    for action, actor in (("cancel", "officer"), ("reassign", "officer"), ("take_back", "referral_desk")):
        move = step(status, "contact_made", action, actor)  # type: ignore[arg-type]
        assert move == Move(status, STOP, resumes=True)


def test_only_what_was_asked_to_stop_is_stopped() -> None:
    confirmed = {triple[1] for triple, _ in moves("owner") if triple[2] == "confirm_cancel"}
    assert confirmed == {STOP}


def test_what_waits_for_the_duty_officer_is_no_units_business() -> None:
    for actor in ("owner", "delivery", "other_unit"):
        assert allowed("on-hold", "queued", actor) == ()  # type: ignore[arg-type]
    said = step("on-hold", "queued", "complete", "owner")
    assert isinstance(said, Refusal)
    assert said.code == "withheld"


def test_what_somebody_may_do_with_a_task_is_what_its_state_allows() -> None:
    for status, business, actor in product(STATUSES, BUSINESS_STATUSES, ACTORS):
        task = Task.model_construct(status=status, business_status=business)
        assert possible(task, actor) == allowed(status, business, actor)
        assert is_withheld(task) == (status == "on-hold" and business == "queued")


def test_a_refusal_says_the_same_in_both_languages() -> None:
    task = Task.model_construct(status="accepted", business_status="delivered", unit="hotline-1", since=3, revision=5)
    update = TaskUpdate.model_construct(actor="unit", unit="hotline-1", action="contact", expected_revision=2)
    said = check(task, update)
    assert isinstance(said, Refusal)
    assert said.code == "stale"
    for text in (said.text.en, said.text.zh_hant):
        assert "5" in text
    assert ACTION_WORDS["contact"].zh_hant in said.text.zh_hant


def test_from_everywhere_a_task_can_be_brought_to_an_end_by_a_person() -> None:
    """By its unit, or by a duty officer where no unit may act: nothing is stuck."""
    ended = {state for state in reachable() if state[0] in TERMINAL}
    by_people = {(t[:2], (move.status, move.business_status)) for t, move in moves("owner", "officer")}
    while more := {before for before, after in by_people if after in ended} - ended:
        ended |= more
    assert reachable() <= ended


def test_every_status_and_business_status_is_of_use() -> None:
    assert {status for status, _ in reachable()} == set(STATUSES)
    assert {business for _, business in reachable()} == set(BUSINESS_STATUSES)


def test_every_action_is_somebodys_has_words_and_every_reason_a_place() -> None:
    assert {triple[2] for triple, _ in moves(*ACTORS)} == set(ACTIONS) == set(ACTION_WORDS)
    assert set(REASONS) <= set(UNIT_ACTIONS)
    assert set(REFERRED_FOR) == set(UNIT_KINDS)
    assert all(en and zh for en, zh in SENTENCES.values())


def test_the_page_for_units_shows_the_machine_as_it_is() -> None:
    assert in_the_page() == table(), "run python -m tests.contract.lifecycle_table"
