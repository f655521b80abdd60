"""Which records erase a person: planned from what is held, sent like any other record, applied by the services. Pure.

Nothing is edited in place. People, places and the feeds' services each get a word on a topic that they read anyway;
what they told others, they take back themselves.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from pydantic import BaseModel, ConfigDict, Field

from contracts.control import Forgotten
from contracts.envelope import Envelope
from contracts.facts import Erase
from contracts.ids import is_somebody
from contracts.instants import Instant, canonical
from contracts.model import Code
from contracts.tasks import TERMINAL
from services.runtime.erasure import ANY, fingerprint
from services.runtime.fold import Record, encode
from services.subject.holdings import Holdings

__all__ = ["FEEDS_OF", "Hold", "Plan", "forgotten_record", "held_back", "open_urgent", "plan_erasure", "recorded"]

FEEDS_OF: Mapping[str, str] = {
    "admission": "hospital.admissions",
    "housing": "housing.tenancies",
    "hotline": "hotline.contacts",
    "register": "welfare.register",
    "community": "community.observations",
}
"""The feed of each service that keeps the events that it has accepted."""

_SOURCE = "kithline-erasure"
_PRESSING = ("stat", "asap", "urgent")


class Hold(BaseModel):
    """A person whose data must not be erased yet: of `holds.yaml`. `who` is a fingerprint: the file names nobody."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    who: str = Field(pattern=r"^[0-9a-f]{32}$")
    reason: Code
    until: Instant


@dataclass(frozen=True, slots=True)
class Plan:
    """The records to send, the sources that have to erase at their own place, and how much is concerned."""

    at: str
    records: list[Record]
    sources: list[str]
    facts: int
    blocks: list[str]


def held_back(holdings: Holdings, holds: Iterable[Hold], at: str) -> list[Hold]:
    """The holds that keep the person's data for now."""
    mine = {fingerprint(one) for one in holdings.ids}
    return [hold for hold in holds if hold.who in mine and at < hold.until]


def open_urgent(holdings: Holdings) -> list[dict[str, Any]]:
    """Tasks about the person that somebody still has to do soon: an officer decides first."""
    return [
        task
        for _, task in sorted(holdings.tasks.items())
        if task["for"] in holdings.ids and task["status"] not in TERMINAL and task["priority"] in _PRESSING
    ]


def plan_erasure(holdings: Holdings, at: str, now: str) -> Plan:
    """Everything recorded up to `at` is erased. The same plan twice changes nothing the second time."""
    records = [_erase("person.facts", one, one, at) for one in holdings.ids]
    blocks = sorted({key.split("/")[0] for key in holdings.states.get("places", {}) if not key.startswith(ANY)})
    records += [_erase("address.facts", block, one, at) for block in blocks for one in holdings.ids]
    records += _forgotten(holdings, at, now)
    people = holdings.states.get("people", {})
    facts = [
        fact
        for one in holdings.ids
        for versions in people.get(one, {"facts": {}})["facts"].values()
        for fact in versions
        if fact["version"][0] <= at
    ]
    return Plan(at, records, sorted({fact["source"] for fact in facts}), len(facts), blocks)


def _erase(topic: str, subject: str, of: str, at: str) -> Record:
    said = Erase(erase=True, subject=subject, of=of, at=at)
    return Record(topic, subject.encode(), orjson.dumps(said))


def _forgotten(holdings: Holdings, at: str, now: str) -> Iterator[Record]:
    """To each feed's service: the accepted events that name the person, under whatever subject they came."""
    for service, topic in FEEDS_OF.items():
        events: dict[str, list[str]] = {one: [] for one in holdings.ids}
        for key, kept in holdings.states.get(service, {}).items():
            if key.startswith(ANY):
                continue
            subject, name = key.split(" ", 1)
            if recorded(kept) <= at:
                events.setdefault(subject, []).append(name)
        for subject, names in sorted(events.items()):
            own = subject in holdings.ids and is_somebody(subject)
            yield forgotten_record(topic, subject, Forgotten(events=sorted(names), at=at, erased=own), now)


def forgotten_record(topic: str, subject: str, said: Forgotten, now: str) -> Record:
    """The word to a feed's service, in the feed's envelope. `now` is stamped on it as the time of receipt."""
    envelope = Envelope(
        id=f"forget-{fingerprint(subject)}",
        source=_SOURCE,
        type="subject.forgotten",
        time=said.at,
        subject=subject,
        sequence=0,
        recordedtime=said.at,
        receivedtime=now,
        purpose="erasure",
    )
    return Record(topic, subject.encode(), encode(said), envelope.to_headers())


def recorded(kept: Mapping[str, Any]) -> str:
    """When the source recorded an event, as its feed's service keeps it."""
    texts = kept["headers"]
    return canonical(dict(zip(texts[::2], texts[1::2], strict=True))["ce_recordedtime"])
