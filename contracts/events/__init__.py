"""The feeds: which event types each topic may carry, and the model of each type's data."""

from dataclasses import dataclass

from . import community, hospital, hotline, housing, register, respite, units
from ._model import Address, EventData

__all__ = ["FEEDS", "Address", "EventData", "Feed", "Heartbeat"]


class Heartbeat(EventData):
    """Every feed says regularly that it is alive: silence is an alarm, not good news."""

    every_seconds: int = 3600


@dataclass(frozen=True, slots=True)
class Feed:
    """One feed: its topic and the data model of every event type it may carry."""

    topic: str
    version: int
    types: dict[str, type[EventData]]


def _feed(topic: str, version: int, types: dict[str, type[EventData]]) -> Feed:
    return Feed(topic, version, {**types, "feed.heartbeat": Heartbeat})


FEEDS: dict[str, Feed] = {
    feed.topic: feed
    for feed in (
        _feed("hospital.admissions", hospital.VERSION, hospital.TYPES),
        _feed("housing.tenancies", housing.VERSION, housing.TYPES),
        _feed("hotline.contacts", hotline.VERSION, hotline.TYPES),
        _feed("welfare.register", register.VERSION, register.TYPES),
        _feed("community.observations", community.VERSION, community.TYPES),
        _feed("units.declarations", units.VERSION, units.TYPES),
        _feed("respite.vacancies", respite.VERSION, respite.TYPES),
    )
}
