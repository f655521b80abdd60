"""What state no longer has a purpose: planned from what is held, and removed like an erasure. Pure.

- *Accepted events* that are older than their feed keeps its records. Nobody sends them again from there; and if
  somebody does, the facts' versions tell them for what they are.
- *Persons who are gone*: a death that is confirmed, or every home left and nothing else that holds, with no matter
  about them open, and nothing recorded for a while. Long silence alone is no reason: of a couple who have lived in one
  flat for twenty years nothing is recorded either.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from contracts.control import Forgotten
from contracts.facts import Fact, prevailing
from contracts.flags import OPEN
from contracts.ids import is_person
from contracts.instants import plus
from contracts.tasks import TERMINAL
from services.referral.units import is_case
from services.runtime.erasure import ANY
from services.runtime.fold import Record, Value
from services.subject.erasing import FEEDS_OF, forgotten_record, recorded
from services.subject.holdings import State, ids_of

__all__ = ["AT_A_TIME", "Gone", "expired_events", "gone_persons"]

AT_A_TIME = 500
"""Events in one record: a name takes some 40 bytes, and a record of a feed may have 128 KiB."""

_FEEDS_OF = {**FEEDS_OF, "units": "units.declarations", "vacancies": "respite.vacancies"}
"""Of units' declarations, which are about nobody, the events expire like all others."""

_LEAVES = frozenset({"membership.start", "membership.asserted", "membership.end", "deceased", "identity.link"})
"""What may hold of somebody who is gone. Anything else that holds (care, a service, a cohort, a stay in hospital that
has not ended) is a reason to stay."""

_OF_THE_PAST = frozenset({"contact", "observation", "absence", "consent", "residence"})


class Gone(NamedTuple):
    """Somebody who is gone: every id, and when the last thing about them was recorded."""

    ids: list[str]
    last: str


def expired_events(states: Mapping[str, State], keeps: Mapping[str, int | None], at: str) -> Iterator[Record]:
    """To each feed's service: the events that it need not know any more at `at`. `keeps` is by topic, in days."""
    for service, topic in _FEEDS_OF.items():
        days = keeps[topic]
        if days is None:
            continue
        until = plus(at, days=-days)
        events: dict[str, list[str]] = {}
        for key, kept in sorted(states.get(service, {}).items()):
            subject, _, name = key.partition(" ")
            if name and not key.startswith(ANY) and recorded(kept) < until:
                events.setdefault(subject, []).append(name)
        for subject, names in events.items():
            for start in range(0, len(names), AT_A_TIME):
                said = Forgotten(events=names[start : start + AT_A_TIME], at=until, erased=False)
                yield forgotten_record(topic, subject, said, at)


def gone_persons(states: Mapping[str, State], days: int, at: str) -> list[Gone]:
    """Who is gone, the longest gone first; each once, under all ids."""
    people = states.get("people", {})
    busy = _busy(states)
    limit = plus(at, days=-days)
    found: dict[str, Gone] = {}
    for person in sorted(people):
        if not is_person(person):
            continue
        ids = sorted(ids_of(person, people))
        facts = [versions for one in ids if one in people for versions in people[one]["facts"].values()]
        last = max((fact["version"][0] for versions in facts for fact in versions), default="")
        if ids[0] not in found and last and last < limit and busy.isdisjoint(ids) and _is_gone(facts):
            found[ids[0]] = Gone(ids, last)
    return sorted(found.values(), key=lambda one: (one.last, one.ids))


def _is_gone(slots: Iterable[list[Fact]]) -> bool:
    holding = [fact for fact in map(prevailing, slots) if fact["value"] is not None]
    if any(
        fact["kind"] == "deceased" and fact["value"]["confidence"] == "confirmed" for fact in holding if fact["value"]
    ):
        return True
    if any(fact["kind"] == "visit.died" for fact in holding):
        return True
    left = {fact["key"]: fact["at"] for fact in holding if fact["kind"] == "membership.end"}
    homes = {fact["key"]: fact["at"] for fact in holding if fact["kind"] in ("membership.start", "membership.asserted")}
    if not homes or any(left.get(home, "") < since for home, since in homes.items()):
        return False
    return all(fact["kind"] in _LEAVES | _OF_THE_PAST or _is_over(fact, holding) for fact in holding)


def _is_over(fact: Fact, holding: Iterable[Fact]) -> bool:
    if fact["kind"] == "service":
        return not (fact["value"] or {})["active"]
    if fact["kind"].startswith("visit."):
        ends = ("visit.discharged", "visit.cancelled")
        return any(other["kind"] in ends and other["key"] == fact["key"] for other in holding)
    return False


def _busy(states: Mapping[str, State]) -> set[str]:
    """Persons with a matter that is open: a flag that asks for something, or a task that is not done."""
    correlator: Iterable[Value] = states.get("correlator", {}).values()
    referral = [case for key, case in states.get("referral", {}).items() if is_case(key)]
    asked = {flag["subject"] for one in correlator for flag in one["flags"].values() if flag["status"] in OPEN}
    return asked | {task["for"] for one in referral for task in one["tasks"].values() if task["status"] not in TERMINAL}
