"""A person is forgotten: all that was recorded of them up to an instant, and all that names them elsewhere. Pure.

What is left is a mark under a hash (see services/runtime/erasure.py), with a *floor*: revisions told from then on are
above all that were told before, though nobody remembers to whom. Others who are named in what goes are told to forget
whom they were named with; also when it comes in late, because then they get their half of it late as well.
"""

from collections.abc import Callable, Iterable

from contracts.facts import Erase, Fact
from services.runtime.erasure import ANY, fingerprint, mark, remember
from services.runtime.fold import Turn, Value

__all__ = ["EMPTY", "begin", "drops", "erase", "nobody_is_told", "settled"]

EMPTY: Value = {"facts": {}, "followed": {}, "told": {}, "follows": {}}


def begin(person: str, turn: Turn) -> Value:
    """The state of somebody of whom nothing is held: new, or erased."""
    known = turn.get(mark(person)) if turn.get(ANY) is not None else None
    if known is None:
        return EMPTY
    return {**EMPTY, "erased": known["at"], "floor": known["floor"], "forgotten": known["forgotten"]}


def nobody_is_told(state: Value) -> bool:
    """Whether all that is known of somebody who was erased, or had to forget another, is just that."""
    return not state["facts"] and not state["told"]


def settled(state: Value) -> Value | None:
    """The state to be kept: nothing of somebody who is erased and of whom nobody tells; and nothing more of what went
    between a person and somebody whom they have to forget, once it has been taken back."""
    forgotten = state.get("forgotten")
    if forgotten:
        gone = {
            (part, name)
            for part in ("follows", "followed")
            for name, entry in state[part].items()
            if not entry["households"] and fingerprint(name.rsplit("|", 1)[0]) in forgotten
        }
        if gone:
            floor = max([state.get("floor", 0), *(state[part][name]["revision"] for part, name in gone)])
            state = {**state, "floor": floor}
            for part in ("follows", "followed"):
                state[part] = {name: entry for name, entry in state[part].items() if (part, name) not in gone}
    if "erased" in state and not state["facts"] and not state["followed"]:
        return None
    return state


def drops(person: str, state: Value, fact: Fact, turn: Turn) -> bool:
    """Whether a fact comes too late, after an erasure of its subject or of whom it names. Whoever else it names gets
    the other half of it, and is told to forget that."""
    recorded = fact["version"][0]
    if recorded <= state.get("erased", ""):
        _tell_named([fact], person, state["erased"], turn)
        return True
    forgotten = state.get("forgotten", {})
    return any(recorded <= forgotten.get(fingerprint(other), "") for other in _named(fact))


def erase(person: str, said: Erase, state: Value, turn: Turn) -> tuple[Value, bool] | None:
    """The state without what was erased, and whether what holds has changed; None if it says nothing new. Of the
    subject's own erasure, all households and followers have been told."""
    at = said["at"]
    if said["of"] != person:
        return _forget(person, said["of"], at, state, turn)
    if at <= state.get("erased", ""):
        return None
    kept, gone = _parted(state["facts"], lambda fact: fact["version"][0] <= at)
    revisions = [one["revision"] for part in ("told", "follows") for one in state[part].values()]
    floor = max([state.get("floor", 0), *revisions]) + 1
    for household in sorted(state["told"]):
        empty = {"household_id": household, "origin": person, "revision": floor, "facts": [], "erased": True}
        turn.emit("household.facts", household, empty)
    for target, told in sorted(state["follows"].items()):
        subject, because = target.rsplit("|", 1)
        withdrawn = {"own": [], "households": [], "because": told["because"]}
        via = f"{person}|{because}"
        turn.emit(
            "person.facts", subject, {"follow": True, "subject": subject, "via": via, "revision": floor, **withdrawn}
        )
    _tell_named(gone, person, at, turn)
    forgotten = state.get("forgotten", {})
    remember(person, {"at": at, "floor": floor, "forgotten": forgotten}, turn)
    left = {"facts": kept, "followed": state["followed"], "told": {}, "follows": {}}
    return {**left, "erased": at, "floor": floor, "forgotten": forgotten}, True


def _forget(person: str, other: str, at: str, state: Value, turn: Turn) -> tuple[Value, bool] | None:
    forgotten = state.get("forgotten", {})
    name = fingerprint(other)
    if at <= forgotten.get(name, ""):
        return None
    forgotten = {**forgotten, name: at}
    if "erased" in state and not state["facts"]:
        remember(person, {"at": state["erased"], "floor": state["floor"], "forgotten": forgotten}, turn)
    kept, gone = _parted(state["facts"], lambda fact: fact["version"][0] <= at and other in _named(fact))
    return {**state, "facts": kept, "forgotten": forgotten}, bool(gone)


def _parted(slots: Value, goes: Callable[[Fact], bool]) -> tuple[Value, list[Fact]]:
    """(the slots without the versions that go, those versions)."""
    kept, gone = {}, []
    for name, versions in slots.items():
        stays = [fact for fact in versions if not goes(fact)]
        gone += [fact for fact in versions if goes(fact)]
        if stays:
            kept[name] = stays
    return kept, gone


def _tell_named(facts: Iterable[Fact], person: str, at: str, turn: Turn) -> None:
    others = {other for fact in facts for other in _named(fact)} - {person}
    for other in sorted(others):
        turn.emit("person.facts", other, dict(Erase(erase=True, subject=other, of=person, at=at)))


def _named(fact: Fact) -> set[str]:
    """Whom a fact names beside its subject: whoever is cared for, who cares, who is the same person."""
    if fact["kind"].startswith("care."):
        return {fact["key"].split("|", 1)[0]}
    return {fact["key"]} if fact["kind"] == "identity.link" else set()
