"""What the department decides about referrals, as data: the directory of units and the clocks. Pure models."""

from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from contracts.ids import Token
from contracts.instants import plus
from contracts.tasks import UnitKind

__all__ = ["Clock", "Directory", "Unit"]


class Unit(BaseModel):
    """One unit that can own tasks."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Token
    kind: UnitKind
    districts: list[Token] | Literal["all"]
    estates: list[Token] = []


class Clock(BaseModel):
    """Hours until a task must be acknowledged and the person contacted; `floor` counts from our receipt."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    acknowledge: float = Field(gt=0)
    contact: float = Field(gt=0)
    floor: float = Field(ge=0)

    def due(self, began: str, received: str) -> tuple[str, str]:
        """(acknowledge by, contact by): from when it began, but no sooner than the floor after our receipt."""
        soonest = plus(received, hours=self.floor)
        return max(plus(began, hours=self.acknowledge), soonest), max(plus(began, hours=self.contact), soonest)


class Directory:
    """Answers who can take a task. Among equals a household keeps its unit: the choice follows from its id alone."""

    def __init__(self, units: Iterable[Unit]) -> None:
        self._by_kind: Mapping[str, list[Unit]] = {}
        by_kind: dict[str, list[Unit]] = {}
        for unit in sorted(units, key=lambda unit: unit.id):
            by_kind.setdefault(unit.kind, []).append(unit)
        self._by_kind = by_kind

    def eligible(self, kind: str, district: str | None, estate: str | None) -> list[Unit]:
        """Units of the kind that serve the place: those for the estate, then the district's, then the territory's."""

        def nearness(unit: Unit) -> int | None:
            if estate is not None and estate in unit.estates:
                return 0
            if unit.estates:
                return None
            if unit.districts == "all":
                return 2
            return 1 if district is not None and district in unit.districts else None

        ranked = [(near, unit.id, unit) for unit in self._by_kind.get(kind, []) if (near := nearness(unit)) is not None]
        return [unit for _, _, unit in sorted(ranked, key=lambda entry: entry[:2])]

    def choose(
        self, kind: str, district: str | None, estate: str | None, household: str, declined_by: Sequence[str]
    ) -> str | None:
        """The unit for a household's task, never one that declined it; None where nobody covers the place."""
        units = [unit for unit in self.eligible(kind, district, estate) if unit.id not in declined_by]
        if not units:
            return None
        nearest = [unit for unit in units if (unit.districts == "all") == (units[0].districts == "all")]
        where = blake2b(f"{household}|{kind}".encode(), digest_size=8).digest()
        return nearest[int.from_bytes(where) % len(nearest)].id
