"""What a unit says about its own intake. Pure."""

from collections.abc import Iterator

from contracts.envelope import Envelope
from contracts.events.units import IntakeDeclared
from contracts.units import IntakeStatus, UnitStatus
from services.runtime.fold import Turn, Value
from services.runtime.intake import Placed, feed_processor, not_ahead
from services.units.latest import STATUS, must_be_subject, told

__all__ = ["PROCESSOR", "translate"]


def translate(envelope: Envelope, data: IntakeDeclared) -> Iterator[Placed]:
    """The one fact of an event of `units.declarations`."""
    must_be_subject(envelope, data.unit)
    not_ahead(envelope, data.as_of, "as_of")
    yield Placed(STATUS, data.unit, "intake", "", data.model_dump(mode="json", exclude={"unit"}))


def _tell(turn: Turn, topic: str, unit: str, fact: Value) -> None:
    news = told(turn, unit, fact)
    if news is not None:
        intake = None if news.value is None else IntakeStatus.model_validate(news.value)
        turn.emit(topic, unit, UnitStatus(unit=unit, revision=news.revision, intake=intake), everywhere=True)


PROCESSOR = feed_processor("units", "units.declarations", (STATUS,), translate, _tell)
