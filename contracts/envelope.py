"""The CloudEvents 1.0 envelope in binary mode: attributes as Kafka headers `ce_*`, the data as JSON."""

from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from .ids import Token
from .instants import Instant

__all__ = ["Envelope", "Headers", "schema_version"]

Headers = tuple[tuple[str, bytes], ...]
"""Kafka record headers, in order."""

_PREFIX = "ce_"

EventType = Annotated[str, StringConstraints(pattern=r"^[a-z]+(\.[a-z_]+)+$")]


class Envelope(BaseModel):
    """Who says what about whom, and when; the version within a source and key is
    `(recordedtime, sequence, id)`, never the order of arrival."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    id: Token = Field(description="Unique within `source` and record key; a second body under one id is refused.")
    source: Token = Field(description="The system that recorded the event, for example `ha-cms`.")
    type: EventType
    time: Instant = Field(description="When it happened (`occurred_at`). Data, not a version.")
    subject: Token = Field(description="Pseudonym of the person, or id of the tenancy, unit or contact concerned.")
    sequence: int = Field(ge=0, lt=2**63, description="Grows with each event of the source.")
    recordedtime: Instant = Field(description="When the source recorded it.")
    receivedtime: Instant = Field(description="Stamped once, at the door into Kithline.")
    dataschema: Annotated[str, StringConstraints(pattern=r"^urn:kithline:[a-z._]+:[1-9][0-9]*$")] | None = None
    correlationid: Token | None = None
    causationid: Token | None = None
    correctsid: Token | None = None
    purpose: Token = "carer-support"
    testdata: bool = False
    keyepoch: int = Field(default=1, ge=1, description="Epoch of the key that made the pseudonyms.")
    specversion: Literal["1.0"] = "1.0"

    @model_validator(mode="after")
    def _schema_matches_type(self) -> "Envelope":
        if self.dataschema is not None and self.dataschema.split(":")[2] != self.type:
            raise ValueError(f"dataschema {self.dataschema!r} is not of type {self.type!r}")
        return self

    @classmethod
    def from_headers(cls, headers: Iterable[tuple[str, bytes]]) -> "Envelope":
        """Reads `ce_*` headers. Raises pydantic's ValidationError naming each attribute that is wrong,
        UnicodeDecodeError for headers that are not UTF-8."""
        attributes = {}
        for name, value in headers:
            if name in _NAMES:
                attributes[_NAMES[name]] = value.decode()
            elif name.startswith(_PREFIX):
                value.decode()  # an attribute that we do not know is ignored, but it must be text too
        return cls.model_validate(attributes)

    def to_headers(self) -> Headers:
        """The attributes as headers, those without a value left out."""
        pairs = self.model_dump(mode="json", exclude_none=True).items()
        return tuple((_PREFIX + name, _text(value).encode()) for name, value in pairs)


_NAMES = {_PREFIX + name: name for name in Envelope.model_fields}
"""Header to attribute."""


def _text(value: object) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def schema_version(envelope: Envelope) -> int:
    """The version of the event's schema; 1 where none is named."""
    return int(envelope.dataschema.rsplit(":", 1)[1]) if envelope.dataschema else 1
