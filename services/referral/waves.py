"""Waves: which households of a list an officer may release now, in which order, and the records that do it. Pure.

A list rule raises flags that ask for a visit only once an officer has released them (`release: wave`), in waves that
fit what the units can take. Until then the flag itself is the recorded hold.
"""

from collections.abc import Iterable, Mapping

from contracts.control import OfficerDecision
from contracts.envelope import Headers
from contracts.flags import Flag
from services.correlator.rules import LEVELS
from services.runtime.fold import Record, encode

__all__ = ["DECISIONS", "candidates", "choose", "decision_record", "decisions_for", "next_wave", "on_a_list"]

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


def decisions_for(chosen: Iterable[Flag], officer: str, wave: str, at: str) -> list[OfficerDecision]:
    """The decisions that release the chosen flags. Ids follow from the flags, so releasing twice changes nothing.
    Raises pydantic's ValidationError for an officer, wave or instant that is none."""
    return [
        OfficerDecision(
            decision_id=f"{flag.flag_id}:release",
            household_id=flag.household_id,
            flag_id=flag.flag_id,
            decision="release",
            seen_revision=flag.revision,
            wave=wave,
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
