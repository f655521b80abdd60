"""What all event data have in common."""

from pydantic import BaseModel, ConfigDict

from ..ids import Token

__all__ = ["Address", "EventData"]


class EventData(BaseModel):
    """Unknown fields are tolerated on read; what we write ourselves has none."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Address(EventData):
    """A flat by ids only: no street, no name."""

    address_unit_id: Token
    block_id: Token
    estate_id: Token
    district: Token
