"""Which unit is asked. Pure."""

from collections.abc import Collection, Iterable, Sequence
from hashlib import blake2b

from services.directory.unit import Unit

__all__ = ["MAX_DECLINES", "Directory"]

MAX_DECLINES = 3
"""Declines by as many units bring a task to the district's duty officer."""


class Directory:
    """Answers who can take a task. Among equals a household keeps its unit: the choice follows from its id alone."""

    def __init__(self, units: Iterable[Unit]) -> None:
        self.units: dict[str, Unit] = {}
        """Every unit by its id, in the order of the file."""
        self._by_kind: dict[str, list[Unit]] = {}
        for unit in units:
            self.units[unit.id] = unit
            self._by_kind.setdefault(unit.kind, []).append(unit)

    def unit(self, name: str) -> Unit | None:
        """The unit of an id; None for a queue, or a unit that is in the directory no more."""
        return self.units.get(name)

    def eligible(self, kind: str, district: str | None, estate: str | None) -> list[Unit]:
        """Units of the kind that serve the place: those for the estate, then the district's, then the territory's."""
        return [unit for _, _, unit in self._ranked(kind, district, estate)]

    def serves(self, kind: str, unit: str, district: str | None, estate: str | None) -> bool:
        """Whether a unit of the kind serves the place. A queue is no unit: it serves until somebody takes over."""
        return unit.startswith("queue-") or any(unit == one.id for one in self.eligible(kind, district, estate))

    def _ranked(self, kind: str, district: str | None, estate: str | None) -> list[tuple[int, str, Unit]]:

        def nearness(unit: Unit) -> int | None:
            if estate is not None and estate in unit.estates:
                return 0
            if unit.estates:
                return None
            if unit.districts == "all":
                return 2
            return 1 if district is not None and district in unit.districts else None

        ranked = [(near, unit.id, unit) for unit in self._by_kind.get(kind, []) if (near := nearness(unit)) is not None]
        return sorted(ranked, key=lambda entry: entry[:2])

    def route(
        self,
        asked_of: str,
        district: str | None,
        estate: str | None,
        household: str,
        declined_by: Sequence[str] = (),
        known_to: Collection[str] = (),
    ) -> tuple[str, str]:
        """(unit kind, unit): of the kind asked, one that knows the household before others, never one that declined;
        after too many declines, or where nobody covers the place, the district's duty officer; else the district's
        queue. A task never vanishes."""
        kinds = (asked_of, "district_office")
        for kind in kinds if len(declined_by) < MAX_DECLINES else kinds[1:]:
            unit = self.choose(kind, district, estate, household, declined_by, known_to)
            if unit is not None:
                return kind, unit
        return "district_office", f"queue-{district or 'territory'}"

    def choose(
        self,
        kind: str,
        district: str | None,
        estate: str | None,
        household: str,
        declined_by: Sequence[str],
        known_to: Collection[str] = (),
    ) -> str | None:
        """The unit for a household's task, never one that declined it; None where nobody covers the place."""
        ranked = [entry for entry in self._ranked(kind, district, estate) if entry[2].id not in declined_by]
        if not ranked:
            return None
        ranked = [entry for entry in ranked if entry[2].id in known_to] or ranked
        nearest = [unit for near, _, unit in ranked if near == ranked[0][0]]
        where = blake2b(f"{household}|{kind}".encode(), digest_size=8).digest()
        return nearest[int.from_bytes(where) % len(nearest)].id
