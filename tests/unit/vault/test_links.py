"""Merges of identities: a unit is told of whoever its own task's flag says is the same person, while it says so."""

import itertools
import json
from typing import Any

import pytest

from contracts.flags import ERASED, UNLINKED
from services.runtime.fold import Record
from services.vault.links import linked_with
from services.vault.tables import LINKED
from tests.unit.vault.house import ANNA, BEN, House, flag, task

CAROL, DORA = "p-" + "c" * 32, "p-" + "d" * 32
ABOUT_BEN = {"for": BEN}
OTHER_FLAG = "5a9c2f43-3f0e-5a0b-9d62-0d5f3a8f3c11"
"""Anna is held; what the tests ask for is a task about Ben, of whom nothing is held."""


def bens(revision: int, *linked: list[str], **said: Any) -> Any:
    return flag(revision, *linked, **{"subject": BEN, **said})


async def result(vault: House, **said: Any) -> str:
    answer = await vault.resolves(**said)
    return str(answer.json()["name"]["en"] if answer.status_code == 200 else answer.json()["refused"])


async def groups(vault: House) -> list[Any]:
    async with vault.vault.store.read() as look:
        return [json.loads(row.groups) for row in await look.execute(LINKED.select())]


async def test_after_a_merge_a_task_resolves_under_the_other_id_until_it_is_taken_back(vault: House) -> None:
    await vault.takes(bens(1), task(**ABOUT_BEN))
    assert await result(vault) == "nothing_held"
    await vault.takes(bens(2, [ANNA, BEN]))
    assert await result(vault) == "CHAN Siu Ming"
    assert (await vault.audit())[-1]["person"] == BEN  # as the task has it
    await vault.takes(bens(3))
    assert await result(vault) == "nothing_held"


@pytest.mark.parametrize("order", [*itertools.permutations(range(4))])
async def test_flags_and_tasks_may_come_in_any_order_and_twice(vault: House, order: tuple[int, ...]) -> None:
    merged = [bens(1), bens(2, [ANNA, BEN]), task(1, **ABOUT_BEN), task(2, **ABOUT_BEN)]
    for which in (*order, *order):
        await vault.takes(merged[which])
    assert await result(vault) == "CHAN Siu Ming"


@pytest.mark.parametrize("order", [(1, 2, 3), (1, 3, 2), (3, 1, 2)])
async def test_an_older_revision_does_not_bring_a_merge_back(vault: House, order: tuple[int, ...]) -> None:
    every = {1: bens(1), 2: bens(2, [ANNA, BEN]), 3: bens(3)}
    await vault.takes(task(**ABOUT_BEN), *(every[number] for number in order))
    assert await result(vault) == "nothing_held"


async def test_what_another_flag_links_does_not_count(vault: House) -> None:
    await vault.takes(bens(1), bens(1, [ANNA, BEN], flag_id=OTHER_FLAG), task(**ABOUT_BEN))
    assert await result(vault) == "nothing_held"


async def test_whoever_is_linked_with_somebody_else_of_the_flag_is_not_the_subject(vault: House) -> None:
    await vault.takes(bens(1, [BEN, CAROL], [ANNA, DORA]), task(**ABOUT_BEN))
    assert await result(vault) == "nothing_held"
    assert await groups(vault) == [[[BEN, CAROL]]]  # nor is it kept
    await vault.holds(subject=CAROL, name={"en": "Carol"})
    assert await result(vault) == "Carol"


async def test_the_own_id_comes_before_one_that_is_linked(vault: House) -> None:
    await vault.holds(subject=BEN, name={"en": "Ben"}, as_of="2026-05-01T00:00:00Z")
    await vault.takes(bens(1, [ANNA, BEN]), task(**ABOUT_BEN))
    assert await result(vault) == "Ben"


async def test_whoever_is_protected_under_the_other_id_stays_protected(vault: House) -> None:
    await vault.holds(subject=BEN, protected=True)
    await vault.takes(flag(1, [ANNA, BEN]), task())
    assert await result(vault) == "protected"
    assert await result(vault, actor="officer-1") == "CHAN Siu Ming"
    await vault.takes(flag(2))
    assert await result(vault) == "CHAN Siu Ming"


async def test_whoever_an_operator_says_is_the_same_as_one_who_is_linked_protects_and_is_not_told(vault: House) -> None:
    await vault.asks("source", "PUT", "/v1/aliases", {"ids": [CAROL, DORA]})
    await vault.holds(subject=DORA, protected=True)
    await vault.takes(bens(1, [BEN, CAROL]), task(**ABOUT_BEN))
    assert await result(vault, actor="officer-1") == "nothing_held"
    await vault.holds(subject=CAROL, name={"en": "Carol"})
    assert await result(vault) == "protected"
    assert await result(vault, actor="officer-1") == "Carol"


