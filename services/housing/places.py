"""The keeper of flats: who lives in a flat, and what was noticed there by people who could not say whom it concerned.
Pure. State per flat, under `block/unit`; of a block its incidents under its own key, and under `block#n` which flats
are known.

An observation of a flat belongs to the household that lived there when it was made; when a correction changes who
that was, it is taken from one household and told to the other. Where nobody is known to have lived there, a household
is minted from the flat, so that what was noticed has somewhere to live until a tenancy is known.

An incident concerns all who lived in the block when it happened. It is told to the block's own household, once, with
the households concerned: one response is coordinated, not one for each flat.
"""

from collections.abc import Iterator
from hashlib import blake2b
from zlib import crc32

from contracts.facts import Erase, Fact, merged, slot
from contracts.flags import ERASED
from contracts.ids import household_of_address, household_of_block
from services.runtime.erasure import ANY, erased_until, read_erase, remember
from services.runtime.fold import Processor, Record, Turn, Value
from services.runtime.inner import as_fact, read_object, subject_of

__all__ = ["PROCESSOR", "occupant", "places"]

FLAT: Value = {"facts": {}, "told": {}}
BLOCK: Value = {"facts": {}, "told": {}}
LISTS_OF_FLATS = 16
"""A block's flats are listed in so many parts: a new flat rewrites one, a dozen ids long, and not all two hundred."""


def places(record: Record, turn: Turn) -> None:
    """The fold over `address.facts`."""
    said = read_object(record)
    block = subject_of(said, record)
    if "erase" in said:
        _forget(block, read_erase(said), turn)
        return
    fact = _without_erased(as_fact(said), turn)
    unit = _unit(fact)
    key = f"{block}/{unit}" if unit else block
    state = turn.get(key) or (FLAT if unit else BLOCK)
    name = slot(fact)
    versions = merged(state["facts"].get(name, []), fact)
    if versions is None:
        turn.duplicate = True
        return
    state = {**state, "facts": {**state["facts"], name: versions}}
    if not unit:
        turn.put(block, _tell_block(block, state, turn))
        return
    turn.put(key, _tell_households(unit, state, turn))
    if fact["kind"] != "observation":
        _list_flat(block, unit, turn)


def _forget(block: str, said: Erase, turn: Turn) -> None:
    """Takes a person's id out of what is known of a block's flats, and tells their households anew."""
    if said["at"] <= erased_until(said["of"], turn):
        turn.duplicate = True
    remember(said["of"], {"at": max(said["at"], erased_until(said["of"], turn))}, turn)
    for unit in _flats(block, turn):
        key = f"{block}/{unit}"
        state = turn.get(key) or FLAT
        facts = {name: [_without_erased(fact, turn) for fact in known] for name, known in state["facts"].items()}
        if facts != state["facts"]:
            told = {household: {**before, "fingerprint": None} for household, before in state["told"].items()}
            turn.put(key, _tell_households(unit, {"facts": facts, "told": told}, turn))


def _without_erased(fact: Fact, turn: Turn) -> Fact:
    """The fact with nobody among a flat's members who was erased since: who lives there is not known any more, and
    nobody must look alone for it."""
    members = (fact["value"] or {}).get("members")
    if not members or turn.get(ANY) is None:
        return fact
    left = [ERASED if fact["version"][0] <= erased_until(member, turn) else member for member in members]
    return fact if left == members else {**fact, "value": {**(fact["value"] or {}), "members": left}}


def _unit(fact: Fact) -> str:
    """The flat that a fact is about, from its slot's name, so that a tombstone names it too; empty for a block."""
    if fact["kind"] == "incident":
        return ""
    if fact["kind"] == "observation":
        return fact["key"].split("@", 1)[1]
    return fact["key"].rsplit("|", 1)[0]


def _holding(state: Value) -> list[Fact]:
    return [versions[-1] for _, versions in sorted(state["facts"].items()) if versions[-1]["value"] is not None]


def _stays(facts: list[Fact]) -> list[Fact]:
    return [fact for fact in facts if fact["kind"].startswith("occupancy")]


def _tell_households(unit: str, state: Value, turn: Turn) -> Value:
    holding = _holding(state)
    stays = _stays(holding)
    by_household: dict[str, list[Fact]] = {}
    for fact in stays:
        assert fact["value"] is not None
        by_household.setdefault(fact["value"]["household"], []).append(fact)
    for fact in holding:
        if fact["kind"] == "observation":
            household = occupant(stays, fact["at"]) or household_of_address(unit)
            by_household.setdefault(household, []).append(fact)
    told = state["told"]
    for household in sorted(by_household.keys() | told.keys()):
        facts = by_household.get(household, [])
        told = _tell(household, f"unit:{unit}", facts, [list(fact["version"]) for fact in facts], told, turn)
    return {**state, "told": told}


def _tell(household: str, origin: str, facts: list[Fact], fingerprint: object, told: Value, turn: Turn) -> Value:
    """Sends what holds where it is news, by its fingerprint; returns what has been told to whom."""
    before = told.get(household)
    if before is not None and before["fingerprint"] == fingerprint:
        return told
    revision = 1 if before is None else before["revision"] + 1
    projection = {"household_id": household, "origin": origin, "revision": revision, "facts": facts}
    turn.emit("household.facts", household, projection)
    return {**told, household: {"revision": revision, "fingerprint": fingerprint}}


def _list_flat(block: str, unit: str, turn: Turn) -> None:
    """Notes that a block has a flat, and tells of its incidents anew where that changes whom they concern."""
    part = f"{block}#{crc32(unit.encode()) % LISTS_OF_FLATS}"
    listed = turn.get(part) or {"flats": []}
    if unit not in listed["flats"]:
        turn.put(part, {"flats": sorted([*listed["flats"], unit])})
    if (state := turn.get(block)) is not None:
        turn.put(block, _tell_block(block, state, turn))


def _tell_block(block: str, state: Value, turn: Turn) -> Value:
    incidents = _holding(state)
    flats = [_stays(_holding(turn.get(f"{block}/{unit}") or FLAT)) for unit in _flats(block, turn)]
    estate = next((fact["value"]["estate"] for stays in flats for fact in stays if fact["value"]), None)
    facts: list[Fact] = []
    for incident in incidents:
        assert incident["value"] is not None
        concerned = sorted({who for stays in flats if (who := occupant(stays, incident["at"])) is not None})
        facts.append({**incident, "value": {**incident["value"], "estate": estate, "households": concerned}})
    told = _tell(household_of_block(block), f"block:{block}", facts, list(_digests(facts)), state["told"], turn)
    return state if told is state["told"] else {**state, "told": told}


def _flats(block: str, turn: Turn) -> list[str]:
    lists = [turn.get(f"{block}#{number}") for number in range(LISTS_OF_FLATS)]
    return sorted(unit for listed in lists if listed is not None for unit in listed["flats"])


def _digests(facts: list[Fact]) -> Iterator[str]:
    for fact in facts:
        yield blake2b(f"{fact['version']}{fact['value']}".encode(), digest_size=8).hexdigest()


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
