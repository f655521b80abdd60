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

from contracts.facts import Fact, Linked, merged, prevailing, slot
from contracts.ids import household_of_person
from services.people.erasure import begin, drops, erase, nobody_is_told, settled
from services.runtime.erasure import read_erase
from services.runtime.fold import Processor, Record, Turn, Value
from services.runtime.inner import LIST, NUMBER, TEXT, as_fact, must_hold, read_object, subject_of

__all__ = ["PROCESSOR", "keep"]

MAX_ALIASES = 16
"""The nearest so many ids that are linked with a person count as the same person, the others do not.

A person has a handful of ids. A source that merges hundreds has merged strangers (all that once stood under a test
patient's number), and each of them tells all others: without a limit n ids send n² messages of size n, n³ bytes."""

_FOLLOW = {"via": TEXT, "revision": NUMBER, "because": TEXT, "own": LIST, "households": LIST}


def keep(record: Record, turn: Turn) -> None:
    """The fold over `person.facts`: a fact about this person, a follow, or an erasure."""
    said = read_object(record)
    person = subject_of(said, record)
    state = turn.get(person) or begin(person, turn)
    if "erase" in said:
        changed = erase(person, read_erase(said), state, turn)
    elif "follow" in said:
        changed = _follow(state, said)
    else:
        fact = as_fact(said)
        late = "forgotten" in state and drops(person, state, fact, turn)
        changed = None if late else _merge(state, fact)
    if changed is None:
        turn.duplicate = True
        return
    after, touched = changed
    if "forgotten" in after:  # as whoever was erased has, too
        turn.put(person, settled(after if nobody_is_told(after) else _tell(person, after, touched, turn)))
    else:  # nearly everybody
        turn.put(person, _tell(person, after, touched, turn))


def _merge(state: Value, fact: Fact) -> tuple[Value, bool] | None:
    """The state with the fact in its slot, and whether what holds has changed; None if it says nothing new."""
    name = slot(fact)
    known = state["facts"].get(name, [])
    versions = merged(known, fact)
    if versions is None:
        return None
    after = {**state, "facts": {**state["facts"], name: versions}}
    return after, not known or prevailing(versions) is not prevailing(known)


def _follow(state: Value, said: dict[str, Any]) -> tuple[Value, bool] | None:
    must_hold(said, _FOLLOW)
    known = state["followed"].get(said["via"])
    if known is not None and known["revision"] >= said["revision"]:
        return None
    if not said["households"] and "forgotten" in state:
        # the last that is heard of somebody who is forgotten: nothing that names them is kept
        others = {via: entry for via, entry in state["followed"].items() if via != said["via"]}
        return {**state, "followed": others}, False
    entry = {name: said[name] for name in ("revision", "own", "households", "because", "beyond") if name in said}
    return {**state, "followed": {**state["followed"], said["via"]: entry}}, False


def _tell(person: str, state: Value, touched: bool, turn: Turn) -> Value:
    """Tells whoever should know of this person, and returns the state with what was told."""
    holding = _holding(state)
    own: set[str] = set()
    carers: set[str] = set()
    neighbours: set[str] = set()
    for fact in holding:
        match fact["kind"]:
            case "membership.start" | "membership.asserted":
                own.add(fact["key"])
            case "care.receives" if fact["value"] is not None:
                carers.add(fact["value"]["person"])
            case "identity.link":
                neighbours.add(fact["key"])
    linked = _linked(person, neighbours, state["followed"]) if neighbours else []
    nearest = linked[:MAX_ALIASES]
    home = own.union(*[other["own"] for other in nearest])
    if not home:
        home = {household_of_person(min([person, *(other["person"] for other in nearest)]))}
    through_care = {
        household
        for entry in state["followed"].values()
        if entry["because"] == "care"
        for household in entry["households"]
    }
    follows = state["follows"]
    if carers or neighbours or follows:
        wanted = {f"{carer}|care": _told_of_care(own, home) for carer in carers}
        told_links = neighbours.intersection(other["person"] for other in nearest)
        wanted |= {f"{id_}|link": _told_of_link(person, id_, own, through_care, linked) for id_ in told_links}
        follows = _tell_followers(person, follows, wanted, state.get("floor", 0), turn)
    listening = home.union(through_care, *[other["households"] for other in nearest])
    told = _tell_households(person, state, listening, holding, touched, turn)
    return {**state, "told": told, "follows": follows}


