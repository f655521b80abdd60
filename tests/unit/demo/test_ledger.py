"""The books: every kind of imbalance is found, and named."""

from typing import Any

import orjson

from services.demo.ledger import Books, balance, summary
from services.replay import Outcome
from services.runtime.fold import Record


def _flag(name: str, revision: int, **more: Any) -> dict[str, Any]:
    return {
        "flag_id": name,
        "revision": revision,
        "status": "active",
        "typology": "carer-admitted",
        "episode": f"visit-{name}",
        **more,
    }


def _books(*flags: dict[str, Any]) -> Books:
    books = Books()
    for flag in flags:
        books.enter(Record("risk.flags", b"h", orjson.dumps(flag)))
    return books


def _replayed(*flags: dict[str, Any], dead_letters: int = 0) -> Outcome:
    outcome = Outcome()
    outcome.flags = {flag["flag_id"]: flag for flag in flags}
    outcome.dead_letters = dead_letters
    return outcome


def test_equal_but_for_revisions_balances() -> None:
    assert balance(_books(_flag("a", 1), _flag("a", 2)), _replayed(_flag("a", 1))) == ([], [])


def test_what_the_topics_lack_is_missing() -> None:
    missing, repeated = balance(_books(_flag("a", 1)), _replayed(_flag("a", 1), _flag("b", 1)))
    assert [(d.id, d.what) for d in missing] == [("b", "is in the replay and not on the topics")]
    assert repeated == []


def test_what_only_the_topics_have_is_once_too_often() -> None:
    missing, repeated = balance(_books(_flag("a", 1), _flag("b", 1)), _replayed(_flag("a", 1)))
    assert missing == []
    assert [d.id for d in repeated] == ["b"]


def test_other_contents_are_missing_and_the_field_is_named() -> None:
    missing, _ = balance(_books(_flag("a", 1, level="high")), _replayed(_flag("a", 1, level="low")))
    assert [d.what for d in missing] == ["differs from the replay in level"]


def test_a_revision_twice_is_repeated_and_a_hole_is_missing() -> None:
    books = _books(_flag("a", 1), _flag("a", 1), _flag("a", 4))
    missing, repeated = balance(books, _replayed(_flag("a", 4)))
    assert [d.what for d in missing] == ["revisions [2, 3] are missing"]
    assert [d.what for d in repeated] == ["revision 1 was published twice"]


def test_dead_letters_of_feeds_are_held_against_the_replay() -> None:
    books = Books()
    for topic in ("hospital.admissions", "referral.updates"):
        books.enter(Record("dead.letters", b"", orjson.dumps({"topic": topic})))
    assert books.dead_letters == 1
    missing, repeated = balance(books, _replayed(dead_letters=2))
    assert [d.what for d in missing] == ["1 on the topic, 2 in the replay"]
    assert repeated == []


def test_summary_counts_notices_by_visit_and_what_people_found() -> None:
    books = _books(_flag("a", 1, episode="visit-1"), _flag("b", 1, episode="visit-1"), _flag("c", 1))
    tasks = [
        {"task_id": "1", "asked_of": "hotline", "status": "completed", "findings": ["no_arrangement"], "flag_id": "a"},
        {"task_id": "2", "asked_of": "care_team", "status": "completed", "findings": [], "flag_id": "x"},
        {"task_id": "3", "asked_of": "elderly_centre", "status": "requested", "findings": [], "part_of": "2"},
    ]
    for number, task in enumerate(tasks):
        whole = {"revision": 1, "household_id": f"h-{number}", "part_of": None, "flag_id": "y", **task}
        books.enter(Record("referral.tasks.any", b"h", orjson.dumps(whole)))
    books.inputs["hospital.admissions"] = 7
    replayed = _replayed()
    replayed.duplicates = 2
    figures = summary(books, replayed, [5.0, 1.0, 9.0])
    assert (figures["notices"], figures["urgent"], figures["visited"], figures["referred"]) == (2, 1, 1, 1)
    assert (figures["applied"], figures["duplicates"], figures["dead_letters"]) == (5, 2, 0)
    assert figures["tasks"] == {"requested": 3, "completed": 2, "open": 1}
    assert figures["latency_ms"] == {"p50": 5.0, "p99": 9.0}
