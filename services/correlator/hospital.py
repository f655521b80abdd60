"""Stays in hospital, put together from what was said of visits. Pure.

A hospital counts visits; a family counts the days that somebody is away. A transfer is often coded as a discharge here
and an admission there, and two feeds may tell of one visit under an id each. Both are one stay, named after the visit
that began first, by the time at which it began and never by what came in first.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from contracts.facts import Fact
from contracts.instants import plus

__all__ = ["TRANSFER_WINDOW_HOURS", "Visit", "joined"]

TRANSFER_WINDOW_HOURS = 12
"""A visit that begins within so many hours of another's discharge (or of its admission, at the same hospital as another
feed tells it) continues it. A transfer takes an afternoon; who comes back after a night at home has been at home."""


class Visit(NamedTuple):
    """One stay in hospital, put together from its slots; of several visits that are one stay, `parts` are these."""

    id: str
    admitted: Fact | None
    discharged: Fact | None
    death: Fact | None
    cancelled: Fact | None
    leave: Fact | None
    parts: tuple["Visit", ...] = ()

    @property
    def facts(self) -> list[Fact]:
        """All that was said of it, in the order in which it happened."""
        if self.parts:
            return [fact for part in self.parts for fact in part.facts]
        said = (self.admitted, self.leave, self.discharged, self.death, self.cancelled)
        return [fact for fact in said if fact is not None]

    @property
    def also(self) -> tuple[str, ...]:
        """The ids of its other visits."""
        return tuple([part.id for part in self.parts[1:]])

    @property
    def admitted_at(self) -> str | None:
        return self.admitted["at"] if self.admitted else None

    @property
    def died(self) -> bool:
        """Whether the hospital has said that the patient died in this stay."""
        return self.death is not None

    @property
    def away(self) -> bool:
        """From the admission until the patient has come home. A discharge with `deceased` is no return; leave from
        the ward is none either (the bed is kept, and the patient goes back)."""
        if self.admitted is None or self.cancelled is not None:
            return False
        return self.discharged is None or self.died

    @property
    def ended_by(self) -> str:
        """Why the visit no longer keeps anybody away, as a code."""
        if self.cancelled is not None:
            return "admission_cancelled"
        if self.admitted is None:
            return "no_admission"
        return "returned_home" if self.discharged is not None else "in_hospital"


def joined(visits: Sequence[Visit], hospital: Callable[[str], str | None]) -> list[Visit]:
    """The stays that visits amount to, by id. `hospital` says where a visit is. What was cancelled, or is known by its
    discharge only, stands alone."""
    going = [visit for visit in visits if visit.admitted is not None and visit.cancelled is None]
    if len(going) < 2:
        return list(visits)
    stays: list[list[Visit]] = []
    for visit in sorted(going, key=lambda one: (one.admitted_at, one.id)):
        for stay in reversed(stays):
            if any(_continues(visit, before, hospital) for before in stay):
                stay.append(visit)
                break
        else:
            stays.append([visit])
    alone = [visit for visit in visits if visit.admitted is None or visit.cancelled is not None]
    return sorted([*alone, *(_stay(stay, hospital) for stay in stays)], key=lambda one: one.id)


def _continues(visit: Visit, before: Visit, hospital: Callable[[str], str | None]) -> bool:
    return _told_twice(visit, before, hospital) or _transferred(visit, before)


def _told_twice(visit: Visit, before: Visit, hospital: Callable[[str], str | None]) -> bool:
    """Whether another feed tells of the same admission, under an id of its own."""
    assert visit.admitted is not None and before.admitted is not None
    if visit.admitted["source"] == before.admitted["source"] or hospital(visit.id) != hospital(before.id):
        return False
    return _within(before.admitted["at"], visit.admitted["at"])


def _transferred(visit: Visit, before: Visit) -> bool:
    """Whether it begins about when the other has ended: a little before, where two hospitals' clocks differ."""
    if visit.admitted is None or before.discharged is None or before.died:
        return False
    return _within(*sorted((before.discharged["at"], visit.admitted["at"])))


def _within(earlier: str, later: str) -> bool:
    return later <= plus(earlier, hours=TRANSFER_WINDOW_HOURS)


def _stay(visits: list[Visit], hospital: Callable[[str], str | None]) -> Visit:
    if len(visits) == 1:
        return visits[0]
    first, last = visits[0], visits[-1]
    # of one leg that is told twice, one feed may never tell the end
    leg = [visit for visit in visits if visit is last or _told_twice(last, visit, hospital)]
    ends = [visit.discharged for visit in leg if visit.discharged is not None]
    deaths = [visit.death for visit in visits if visit.death is not None]
    return Visit(
        first.id,
        first.admitted,
        max(ends, key=lambda fact: (fact["at"], fact["version"]), default=None),
        deaths[-1] if deaths else None,
        None,
        last.leave,
        tuple(visits),
    )
