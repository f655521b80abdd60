"""One unit that can own tasks, as `deploy/policy/units.yaml` has it. Pure."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from contracts.ids import Token
from contracts.model import Bilingual, Code
from contracts.tasks import UnitKind

__all__ = ["CHANNELS", "Channel", "Language", "Name", "Unit"]

Channel = Literal["desk", "webhook", "fhir", "csv"]
"""In which form a unit takes tasks. Addresses and secrets of a channel are settings of its adapter."""
CHANNELS: tuple[Channel, ...] = Channel.__args__  # type: ignore[attr-defined]

Language = Literal["yue", "en", "cmn", "hi", "id", "ne", "pa", "th", "tl", "ur", "vi"]
"""ISO 639: Cantonese, English, Putonghua, and the languages that the district's support service centres offer."""


class Name(Bilingual):
    """A name for people, in English and Traditional Chinese."""

    en: str = Field(min_length=1)
    zh_hant: str = Field(alias="zh-Hant", min_length=1)


class Unit(BaseModel):
    """One unit. It serves its estates and sub-districts where any are given, else all of its districts. `hours` names
    a table of service hours; `capacity` is how many open tasks it can carry (None: it has not said), a figure for
    people: what counts in routing is what the unit last declared."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Token
    kind: UnitKind
    name: Name
    districts: list[Token] | Literal["all"]
    sub_districts: list[Token] = []
    estates: list[Token] = []
    hours: Code = "office"
    languages: list[Language] = ["yue"]
    capacity: int | None = Field(default=None, ge=1)
    channel: Channel = "desk"
