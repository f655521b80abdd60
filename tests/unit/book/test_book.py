"""The unit book: what units hold whatever order it came in, and the one door for answers."""

import base64
import itertools
import json
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from nacl.public import PrivateKey

from contracts.tasks import Task
from services.book.book import Book, _letter
from services.book.outbox import Source
from services.book.posting import posting
from services.book.tables import answers, unreadable
from services.book.taking import Taking
from services.runtime.fold import Dead, Record, Refused
from services.runtime.letters import Sealer
from tests.unit.book.made import KEY, book_of, task, task_record, tick

NOW = "2026-07-03T01:00:00.000Z"


@pytest.fixture
async def book(dsn: str) -> AsyncIterator[Book]:
    one = book_of(dsn, "unit-a", "unit-b", "queue-SSP")
    await one.store.open()
    yield one
    await one.store.close()


async def take(book: Book, *records: Record) -> None:
    taking = Taking(KEY, lambda unit: unit in ("unit-a", "unit-b", "queue-SSP"))
    async with book.store.write() as transaction:
        await taking.take(transaction, records)


async def give(book: Book, *tasks: Task) -> None:
    await take(book, *map(task_record, tasks))


def letters_of(book: Book) -> Source:
    return posting(book.store, answers, _letter)


async def only(book: Book, unit: str = "unit-a") -> str:
    (one,) = await book.all_held(unit)
    return one.ref


class TestHolding:
    async def test_a_unit_sees_its_task_under_its_own_ids(self, book: Book) -> None:
        await take(book, tick(NOW), task_record(task(part_of="task-0")))
        (one,) = await book.all_held("unit-a")
        assert (one.revision, one.open, one.first_at, one.told) == (1, True, NOW, 0)
        shown = json.dumps(one.view)
        for ours in ("task-1", "task-0", one.task.flag_id, one.task.for_, one.task.household_id):
            assert ours not in shown
        assert one.view["reason_text"] == {"en": "A carer has been admitted to hospital", "zh_hant": "照顧者入院"}
        assert await book.held("unit-b", one.ref) is None
        assert await book.all_held("unit-b") == []

    async def test_two_units_cannot_join_their_lists(self, book: Book) -> None:
        await give(book, task(), task("task-2", "unit-b"))
        (mine,), (theirs,) = await book.all_held("unit-a"), await book.all_held("unit-b")
        assert mine.task.for_ == theirs.task.for_
        for name in ("for", "flag_id", "task_id"):
            assert mine.view[name] != theirs.view[name]

    async def test_the_highest_revision_counts_in_any_order_and_multiplicity(self, book: Book) -> None:
        revisions = [
            task(),
            task(revision=2, status="received", business_status="delivered"),
            task(revision=3, unit="unit-b", unit_kind="care_team"),
            task(revision=4, unit="unit-b", unit_kind="care_team", status="completed", outcome="care_resumed"),
        ]
        for order in itertools.permutations(revisions):
            one = book_of("sqlite://", "unit-a", "unit-b")
            await one.store.open()
            for revision in (*order, order[0]):
                await give(one, revision)
            assert await one.all_held("unit-a") == []
            assert await one.all_held("unit-b") == []
            ended = await one.all_held("unit-b", ended=True)
            assert [(held.revision, held.open) for held in ended] == [(4, False)]
            assert all(not held.open for held in await one.all_held("unit-a", ended=True))
            await one.store.close()

    async def test_what_has_changed_since_an_instant(self, book: Book) -> None:
        for number, at in enumerate(("2026-07-01T08:00:00.000Z", "2026-07-02T08:00:00.000Z"), start=1):
            done = task(f"done-{number}", status="completed", outcome="care_resumed")
            await take(book, tick(at), task_record(task(f"open-{number}")), task_record(done))

        async def since(at: str, ended: bool) -> list[str]:
            return [one.task.task_id for one in await book.all_held("unit-a", ended=ended, since=at)]

        assert await since("2026-07-01T08:00:00.000Z", ended=False) == ["open-1", "open-2"]
        assert await since("2026-07-01T08:00:00.001Z", ended=False) == ["open-2"]
        assert await since("2026-07-02T08:00:00.000Z", ended=True) == ["open-2", "done-2"]

    async def test_what_went_to_another_unit_is_no_longer_held_and_that_is_a_change(self, book: Book) -> None:
        await give(book, task())
        (before,) = await book.changed(["unit-a"], after=-1)
        await give(book, task(revision=2, unit="unit-b"))
        (after,) = await book.changed(["unit-a"], after=before.change)
        assert not after.open
        assert (after.view["status"], after.view["status_reason"]) == ("cancelled", "rerouted")
        changed = await book.changed(["unit-a", "unit-b"], after=before.change)
        assert {one.unit for one in changed} == {"unit-a", "unit-b"}

    async def test_a_unit_that_knew_of_a_task_is_told_that_it_has_gone(self, book: Book) -> None:
        await give(book, task())
        name = await only(book)
        await book.tell("unit-a", name, 1)
        await give(book, task(revision=2, unit="unit-b"))
        assert [(one.unit, one.open) for one in await book.untold(["unit-a"])] == [("unit-a", False)]

    async def test_a_unit_of_another_book_is_not_held(self, book: Book) -> None:
        await give(book, task(unit="unit-elsewhere"))
        assert await book.changed(["unit-elsewhere"], after=-1) == []

    async def test_what_a_unit_does_not_know_yet(self, book: Book) -> None:
        await give(book, task(), task("task-2"))
        first, second = await book.untold(["unit-a"])
        await book.tell("unit-a", first.ref, 1)
        assert [one.ref for one in await book.untold(["unit-a"])] == [second.ref]
        await give(book, task(revision=2))
        assert [one.revision for one in await book.untold(["unit-a"])] == [1, 2]

    async def test_what_cannot_be_read_is_noted_and_stops_nobody(self, book: Book) -> None:
        bad = Record("referral.tasks.hotline", b"h-1", b'{"task_id": "of the year 2031"}', offset=7)
        await take(book, bad, bad, task_record(task()))
        assert len(await book.all_held("unit-a")) == 1
        async with book.store.read() as look:
            (row,) = (await look.execute(unreadable.select())).all()
        assert (row.topic, row.offset) == ("referral.tasks.hotline", 7)
        assert "revision" in row.why

    async def test_what_is_no_text_is_noted_and_stops_nobody(self, book: Book) -> None:
        broken = replace(task_record(task()), value=b"\xff\xfe")
        await take(book, tick(NOW), broken, task_record(task("task-2")))
        assert len(await book.all_held("unit-a")) == 1

    async def test_the_units_clock_never_goes_back(self, book: Book) -> None:
        await take(book, tick("2026-07-03T01:00:00Z"), tick("2026-07-03T00:00:00Z"))
        await take(book, tick("2026-07-02T00:00:00Z"))
        assert await book.clock() == NOW


