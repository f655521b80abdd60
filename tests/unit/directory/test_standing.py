"""Which free places come first."""

from typing import Any

from services.directory import ranked_places

NOW = "2026-07-03T12:00:00.000Z"
STALE = {"respite": 24, "emergency": 6}


def vacancy(unit: str, kind: str, district: str, places: int = 1, at: str = "11", **more: Any) -> dict[str, Any]:
    free = {"places": places, "as_of": f"2026-07-03T{at}:00:00.000Z", **more}
    return {"unit": unit, "kind": kind, "district": district, "revision": 1, "free": free}


def test_the_kind_then_the_district_then_fresh_then_more() -> None:
    inverse = [
        vacancy("f", "emergency", "KTS", 9),
        vacancy("e", "emergency", "SSP", 9),
        vacancy("d", "respite", "KTS", 9),
        vacancy("c", "respite", "SSP", 9, valid_until="2026-07-03T11:30:00.000Z"),
        vacancy("b", "respite", "SSP", 1),
        vacancy("a", "respite", "SSP", 2),
    ]
    found = ranked_places(inverse, NOW, STALE, "SSP", "respite")
    assert [one.unit for one in found] == ["a", "b", "c", "d", "e", "f"]


def test_what_was_counted_long_ago_or_counts_no_more_is_stale() -> None:
    told = [
        vacancy("old", "emergency", "SSP", at="05"),
        vacancy("fresh", "emergency", "SSP", at="06"),
        vacancy("over", "emergency", "SSP", valid_until=NOW),
        vacancy("holds", "emergency", "SSP", valid_until="2026-07-03T12:00:00.001Z"),
    ]
    assert {one.unit: one.stale for one in ranked_places(told, NOW, STALE)} == {
        "old": True,
        "fresh": False,
        "over": True,
        "holds": False,
    }


def test_where_nothing_is_free_is_no_place() -> None:
    assert (
        ranked_places([vacancy("a", "respite", "SSP", 0), {**vacancy("b", "respite", "SSP"), "free": None}], NOW, STALE)
        == []
    )
