"""What every reader at the door needs to know, and how it makes the events that pass."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from services.doors.events import CarriesIdentity, feed_record
from services.doors.identity import Pseudonyms
from services.runtime.fold import Record

__all__ = ["Door", "DoorProblem"]


class DoorProblem(ValueError):
    """Why a message or row cannot be taken: names the segment and field or the column, quotes nothing."""


@dataclass(frozen=True, slots=True)
class Door:
    """`received_at` is the stamp of receipt; `source` names the system that stands behind this feed."""

    topic: str
    source: str
    pseudonyms: Pseudonyms
    received_at: str

    @property
    def synthetic(self) -> bool:
        """Whether this door takes only people who do not exist."""
        return self.pseudonyms.digits == "wrong"

    def event(
        self,
        kind: str,
        data: Mapping[str, Any],
        *,
        identity: str,
        subject: str,
        time: str,
        recorded: str,
        sequence: int,
        where: Mapping[str, str],
        testdata: bool = False,
    ) -> Record:
        """One event of the feed. `where` tells for each field of ours what the sender calls it.

        Raises DoorProblem."""
        try:
            return feed_record(
                self.topic,
                data,
                id=identity,
                source=self.source,
                type=kind,
                time=time,
                subject=subject,
                sequence=sequence,
                recordedtime=recorded,
                receivedtime=self.received_at,
                testdata=testdata or self.synthetic,
                keyepoch=self.pseudonyms.epoch,
            )
        except CarriesIdentity:
            raise DoorProblem("a field that passes the door has the form of an HKID") from None
        except ValidationError as error:
            fault = error.errors(include_url=False, include_input=False)[0]
            name = next((str(step) for step in reversed(fault["loc"]) if str(step) in where), None)
            steps = ".".join(str(step) for step in fault["loc"])
            raise DoorProblem(f"{where[name] if name else steps or 'record'}: {_unquoted(fault)}") from None


def _unquoted(fault: Mapping[str, Any]) -> str:
    return (
        "is not an id (letters, digits and :._|- only)" if fault["type"] == "string_pattern_mismatch" else fault["msg"]
    )
