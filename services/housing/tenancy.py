"""What tenancy events mean: memberships of persons, and which household lives in which flat. Pure.

`housing` mints the household's id from its first tenancy; a transfer to another flat keeps it.
"""

from collections.abc import Iterator

from contracts.envelope import Envelope
from contracts.events import Address
from contracts.events.housing import (
    Member,
    MemberAdded,
    MemberRemoved,
    Snapshot,
    Tenancy,
    TenancyEnded,
    Transferred,
)
from contracts.ids import household_of_tenancy
from services.runtime.intake import Placed, feed_processor, not_ahead, person_fact

__all__ = ["PROCESSOR", "translate"]

Event = Tenancy | TenancyEnded | MemberAdded | MemberRemoved | Transferred


def translate(envelope: Envelope, data: Event) -> Iterator[Placed]:
    """The facts of one event of `housing.tenancies`."""
    household = household_of_tenancy(data.first_tenancy)
    match data:
        case Snapshot():
            not_ahead(envelope, data.as_of, "as_of")
            members = sorted(member.person_id for member in data.members)
            yield _occupancy(data.address, household, "asserted", data.as_of)
            yield _occupancy(data.address, household, "roster", data.as_of, members=members)
            for member in data.members:
                yield _membership(member, household, "asserted", data.as_of)
        case Tenancy():
            # Whoever reads the flat knows from here whom to expect: a household that is half told must not look alone.
            expected = sorted(member.person_id for member in data.members)
            yield _occupancy(data.address, household, "start", members=expected)
            for member in data.members:
                yield _membership(member, household, "start")
        case TenancyEnded():
            yield _occupancy(data.address, household, "end")
        case Transferred():
            # The end names the new flat too: the two come by different ways, and nobody is homeless in between.
            yield _occupancy(data.from_unit, household, "end", moved_to=_place(data.to_unit))
            yield _occupancy(data.to_unit, household, "start")
        case MemberAdded():
            yield _membership(data.member, household, "start")
        case MemberRemoved():
            yield person_fact(data.person_id, "membership.end", household, {"reason": data.reason})
            if data.reason == "deceased":
                yield person_fact(data.person_id, "deceased", "", {"confidence": "reported"})


def _membership(member: Member, household: str, aspect: str, at: str | None = None) -> Placed:
    value = {"role": member.role, "birth_year": member.birth_year}
    return person_fact(member.person_id, f"membership.{aspect}", household, value, at)


def _occupancy(address: Address, household: str, aspect: str, at: str | None = None, **more: object) -> Placed:
    value = {"household": household, **_place(address), **more}
    key = f"{address.address_unit_id}|{household}"
    return Placed("address.facts", address.block_id, f"occupancy.{aspect}", key, value, at)


def _place(address: Address) -> dict[str, str]:
    return {
        "unit": address.address_unit_id,
        "block": address.block_id,
        "estate": address.estate_id,
        "district": address.district,
    }


PROCESSOR = feed_processor("housing", "housing.tenancies", ("person.facts", "address.facts"), translate)
