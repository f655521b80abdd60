"""Which unit is asked. Pure."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from hashlib import blake2b

from contracts.tasks import UNIT_KINDS
from services.directory.place import NOWHERE, Place, Places
from services.directory.standing import STALE_HOURS
from services.directory.unit import Unit

__all__ = ["MAX_DECLINES", "Directory", "Waits", "is_queue"]

MAX_DECLINES = 3
"""Declines by as many units bring a task to the district's duty officer."""

Waits = Callable[[str], int | None]
"""By what a unit last declared, after how many days it takes on somebody new: 0 at once, None not at all."""

_QUEUE = "queue-"
_ALL = "all"


def accepting(_unit: str) -> int:
    """Nobody has declared anything: all take on whoever comes."""
    return 0


def is_queue(unit: str) -> bool:
    """Whether a task's owner is no unit, but a district's queue, for want of one."""
    return unit.startswith(_QUEUE)


class Directory:
    """Answers who can take a task. Among equals a household keeps its unit: the choice follows from their ids alone,
    so that a unit that comes, goes or closes moves nobody but its own."""

    def __init__(
        self, units: Iterable[Unit], places: Places = NOWHERE, stale_hours: Mapping[str, float] = STALE_HOURS
    ) -> None:
        self.units: dict[str, Unit] = {}
        """Every unit by its id, in the order of the file."""
        self.places = places
        self.stale_hours = stale_hours
        """After how many hours what was declared of free places is stale, by their kind."""
        self._serving: dict[tuple[str, str], list[Unit]] = {}
        for unit in units:
            self.units[unit.id] = unit
            for code in [_ALL] if unit.districts == "all" else unit.districts:
                self._serving.setdefault((unit.kind, code), []).append(unit)

    def unit(self, name: str) -> Unit | None:
        """The unit of an id; None for a queue, or a unit that is in the directory no more."""
        return self.units.get(name)

    def eligible(self, kind: str, district: str | None, estate: str | None) -> list[Unit]:
        """Units of the kind that serve the place, the nearest first: those for its estate, its sub-district, its
        district, then the territory's. Where nobody knows the sub-district, those for parts of the district come
        before the territory's: one of them is right, and the others know which."""
        place = self.places.place(district, estate)
        ranked = [
            (near, unit.id, unit) for unit in self._of(kind, district) if (near := _nearness(unit, place)) is not None
        ]
        return [unit for _, _, unit in sorted(ranked, key=lambda entry: entry[:2])]

    def serves(self, kind: str, unit: str, district: str | None, estate: str | None) -> bool:
        """Whether a unit of the kind serves the place. A queue is no unit: it serves until somebody takes over."""
        known = self.units.get(unit)
        if known is None or known.kind != kind:
            return is_queue(unit)
        return _nearness(known, self.places.place(district, estate)) is not None

    def gaps(self) -> dict[str, list[str]]:
        """Where no unit of a kind serves: districts, or sub-districts of one that is served in part."""
        found: dict[str, list[str]] = {}
        for kind in UNIT_KINDS:
            gaps: list[str] = []
            for code, district in self.places.districts.items():
                parts = [Place(code, part, None) for part in district.sub_districts] or [Place(code, None, None)]
                bare = [
                    place for place in parts if all(_nearness(unit, place) is None for unit in self._of(kind, code))
                ]
                gaps += [code] if len(bare) == len(parts) else [str(place.sub_district) for place in bare]
            if gaps:
                found[kind] = gaps
        return found

    def route(
        self,
        asked_of: str,
        district: str | None,
        estate: str | None,
        household: str,
        declined_by: Sequence[str] = (),
        known_to: Collection[str] = (),
        waits: Waits = accepting,
    ) -> tuple[str, str]:
        """(unit kind, unit): of the kind asked, see `choose`; after too many declines, or where no unit that covers the
        place takes anybody, the district's duty officer; else the district's queue. A task never vanishes."""
        kinds = (asked_of, "district_office")
        for kind in kinds if len(declined_by) < MAX_DECLINES else kinds[1:]:
            unit = self.choose(kind, district, estate, household, declined_by, known_to, waits)
            if unit is not None:
                return kind, unit
        return "district_office", f"{_QUEUE}{district or 'territory'}"

    def choose(
        self,
        kind: str,
        district: str | None,
        estate: str | None,
        household: str,
        declined_by: Collection[str] = (),
        known_to: Collection[str] = (),
        waits: Waits = accepting,
    ) -> str | None:
        """The unit for a household's task: one that knows the household before others (its waiting list is for those
        who are new); then who accepts before who has a waiting list, the shorter first; then the nearest. Never one
        that declined it, nor one that is closed. None where nobody is left."""
        place = self.places.place(district, estate)
        best: tuple[tuple[bool, int, int, bytes], str] | None = None
        for unit in self._of(kind, district):
            near = _nearness(unit, place)
            if near is None or unit.id in declined_by or (days := waits(unit.id)) is None:
                continue
            known = unit.id in known_to
            rank = (not known, 0 if known else days, near)
            if best is None or rank <= best[0][:3]:
                candidate = ((*rank, _lot(household, unit.id)), unit.id)
                best = candidate if best is None else min(best, candidate)
        return None if best is None else best[1]

    def _of(self, kind: str, district: str | None) -> list[Unit]:
        """Units of a kind that serve the district, or a part of it."""
        own = [] if district is None else self._serving.get((kind, district), [])
        return own + self._serving.get((kind, _ALL), [])


def _nearness(unit: Unit, place: Place) -> int | None:
    """0 for the nearest; None where the unit does not serve the place."""
    if unit.districts == "all":
        return 4
    if place.district is None or place.district not in unit.districts:
        return None
    if not unit.estates and not unit.sub_districts:
        return 2
    if place.estate in unit.estates:
        return 0
    if place.sub_district is None:
        # an estate that nobody has placed may be in the part that it serves; a unit for estates alone names them all
        return 3 if unit.sub_districts else None
    return 1 if place.sub_district in unit.sub_districts else None


def _lot(household: str, unit: str) -> bytes:
    return blake2b(f"{household}|{unit}".encode(), digest_size=8).digest()
