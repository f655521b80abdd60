"""Who serves where, of the policy folder: the districts of `districts.yaml`, the units of `units.yaml`."""

from collections.abc import Collection, Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator

from contracts.events.respite import PlaceKind
from contracts.ids import Token
from contracts.model import Code
from contracts.tasks import UnitKind
from services.directory import STALE_HOURS, Channel, Directory, District, Places, Unit
from services.directory.unit import Language
from services.runtime.errors import Problem
from services.runtime.yaml_file import line_of, read

__all__ = ["load_directory", "load_places"]


class _Kind(BaseModel):
    """What a unit of a kind has that says nothing else."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    hours: Code | None = None
    languages: list[Language] | None = None
    capacity: int | None = Field(default=None, ge=1)
    channel: Channel | None = None


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    stale_after_hours: dict[PlaceKind, Annotated[float, Field(gt=0)]] = {}
    kinds: dict[UnitKind, _Kind] = {}
    units: list[Unit]

    @model_validator(mode="before")
    @classmethod
    def _with_what_its_kind_has(cls, said: Any) -> Any:
        """What is no mapping is left as it is, for the models to complain of at its own place."""
        if not isinstance(said, dict) or not isinstance(said.get("units"), list):
            return said
        kinds = said.get("kinds")
        usual = kinds if isinstance(kinds, dict) else {}
        return said | {"units": [_over(usual, unit) for unit in said["units"]]}


def _over(usual: dict[Any, Any], unit: Any) -> Any:
    if not isinstance(unit, dict) or not isinstance(mine := usual.get(str(unit.get("kind"))), dict):
        return unit
    return {name: value for name, value in mine.items() if name in _Kind.model_fields} | unit


def load_places(policy: Path) -> Places:
    """The districts of `districts.yaml`. Raises Problem."""
    path = policy / "districts.yaml"
    districts = read(path, TypeAdapter(dict[Token, District]))
    parts: dict[str, str] = {}
    for code, district in districts.items():
        estates: dict[str, str] = {}
        for part, theirs in district.sub_districts.items():
            twice = part in parts and f"sub-district {part!r} is in {parts[part]} too; give each a code of its own"
            parts[part] = code
            for estate in theirs:
                if estate in estates:
                    twice = f"estate {estate!r} is in {estates[estate]} already; keep it in one sub-district"
                estates[estate] = part
            if twice:
                raise Problem(f"{path}:{line_of(path, code, 'sub_districts', part)}: {twice}")
    return Places(districts)


def load_directory(policy: Path) -> Directory:
    """The unit directory of `units.yaml`, over the places of `districts.yaml`. Raises Problem."""
    places = load_places(policy)
    path = policy / "units.yaml"
    file = read(path, TypeAdapter(_File))
    units = file.units
    tables = read(policy / "hours.yaml", TypeAdapter(dict[Code, Any])).keys()
    seen: set[str] = set()
    for number, unit in enumerate(units):
        if unit.id in seen:
            where = f"{path}:{line_of(path, 'units', number, 'id')}"
            raise Problem(f"{where}: unit id {unit.id!r} occurs twice; give each unit an id of its own")
        seen.add(unit.id)
        for field, fault in _faults(unit, places, tables):
            raise Problem(f"{path}:{_line(path, unit, number, field)}: {unit.id}: {fault}")
    return Directory(units, places, dict(STALE_HOURS) | {**file.stale_after_hours})


def _faults(unit: Unit, places: Places, tables: Collection[str]) -> Iterator[tuple[str, str]]:
    """(field, what is wrong with it)."""
    if unit.hours not in tables:
        yield "hours", f"hours.yaml has no table {_near(unit.hours, tables)}"
    if unit.districts == "all":
        if unit.sub_districts or unit.estates:
            yield "districts", "serves the territory, and parts of it; name the districts of its parts, or no parts"
        return
    if not unit.districts:
        yield "districts", "serves no district; name some, or write all"
    for code in unit.districts:
        if code not in places.districts:
            yield "districts", f"districts.yaml has no district {_near(code, places.districts)}"
    parts = {part: estates for code in unit.districts for part, estates in _parts(places, code).items()}
    for part in unit.sub_districts:
        if part not in parts:
            yield "sub_districts", f"its districts have no sub-district {_near(part, parts)}"
    there = [estate for estates in parts.values() for estate in estates]
    for estate in unit.estates:
        if estate not in there:
            yield "estates", f"its districts have no estate {_near(estate, there)}"


def _parts(places: Places, code: str) -> dict[str, list[str]]:
    district = places.districts.get(code)
    return {} if district is None else district.sub_districts


def _near(said: str, known: Collection[str]) -> str:
    near = get_close_matches(said, known, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(sorted(known)) or 'none'}"
    return f"{said!r}; {hint}"


def _line(path: Path, unit: Unit, number: int, field: str) -> int:
    """The line of a unit's field; of its kind's where the unit says nothing itself."""
    written = read(path, TypeAdapter(dict[str, Any]))["units"][number]
    return line_of(path, *(("units", number, field) if field in written else ("kinds", unit.kind, field)))
