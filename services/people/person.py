"""A person's keeper: merges what all feeds say of one person, and tells the households concerned. Pure.

State per person id: slots of facts, the follows received, and what was last told to whom. The keeper alone writes
each person -> household projection, with a growing revision, empty when withdrawn.

Who follows whom is computed from static things only (memberships, care, links), so that follows end:
- *care*: a cared-for person tells each carer the own households, and those of the ids linked to them;
- *link*: a person tells each linked id (same person, other number) the own households and those followed through care,
  and passes on what the ids beyond have told, each with the way it came. Ids linked in a row are one person: an
  admission under the latest number must reach who is cared for under the first. A way that leads through oneself is
  never taken, the shortest is preferred, so in a circle too what is told ends, and so does what is taken back.
Own households are tenancies; a person without one has a household of one, unless a linked id has a tenancy.
"""

from typing import Any

import orjson

from contracts.facts import Fact, Linked, merged, prevailing, slot
from contracts.ids import household_of_person
from services.runtime.fold import Processor, Record, Turn, Value

__all__ = ["PROCESSOR", "keep"]

EMPTY: Value = {"facts": {}, "followed": {}, "told": {}, "follows": {}}


def keep(record: Record, turn: Turn) -> None:
    """The fold over `person.facts`: a fact about this person, or a follow."""
    person = record.key.decode()
    state = turn.get(person) or EMPTY
    said = orjson.loads(record.value)
    changed = _follow(state, said) if said.get("follow") else _merge(state, said)
    if changed is None:
        turn.duplicate = True
        return
    after, touched = changed
    after = _tell_followers(person, after, turn)
    after = _tell_households(person, after, touched, turn)
    turn.put(person, after)


def _merge(state: Value, fact: Fact) -> tuple[Value, bool] | None:
    """The state with the fact in its slot, and whether what holds has changed; None if it says nothing new."""
    name = slot(fact)
    known = state["facts"].get(name, [])
    versions = merged(known, fact)
    if versions is None:
        return None
    holds_before = prevailing(known) if known else None
    after = {**state, "facts": {**state["facts"], name: versions}}
    return after, prevailing(versions) != holds_before


def _follow(state: Value, said: dict[str, Any]) -> tuple[Value, bool] | None:
    known = state["followed"].get(said["via"])
    if known is not None and known["revision"] >= said["revision"]:
        return None
    entry = {name: said[name] for name in ("revision", "own", "households", "because", "beyond") if name in said}
    return {**state, "followed": {**state["followed"], said["via"]: entry}}, False


def _holding(state: Value) -> list[Fact]:
    """What holds now, without tombstones, in the order of the slots' names."""
    facts = (prevailing(state["facts"][name]) for name in sorted(state["facts"]))
    return [fact for fact in facts if fact["value"] is not None]


def _linked(person: str, state: Value, holding: list[Fact]) -> dict[str, Linked]:
    """Every other id of this person's component, by the shortest way (among equals the first in order)."""
    best: dict[str, Linked] = {}
    for neighbour in sorted({fact["key"] for fact in holding if fact["kind"] == "identity.link"}):
        entry = state["followed"].get(f"{neighbour}|link", {"own": [], "households": []})
        nearest = Linked(person=neighbour, own=entry["own"], households=entry["households"], path=[neighbour])
        for linked in (nearest, *entry.get("beyond", ())):
            known = best.get(linked["person"])
            if person not in linked["path"] and (known is None or _way(linked) < _way(known)):
                best[linked["person"]] = linked
    return best


def _way(linked: Linked) -> tuple[int, list[str]]:
    return len(linked["path"]), linked["path"]


def _through_care(state: Value) -> set[str]:
    entries = [entry for entry in state["followed"].values() if entry["because"] == "care"]
    return {household for entry in entries for household in entry["households"]}


def _own(holding: list[Fact]) -> list[str]:
    return sorted({fact["key"] for fact in holding if fact["kind"] in ("membership.start", "membership.asserted")})


def _tell_followers(person: str, state: Value, turn: Turn) -> Value:
    holding = _holding(state)
    own = _own(holding)
    linked = _linked(person, state, holding)
    of_links = {household for other in linked.values() for household in other["own"]}
    at_home = {*own, *of_links} or {household_of_person(min([person, *linked]))}
    wanted: dict[str, dict[str, Any]] = {}
    for fact in holding:
        if fact["kind"] == "care.receives" and fact["value"] is not None:
            wanted[fact["value"]["person"] + "|care"] = {
                "own": own,
                "households": sorted(at_home),
                "because": "care",
            }
        elif fact["kind"] == "identity.link":
            wanted[fact["key"] + "|link"] = {
                "own": own,
                "households": sorted({*own, *_through_care(state)}),
                "because": "link",
                "beyond": [
                    {**other, "path": [person, *other["path"]]}
                    for _, other in sorted(linked.items())
                    if fact["key"] not in other["path"]
                ],
            }
    follows = dict(state["follows"])
    for target in sorted(follows.keys() | wanted.keys()):
        before = follows.get(target)
        now = wanted.get(target, {"own": [], "households": [], "because": target.rsplit("|", 1)[1]})
        if before is not None and {name: part for name, part in before.items() if name != "revision"} == now:
            continue
        revision = 1 if before is None else before["revision"] + 1
        follows[target] = {**now, "revision": revision}
        subject = target.rsplit("|", 1)[0]
        message = {
            "follow": True,
            "subject": subject,
            "via": f"{person}|{now['because']}",
            "revision": revision,
            **now,
        }
        turn.emit("person.facts", subject, message)
    return {**state, "follows": follows}


def _tell_households(person: str, state: Value, touched: bool, turn: Turn) -> Value:
    holding = _holding(state)
    linked = _linked(person, state, holding)
    at_home = {*_own(holding), *(household for other in linked.values() for household in other["own"])}
    alone = () if at_home else (household_of_person(min([person, *linked])),)
    of_links = {household for other in linked.values() for household in other["households"]}
    listening = {*at_home, *_through_care(state), *of_links, *alone}
    told: dict[str, dict[str, Any]] = dict(state["told"])
    for household in sorted(listening | told.keys()):
        before = told.get(household)
        listens = household in listening
        if before is not None and before["listens"] == listens and not (listens and touched):
            continue
        if before is None and not listens:
            continue
        revision = 1 if before is None else before["revision"] + 1
        told[household] = {"revision": revision, "listens": listens}
        facts = holding if listens else []
        turn.emit(
            "household.facts",
            household,
            {"household_id": household, "origin": person, "revision": revision, "facts": facts},
        )
    return {**state, "told": told}


PROCESSOR = Processor("people", ("person.facts",), ("person.facts", "household.facts", "dead.letters"), keep)
"""It answers to `person.facts` itself with follows, never with projections."""