class TestAnswering:
    async def test_an_answer_is_sent_once_in_order_and_known_again(self, book: Book) -> None:
        await take(book, tick(NOW), task_record(task()), task_record(task("task-2")))
        one, two = await book.all_held("unit-a")
        first = await book.answer("unit-a", one.ref, {"action": "accept"}, "key-1", "worker-7")
        await book.answer("unit-a", two.ref, {"action": "reject", "reason": "no_capacity"}, "key-2", "worker-7")
        again = await book.answer("unit-a", one.ref, {"action": "accept"}, "key-1", "worker-7")
        assert (first.state, again.again) == ("queued", True)
        letters = await letters_of(book).unsent(0, 10)
        assert [letter.number for letter in letters] == [0, 1]
        said = json.loads(letters[0].value)
        assert said == {
            "update_id": "unit-a:key-1",
            "task_id": "task-1",
            "household_id": one.task.household_id,
            "expected_revision": 1,
            "action": "accept",
            "at": "2026-07-03T01:00:00.000Z",
            "unit": "unit-a",
            "findings": [],
        } | {name: said[name] for name in said.keys() - _ALWAYS}
        assert letters[0].key.decode() == one.task.household_id

    async def test_how_far_the_outbox_is_survives_that_kafka_forgets_it(self, book: Book) -> None:
        await give(book, task(), task("task-2"))
        one, two = await book.all_held("unit-a")
        await book.answer("unit-a", one.ref, {"action": "accept"}, "key-1", "worker-7")
        assert await letters_of(book).sent(0) == 0
        assert await letters_of(book).sent(1) == 1
        assert await letters_of(book).sent(0) == 1  # a group that was quiet for a week has no offset any more
        await book.answer("unit-a", two.ref, {"action": "accept"}, "key-2", "worker-7")
        assert await letters_of(book).sent(0) == 1
        assert [letter.number for letter in await letters_of(book).unsent(1, 10)] == [1]

    async def test_it_was_taken_when_a_revision_tells_of_it(self, book: Book) -> None:
        await give(book, task())
        name = await only(book)
        await book.answer("unit-a", name, {"action": "accept"}, "key-1", "worker-7")
        with pytest.raises(Refused, match="still being taken"):
            await book.answer("unit-a", name, {"action": "start"}, "key-2", "worker-7")
        await give(book, task(revision=2, status="accepted", business_status="delivered", update_id="unit-a:key-1"))
        (answer,) = await book.answers("unit-a", name)
        assert answer.state == "taken"
        await book.answer("unit-a", name, {"action": "start"}, "key-2", "worker-7")

    async def test_it_was_refused_when_a_dead_letter_tells_of_it(self, book: Book) -> None:
        await give(book, task())
        name = await only(book)
        await book.answer("unit-a", name, {"action": "accept"}, "key-1", "worker-7")
        (letter,) = await letters_of(book).unsent(0, 10)
        await take(book, _dead(Record("referral.updates", letter.key, letter.value)))
        (answer,) = await book.answers("unit-a", name)
        assert (answer.state, answer.reason, answer.detail) == ("refused", "stale_revision", "read it again")
        await book.answer("unit-a", name, {"action": "accept"}, "key-2", "worker-7")

    async def test_anothers_dead_letters_are_nothing_to_us(self, book: Book) -> None:
        await give(book, task())
        name = await only(book)
        await book.answer("unit-a", name, {"action": "accept"}, "key-1", "worker-7")
        await take(book, _dead(Record("referral.updates", b"h", b"not JSON")), _dead(Record("risk.flags", b"h", b"{}")))
        (answer,) = await book.answers("unit-a", name)
        assert answer.state == "queued"

    @pytest.mark.parametrize(
        ("said", "reason", "why"),
        [
            ({"action": "dance"}, "invalid", "action"),
            ({"action": "reject"}, "invalid", "a reject needs a reason"),
            ({"action": "accept", "expected_revision": 9}, "stale_revision", "revision 1"),
            ({"action": "complete", "outcome": "care_resumed"}, "illegal_transition", "possible now: .*accept"),
        ],
    )
    async def test_what_is_refused_at_once(self, book: Book, said: dict[str, object], reason: str, why: str) -> None:
        await give(book, task())
        name = await only(book)
        with pytest.raises(Refused, match=why) as refused:
            await book.answer("unit-a", name, said, "key-1", "worker-7")
        assert refused.value.reason == reason
        assert await letters_of(book).unsent(0, 10) == []

    async def test_nobody_answers_anothers_task(self, book: Book) -> None:
        await give(book, task())
        name = await only(book)
        with pytest.raises(Refused, match="no task of that id"):
            await book.answer("unit-b", name, {"action": "accept"}, "key-1", "worker-7")

    async def test_a_unit_cannot_say_that_it_is_another(self, book: Book) -> None:
        await give(book, task())
        said = {"action": "accept", "unit": "unit-b", "task_id": "task-9", "household_id": "h-9", "update_id": "x"}
        await book.answer("unit-a", await only(book), said, "key-1", "worker-7")
        (letter,) = await letters_of(book).unsent(0, 10)
        sent = json.loads(letter.value)
        assert (sent["unit"], sent["task_id"], sent["update_id"]) == ("unit-a", "task-1", "unit-a:key-1")

    async def test_one_id_is_one_answer(self, book: Book) -> None:
        await give(book, task(), task("task-2"))
        one, two = await book.all_held("unit-a")
        await book.answer("unit-a", one.ref, {"action": "accept"}, "key-1", "worker-7")
        for name, said in ((one.ref, {"action": "receive"}), (two.ref, {"action": "accept"})):
            with pytest.raises(Refused, match="used for another answer"):
                await book.answer("unit-a", name, said, "key-1", "worker-7")

    async def test_a_task_that_has_gone_elsewhere_is_not_answered(self, book: Book) -> None:
        await give(book, task())
        name = await only(book)
        await give(book, task(revision=2, unit="unit-b"))
        with pytest.raises(Refused, match="no longer with your unit"):
            await book.answer("unit-a", name, {"action": "accept"}, "key-1", "worker-7")


_ALWAYS = {"update_id", "task_id", "household_id", "expected_revision", "action", "at", "unit", "findings"}


_PUBLIC = base64.b64encode(bytes(PrivateKey.generate().public_key)).decode()


def _dead(record: Record) -> Record:
    letter = Sealer(_PUBLIC).letter("referral", Dead(record, "stale_revision", "read it again"))
    return Record("dead.letters", record.key, letter.model_dump_json().encode())