def _holding(state: Value) -> list[Fact]:
    """What holds now, without tombstones, in the order of the slots' names."""
    return [versions[-1] for _, versions in sorted(state["facts"].items()) if versions[-1]["value"] is not None]


def _linked(person: str, neighbours: set[str], followed: Value) -> list[Linked]:
    """Every other id of this person's component, each by the shortest way, the nearest first (among equals the first
    in order)."""
    best: dict[str, Linked] = {}
    for neighbour in sorted(neighbours):
        entry = followed.get(f"{neighbour}|link", {"own": [], "households": []})
        nearest = Linked(person=neighbour, own=entry["own"], households=entry["households"], path=[neighbour])
        for linked in (nearest, *entry.get("beyond", ())):
            known = best.get(linked["person"])
            if person not in linked["path"] and (known is None or _way(linked) < _way(known)):
                best[linked["person"]] = linked
    return sorted(best.values(), key=_way)


def _way(linked: Linked) -> tuple[int, list[str]]:
    return len(linked["path"]), linked["path"]


def _told_of_care(own: set[str], home: set[str]) -> dict[str, Any]:
    return {"own": sorted(own), "households": sorted(home), "because": "care"}


def _told_of_link(person: str, to: str, own: set[str], through_care: set[str], linked: list[Linked]) -> dict[str, Any]:
    beyond = [other for other in linked if to not in other["path"]][:MAX_ALIASES]
    return {
        "own": sorted(own),
        "households": sorted(own | through_care),
        "because": "link",
        "beyond": [
            {**other, "path": [person, *other["path"]]} for other in sorted(beyond, key=lambda other: other["person"])
        ],
    }


def _tell_followers(person: str, before: Value, wanted: dict[str, dict[str, Any]], floor: int, turn: Turn) -> Value:
    """Sends what is news to whoever is told of care or a link, and takes back what no longer holds."""
    follows = dict(before)
    for target in sorted(follows.keys() | wanted.keys()):
        told = follows.get(target)
        subject, because = target.rsplit("|", 1)
        now = wanted.get(target, {"own": [], "households": [], "because": because})
        if told is not None and {**told, "revision": None} == {**now, "revision": None}:
            continue
        revision = floor + 1 if told is None else told["revision"] + 1
        follows[target] = {**now, "revision": revision}
        message = {"follow": True, "subject": subject, "via": f"{person}|{because}", "revision": revision, **now}
        turn.emit("person.facts", subject, message)
    return follows


def _tell_households(
    person: str, state: Value, listening: set[str], holding: list[Fact], touched: bool, turn: Turn
) -> Value:
    """Sends all that holds to the households that listen, where it or their listening is news."""
    told: dict[str, dict[str, Any]] = dict(state["told"])
    for household in sorted(listening | told.keys()):
        known = told.get(household)
        listens = household in listening
        if known is not None and known["listens"] == listens and not (listens and touched):
            continue
        revision = state.get("floor", 0) + 1 if known is None else known["revision"] + 1
        told[household] = {"revision": revision, "listens": listens}
        facts = holding if listens else []
        turn.emit(
            "household.facts",
            household,
            {"household_id": household, "origin": person, "revision": revision, "facts": facts},
        )
    return told


PROCESSOR = Processor("people", ("person.facts",), ("person.facts", "household.facts", "dead.letters"), keep)
"""It answers to `person.facts` itself with follows, never with projections."""
