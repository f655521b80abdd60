"""Where respite and emergency places are free. Pure."""

from collections.abc import Iterator

from contracts.envelope import Envelope
from contracts.events.respite import VacancyDeclared
from contracts.units import FreePlaces, VacancyStatus
from services.runtime.fold import Turn, Value
from services.runtime.intake import Placed, feed_processor, not_ahead
from services.units.latest import STATUS, must_be_subject, told

__all__ = ["PROCESSOR", "translate"]


def translate(envelope: Envelope, data: VacancyDeclared) -> Iterator[Placed]:
    """The one fact of an event of `respite.vacancies`."""
    must_be_subject(envelope, data.unit)
    not_ahead(envelope, data.as_of, "as_of")
    # a unit may have places of both kinds, and in more than one district: each is counted by itself
    free = data.model_dump(mode="json", include={"places", "as_of", "valid_until"})
    yield Placed(STATUS, data.unit, "vacancy", f"{data.kind} {data.district}", free)


def _tell(turn: Turn, topic: str, unit: str, fact: Value) -> None:
    news = told(turn, unit, fact)
    if news is not None:
        kind, district = fact["key"].split(" ")
        said = {"unit": unit, "kind": kind, "district": district, "revision": news.revision}
        free = None if news.value is None else FreePlaces.model_validate(news.value)
        # compaction keeps the last record of a key
        key = f"{unit} {fact['key']}"
        turn.emit(topic, key, VacancyStatus.model_validate({**said, "free": free}), everywhere=True)


PROCESSOR = feed_processor("vacancies", "respite.vacancies", (STATUS,), translate, _tell)
