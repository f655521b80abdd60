"""How units stand by what they have declared, as `units.status` tells it. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from contracts.events.respite import PlaceKind
from contracts.instants import milliseconds, plus

__all__ = ["STALE_HOURS", "FreePlace", "Standings", "holds", "is_stale", "ranked_places", "waits"]

Said = Mapping[str, Any]


def holds(declared: Said, now: str) -> bool:
    """Whether a declaration still counts."""
    until = declared.get("valid_until")
    return until is None or now < until


def waits(intake: Said | None, now: str) -> int | None:
    """After how many days a unit takes on somebody new, by the `intake` of its status: 0 at once, None not at all. Who
    has said nothing, or nothing that still counts, is asked: it can decline."""
    if intake is None or not holds(intake, now):
        return 0
    match intake["intake"]:
        case "closed":
            return None
        case "waiting_list":
            return max(1, int(intake["waiting_days"]))  # a list on which nobody waits comes after no list all the same
        case _:
            return 0


STALE_HOURS: Mapping[str, float] = {"respite": 24, "emergency": 6}
"""Where the department says nothing else: homes count their places once a day, emergency places go within hours."""


def is_stale(kind: str, as_of: str, now: str, stale_hours: Mapping[str, float]) -> bool:
    """Whether what was counted then is so old that one should ask before one counts on it."""
    return plus(as_of, hours=stale_hours[kind]) < now


class FreePlace(NamedTuple):
    """Where places are free. `hours`: how long ago they were counted; `stale`: so long, or said until an instant that
    has passed, that one should ask first."""

    unit: str
    kind: PlaceKind
    district: str
    places: int
    as_of: str
    hours: float
    stale: bool


def ranked_places(
    vacancies: Iterable[Said],
    now: str,
    stale_hours: Mapping[str, float],
    district: str | None = None,
    kind: str | None = None,
) -> list[FreePlace]:
    """Of the latest vacancies (`contracts.units.VacancyStatus`) those where places are free: of the kind that is needed
    before others (a place of the other kind is better than none), in the district before elsewhere, fresh before stale,
    more before fewer. `stale_hours`: by kind (the directory has them)."""
    found = []
    for status in vacancies:
        said = status["free"]
        if said is not None and said["places"]:
            hours = max(0.0, (milliseconds(now) - milliseconds(said["as_of"])) / 3_600_000)
            stale = not holds(said, now) or is_stale(status["kind"], said["as_of"], now, stale_hours)
            place = (status["unit"], status["kind"], status["district"], said["places"], said["as_of"], hours, stale)
            found.append(FreePlace(*place))
    return sorted(
        found,
        key=lambda one: (one.kind != kind, one.district != district, one.stale, -one.places, one.unit, one.kind),
    )


class Standings:
    """What `units.status` has told so far, of each unit the latest. A copy may come from each partition."""

    def __init__(self) -> None:
        self._intakes: dict[str, Said] = {}
        self._vacancies: dict[tuple[str, str, str], Said] = {}

    def take(self, said: Said) -> None:
        """Takes in one status, as the topic has it (`contracts.units`)."""
        if "free" in said:
            _keep(self._vacancies, (said["unit"], said["kind"], said["district"]), said)
        else:
            _keep(self._intakes, said["unit"], said)

    def intake(self, unit: str, now: str) -> Said | None:
        """What a unit has declared of its intake and still counts (see `contracts.units.IntakeStatus`)."""
        status = self._intakes.get(unit)
        return None if status is None or not status["intake"] or not holds(status["intake"], now) else status["intake"]

    def waits(self, unit: str, now: str) -> int | None:
        """After how many days a unit takes on somebody new; None: not at all."""
        return waits(self.intake(unit, now), now)

    def declaring(self) -> set[str]:
        """Units of which anything is known."""
        return {*self._intakes, *(unit for unit, _, _ in self._vacancies)}

    def free(self, now: str, stale_hours: Mapping[str, float], district: str | None = None) -> list[FreePlace]:
        """Where places are free, as `ranked_places` has them."""
        return ranked_places(self._vacancies.values(), now, stale_hours, district)


def _keep(latest: dict[Any, Said], name: object, said: Said) -> None:
    known = latest.get(name)
    if known is None or known["revision"] < said["revision"]:
        latest[name] = said
