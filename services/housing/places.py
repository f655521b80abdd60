"""The keeper of flats: who lives in a flat, and what was noticed there by people who could not say whom it concerned.
Pure. State per flat, under `block/unit`; incidents of a whole block are kept under the block's own key.

An observation of a flat belongs to the household that lived there when it was made; when a correction changes who
that was, it is taken from one household and told to the other.
"""

from contracts.facts import Fact, merged, slot
from services.runtime.fold import Processor, Record, Turn, Value
from services.runtime.inner import as_fact, read_object, subject_of

__all__ = ["PROCESSOR", "occupant", "places"]

EMPTY: Value = {"facts": {}, "told": {}}


def places(record: Record, turn: Turn) -> None:
    """The fold over `address.facts`."""
    said = read_object(record)
    block = subject_of(said, record)
    fact = as_fact(said)
    unit = _unit(fact)
    key = f"{block}/{unit}" if unit else block
    state = turn.get(key) or EMPTY
    name = slot(fact)
    versions = merged(state["facts"].get(name, []), fact)
    if versions is None:
        turn.duplicate = True
        return
    state = {**state, "facts": {**state["facts"], name: versions}}
    if unit:
        state = _tell(unit, state, turn)
    turn.put(key, state)


def _unit(fact: Fact) -> str:
    """The flat that a fact is about, from its slot's name, so that a tombstone names it too; empty for a block."""
    if fact["kind"] == "incident":
        return ""
    if fact["kind"] == "observation":
        return fact["key"].split("@", 1)[1]
    return fact["key"].rsplit("|", 1)[0]


def _tell(unit: str, state: Value, turn: Turn) -> Value:
    holding = [versions[-1] for _, versions in sorted(state["facts"].items()) if versions[-1]["value"] is not None]
    stays = [fact for fact in holding if fact["kind"].startswith("occupancy")]
    by_household: dict[str, list[Fact]] = {}
    for fact in stays:
        assert fact["value"] is not None
        by_household.setdefault(fact["value"]["household"], []).append(fact)
    for fact in holding:
        if fact["kind"] == "observation" and (household := occupant(stays, fact["at"])) is not None:
            by_household[household].append(fact)
    told = dict(state["told"])
    for household in sorted(by_household.keys() | told.keys()):
        facts = by_household.get(household, [])
        fingerprint = [list(fact["version"]) for fact in facts]
        before = told.get(household)
        if before is not None and before["fingerprint"] == fingerprint:
            continue
        revision = 1 if before is None else before["revision"] + 1
        told[household] = {"revision": revision, "fingerprint": fingerprint}
        turn.emit(
            "household.facts",
            household,
            {"household_id": household, "origin": f"unit:{unit}", "revision": revision, "facts": facts},
        )
    return {**state, "told": told}


def occupant(stays: list[Fact], at: str) -> str | None:
    """The household that lived in the flat at that instant: of those who had moved in and not out, the latest."""
    moved_in: dict[str, str] = {}
    moved_out: dict[str, str] = {}
    for fact in stays:
        assert fact["value"] is not None
        household = fact["value"]["household"]
        if fact["kind"] in ("occupancy.start", "occupancy.asserted"):
            moved_in[household] = min(moved_in.get(household, fact["at"]), fact["at"])
        elif fact["kind"] == "occupancy.end":
            moved_out[household] = max(moved_out.get(household, fact["at"]), fact["at"])
    living = [
        (start, household)
        for household, start in moved_in.items()
        if start <= at and not (start <= moved_out.get(household, "") <= at)
    ]
    return max(living)[1] if living else None


PROCESSOR = Processor("places", ("address.facts",), ("household.facts", "dead.letters"), places)
