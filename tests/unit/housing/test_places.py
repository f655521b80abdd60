"""Flats: an observation belongs to whoever lived there when it was made."""

from contracts.ids import household_of_tenancy
from tests.scenario import expand
from tests.unit.test_line import lived

HERE = {"unit": "U1"}
STARTED = {"type": "housing.tenancy_started", "flat": HERE}
FIRST = {**STARTED, "tenancy": "T1", "members": {"anna": 1948}, "at": "2026-05-01"}
LEFT = {"type": "housing.tenancy_ended", "tenancy": "T1", "flat": HERE, "at": "2026-06-01"}
NEXT = {**STARTED, "tenancy": "T2", "members": {"ben": 1950}, "at": "2026-06-05"}
SEEN = {"type": "community.observation", "tenancy": "T1", "flat": HERE, "concern": "not_seen"}


def observed(tenancy: str, lines: list[dict[str, object]]) -> int:
    """How many observations of the flat the household of a tenancy knows."""
    _, facts = lived(expand(lines))
    known = facts.get(household_of_tenancy(tenancy), {}).get("unit:U1", [])
    return sum(fact["kind"] == "observation" for fact in known)  # type: ignore[attr-defined]


def test_of_two_who_lived_there_the_one_who_did_then() -> None:
    for at, first, second in (("2026-05-20", 1, 0), ("2026-06-20", 0, 1), ("2026-06-03", 0, 0), ("2026-04-01", 0, 0)):
        lines = [{**SEEN, "at": at}, FIRST, LEFT, NEXT]
        assert (observed("T1", lines), observed("T2", lines)) == (first, second), at


def test_whoever_has_not_moved_out_gives_way_to_who_moved_in() -> None:
    lines = [FIRST, NEXT, {**SEEN, "at": "2026-06-20"}]
    assert (observed("T1", lines), observed("T2", lines)) == (0, 1)


def test_a_flat_whose_id_holds_a_bar_is_one_flat() -> None:
    barred = {"unit": "estate|block|U1"}
    other = {"unit": "estate|block|U2"}
    lines = [
        {**FIRST, "flat": barred},
        {**NEXT, "flat": other},
        {**SEEN, "flat": barred, "at": "2026-06-20"},
    ]
    _, facts = lived(expand(lines))
    kinds = {
        origin: [fact["kind"] for fact in said]  # type: ignore[attr-defined]
        for household in (household_of_tenancy("T1"), household_of_tenancy("T2"))
        for origin, said in facts[household].items()
        if origin.startswith("unit:")
    }
    assert kinds == {
        "unit:estate|block|U1": ["occupancy.start", "observation"],
        "unit:estate|block|U2": ["occupancy.start"],
    }
