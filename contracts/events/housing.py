"""`housing.tenancies`: who lives together in public rental housing, and where. Keyed by tenancy."""

from typing import Literal

from pydantic import Field

from ..ids import PersonId, Token
from ..instants import Instant
from ._model import Address, EventData

__all__ = [
    "TYPES",
    "VERSION",
    "Member",
    "MemberAdded",
    "MemberRemoved",
    "Snapshot",
    "Tenancy",
    "TenancyEnded",
    "Transferred",
]


class Member(EventData):
    person_id: PersonId
    role: Literal["tenant", "spouse", "child", "parent", "relative", "other"]
    birth_year: int = Field(ge=1890, le=2100)


class _OfTenancy(EventData):
    tenancy_id: Token
    household_tenancy_id: Token | None = Field(
        default=None, description="The household's first tenancy, where this one continues it."
    )

    @property
    def first_tenancy(self) -> str:
        """The tenancy from which the household's id is minted."""
        return self.household_tenancy_id or self.tenancy_id


class Tenancy(_OfTenancy):
    address: Address
    members: list[Member] = Field(min_length=1)


class TenancyEnded(_OfTenancy):
    address: Address
    reason: Literal["moved_out", "deceased", "transferred", "other"] = "other"


class MemberAdded(_OfTenancy):
    member: Member


class MemberRemoved(_OfTenancy):
    person_id: PersonId
    reason: Literal["moved_out", "deceased", "marriage", "other"] = "other"


class Transferred(_OfTenancy):
    """The whole household moves to another flat and stays the same household."""

    from_unit: Address
    to_unit: Address


class Snapshot(Tenancy):
    """All who live here on a day; whoever is not named had left by then."""

    as_of: Instant


TYPES: dict[str, type[EventData]] = {
    "housing.tenancy_started": Tenancy,
    "housing.tenancy_ended": TenancyEnded,
    "housing.member_added": MemberAdded,
    "housing.member_removed": MemberRemoved,
    "housing.transferred": Transferred,
    "housing.snapshot_asserted": Snapshot,
}
VERSION = 1