@pytest.mark.parametrize("status", ["mitigated", "closed", "retracted", "expired", "shadow"])
async def test_a_flag_that_has_ended_tells_of_nobody_and_still_protects(vault: House, status: str) -> None:
    await vault.takes(bens(1, [ANNA, BEN]), bens(2, [ANNA, BEN], status=status), task(**ABOUT_BEN))
    assert await result(vault) == "nothing_held"
    await vault.holds(subject=BEN, name={"en": "Ben"})
    assert await result(vault) == "Ben"
    await vault.holds(protected=True, as_of="2026-06-02T00:00:00Z")
    assert await result(vault) == "protected"


@pytest.mark.parametrize("status", ["active", "closed", "retracted"])
async def test_what_a_flag_had_linked_in_error_still_stands_in_its_last_word_and_counts_for_nothing(
    vault: House, status: str
) -> None:
    await vault.holds(subject=BEN, name={"en": "Ben"})
    await vault.holds(protected=True, as_of="2026-06-02T00:00:00Z")
    await vault.takes(bens(1, [ANNA, BEN]), task(**ABOUT_BEN))
    assert await result(vault) == "protected"
    await vault.takes(bens(2, [ANNA, BEN], status=status, cause=UNLINKED))
    assert await result(vault) == "Ben"


@pytest.mark.parametrize("first", [0, 1])
async def test_a_task_whose_flag_was_superseded_by_a_merge_follows_the_one_that_knows_of_it(
    vault: House, first: int
) -> None:
    over = {"status": "superseded", "cause": "identity_merged", "superseded_by": OTHER_FLAG}
    both = [bens(2, **over), flag(1, [ANNA, BEN], flag_id=OTHER_FLAG)]
    await vault.takes(bens(1), task(**ABOUT_BEN), both[first])
    assert await result(vault) == "nothing_held"
    await vault.takes(both[1 - first])
    assert await result(vault) == "CHAN Siu Ming"
    await vault.takes(flag(2, [ANNA, CAROL], flag_id=OTHER_FLAG))  # …and not about Ben any more
    assert await result(vault) == "nothing_held"
    await vault.takes(flag(3, [ANNA, BEN], flag_id=OTHER_FLAG), bens(3))  # Ben's own tells again
    assert await result(vault) == "nothing_held"


async def test_flags_that_supersede_each_other_are_no_endless_way(vault: House) -> None:
    over = {"status": "superseded", "cause": "same_episode"}
    await vault.takes(bens(1, superseded_by=OTHER_FLAG, **over), task(**ABOUT_BEN))
    await vault.takes(bens(1, flag_id=OTHER_FLAG, superseded_by=task().flag_id, **over))
    assert await result(vault) == "nothing_held"


async def test_a_task_that_goes_to_another_flag_follows_that_one(vault: House) -> None:
    await vault.takes(bens(1), bens(1, [ANNA, BEN], flag_id=OTHER_FLAG), task(1, **ABOUT_BEN))
    assert await result(vault) == "nothing_held"
    await vault.takes(task(2, flag_id=OTHER_FLAG, **ABOUT_BEN))
    assert await result(vault) == "CHAN Siu Ming"


async def test_an_erasure_takes_the_links_with_it_and_they_stay_gone(vault: House) -> None:
    other = bens(1, [CAROL, DORA], flag_id=OTHER_FLAG, subject=CAROL)
    await vault.takes(bens(1, [ANNA, BEN]), other, task(**ABOUT_BEN))
    said = {"ids": [BEN], "actor": "privacy-1", "at": flag().as_of}
    assert (await vault.asks("privacy", "POST", "/v1/subjects/erase", said)).status_code == 200
    assert sorted(await groups(vault)) == [[], [[CAROL, DORA]]]
    await vault.takes(bens(1, [ANNA, BEN]), bens(2, [ANNA, BEN]))  # on its way while it was erased
    assert await result(vault) == "nothing_held"
    assert sorted(await groups(vault)) == [[], [[CAROL, DORA]]]
    await vault.takes(bens(3, [ANNA, BEN], as_of="2026-08-01T00:00:00Z"))  # somebody registers anew
    assert await result(vault) == "CHAN Siu Ming"
    await vault.takes(bens(4, [ANNA, BEN], cause=ERASED, as_of="2026-08-01T00:00:00Z"))
    assert sorted(await groups(vault)) == [[], [[CAROL, DORA]]]


async def test_a_flag_that_is_not_known_links_nobody(vault: House) -> None:
    await vault.takes(task())
    async with vault.vault.store.read() as look:
        assert (await linked_with(look, task().flag_id, ANNA)).ids == ()


async def test_what_is_no_flag_on_the_topic_is_passed_over(vault: House) -> None:
    async with vault.vault.store.write() as turn:
        await vault.vault.take(turn, [Record("risk.flags", b"h", b'{"flag_id": 1}')])
    await vault.takes(bens(1, [ANNA, BEN]), task(**ABOUT_BEN))
    assert await result(vault) == "CHAN Siu Ming"
