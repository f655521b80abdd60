"""From what was said to what arrives: drafts get ids and sequence numbers and become records."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from contracts.deadletters import Reason
from contracts.instants import write
from services.doors.events import feed_record
from services.runtime.fold import Record
from services.simulator.adt import Adt

__all__ = ["DAY", "HOUR", "Arrival", "Draft", "instant", "midnight", "publish", "received_at"]

HOUR = 3600
DAY = 86_400


@dataclass(frozen=True, slots=True)
class Draft:
    """One statement of a source before it has an id. Times are seconds since 1970 in UTC.

    `subject` is None where the event's own id is the subject."""

    topic: str
    type: str
    data: Mapping[str, Any]
    subject: str | None
    time: int
    recorded: int
    received: int


@dataclass(frozen=True, slots=True)
class Arrival:
    """A record that comes in. `bad`: why it must end as a dead letter. `adt`: the same event as the
    hospital's message, where it came that way."""

    received: str
    record: Record
    bad: Reason | None = None
    adt: Adt | None = None

    def again(self, received: str) -> "Arrival":
        """The same event, received at another time."""
        headers = tuple(
            (name, received.encode() if name == "ce_receivedtime" else value) for name, value in self.record.headers
        )
        return replace(self, received=received, record=replace(self.record, headers=headers))


def midnight(day: date) -> int:
    """The start of a day in Hong Kong."""
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) - 8 * HOUR


def instant(seconds: int) -> str:
    """The canonical instant of seconds since 1970."""
    return write(datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds))


def received_at(arrival: Arrival) -> str:
    """What the file is sorted by; the sort is stable."""
    return arrival.received


_SOURCES = {
    "housing.tenancies": ("hd-tenancies", "hd"),
    "welfare.register": ("swd-register", "sw"),
    "hotline.contacts": ("carer-hotline", "hl"),
    "community.observations": ("community-desk", "co"),
    "hospital.admissions": ("ha-cms", "ha"),
    "units.declarations": ("units", "un"),
    "respite.vacancies": ("respite-homes", "re"),
}


def publish(drafts: list[Draft]) -> list[Arrival]:
    """Numbers each source's drafts in the order of their recording."""
    numbers: dict[str, int] = {}
    arrivals = []
    for draft in sorted(drafts, key=lambda draft: draft.recorded):
        source, prefix = _SOURCES[draft.topic]
        number = numbers[draft.topic] = numbers.get(draft.topic, 0) + 1
        identity = f"{prefix}-{number:08d}"
        received = instant(draft.received)
        record = feed_record(
            draft.topic,
            draft.data,
            id=identity,
            source=source,
            type=draft.type,
            time=instant(draft.time),
            subject=source if draft.type == "feed.heartbeat" else draft.subject or identity,
            sequence=number,
            recordedtime=instant(draft.recorded),
            receivedtime=received,
            testdata=True,
        )
        arrivals.append(Arrival(received, record))
    return arrivals
