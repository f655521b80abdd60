"""Waves: which households of a list an officer may release now, in which order, and the records that do it. Pure.

A list rule raises flags that ask for a visit only once an officer has released them (`release: wave`), in waves that
fit what the units can take. Until then the flag itself is the recorded hold.

A wave is never due all at once: each unit has so many visits on a day with service hours, the clocks of the next ones
run from the next such day on, and what would wait for too many days is left for a later wave. So however long a list
is, and if nobody did anything, no more tasks of a unit would run out in a day than it has visits.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from functools import partial

from contracts.control import OfficerDecision
from contracts.envelope import Headers
from contracts.flags import Flag
from contracts.instants import day_of
from services.correlator.rules import LEVELS
from services.directory import Directory
from services.referral.policy import OFFICE, Clocks
from services.runtime.fold import Record, encode

__all__ = ["DECISIONS", "candidates", "choose", "decision_record", "decisions_for", "next_wave", "on_a_list", "spread"]

DECISIONS = "officer.decisions"

_SOURCE = "kithline/officers"


def on_a_list(flag: Flag) -> bool:
    """Whether the flag waits (or waited) for an officer's release."""
    return any(ask.release == "wave" for ask in flag.asks)


def candidates(flags: Iterable[Flag], decisions: Iterable[OfficerDecision], typology: str | None = None) -> list[Flag]:
    """The active flags of a list (None: of all lists) that nobody has released or snoozed, the most pressing first:
    highest level, then longest known to us, then id. `decisions` are releases; `flags` may hold several revisions of a
    flag; the highest counts."""
    latest: dict[str, Flag] = {}
    for flag in flags:
        known = latest.get(flag.flag_id)
        if known is None or known.revision < flag.revision:
            latest[flag.flag_id] = flag
    released = {decision.flag_id for decision in decisions}
    waiting = [
        flag
        for flag in latest.values()
        if flag.status == "active"
        and not any(one.decision == "snooze" for one in flag.decisions)
        and on_a_list(flag)
        and flag.flag_id not in released
        and typology in (None, flag.typology)
    ]
    return sorted(waiting, key=lambda flag: (-LEVELS.index(flag.level), flag.received_at, flag.flag_id))


def choose(waiting: Iterable[Flag], district: str | None, size: int) -> list[Flag]:
    """The first `size` of the candidates in a district (None: anywhere), in their order."""
    return [flag for flag in waiting if district in (None, flag.district)][:size]


def next_wave(typology: str, district: str | None, decisions: Iterable[OfficerDecision]) -> str:
    """The name of a list's next wave: `little-support-SSP-3` after the first two of that district."""
    stem = f"{typology}-{district}" if district else typology
    taken = {decision.wave for decision in decisions}
    number = 1
    while f"{stem}-{number}" in taken:
        number += 1
    return f"{stem}-{number}"


def spread(
    chosen: Iterable[Flag],
    flags: Iterable[Flag],
    decisions: Iterable[OfficerDecision],
    directory: Directory,
    clocks: Clocks,
    at: str,
) -> dict[str, str]:
    """By flag id, from when the clocks of what is released `at` an instant run: of the chosen, in their order, those
    that fit the units' days. `flags` and `decisions`: the lists, and the releases so far, whose days are taken."""
    known = {flag.flag_id: flag for flag in flags}
    taken = Counter(
        (_unit_for(flag, directory), day_of(release.clocks_from or release.at))
        for release in decisions
        if (flag := known.get(release.flag_id)) is not None
    )
    free: dict[str, Iterator[str]] = {}
    starts: dict[str, str] = {}
    for flag in chosen:
        unit = _unit_for(flag, directory)
        if unit not in free:
            there = directory.unit(unit)
            free[unit] = _visits(clocks, there.hours if there else OFFICE, at, partial(_taken, taken, unit))
        if (start := next(free[unit], None)) is not None:
            starts[flag.flag_id] = start
    return starts


def _taken(taken: Mapping[tuple[str, date], int], unit: str, day: date) -> int:
    return taken.get((unit, day), 0)


def _visits(clocks: Clocks, hours: str, at: str, taken: Callable[[date], int]) -> Iterator[str]:
    """From when the clocks of a unit's further visits run, day by day, each as often as there is a visit left."""
    waves, calendar = clocks.policy.waves, clocks.calendar
    first = calendar.opening(hours, at)
    for days in range(waves.days):
        start = calendar.after(hours, first, f"{days}d") if days else first
        for _ in range(taken(day_of(start)), waves.visits_a_day):
            yield start


def _unit_for(flag: Flag, directory: Directory) -> str:
    """Who will be asked for a household of a list, as far as the directory says."""
    ask = next(ask for ask in flag.asks if ask.release == "wave")
    return directory.route(ask.unit, flag.district, flag.estate, flag.household_id, (), flag.known_to)[1]


def decisions_for(
    chosen: Iterable[Flag], officer: str, wave: str, at: str, starts: Mapping[str, str] | None = None
) -> list[OfficerDecision]:
    """The decisions that release the chosen flags; `starts`: from when their clocks run, where that is not `at`. Ids
    follow from the flags, so releasing twice changes nothing. Raises pydantic's ValidationError for an officer, wave or
    instant that is none."""
    starts = starts or {}
    return [
        OfficerDecision(
            decision_id=f"{flag.flag_id}:release",
            household_id=flag.household_id,
            flag_id=flag.flag_id,
            decision="release",
            seen_revision=flag.revision,
            wave=wave,
            clocks_from=starts.get(flag.flag_id),
            officer=officer,
            at=at,
        )
        for flag in chosen
    ]


def decision_record(decision: OfficerDecision) -> Record:
    """The decision as it goes to `officer.decisions`."""
    attributes: Mapping[str, str] = {
        "ce_specversion": "1.0",
        "ce_id": decision.decision_id,
        "ce_source": _SOURCE,
        "ce_type": "officer.decision",
        "ce_time": decision.at,
        "ce_subject": decision.household_id,
    }
    headers: Headers = tuple((name, text.encode()) for name, text in attributes.items())
    return Record(DECISIONS, decision.household_id.encode(), encode(decision), headers)
