"""`risk.flags`: that a household needs somebody, and exactly why. Keyed by household."""

from typing import Any, Literal

from pydantic import Field

from .ids import HouseholdId, Token
from .instants import Instant
from .model import Bilingual, Code, Published

__all__ = [
    "ERASED",
    "LEVELS",
    "OPEN",
    "OUTCOMES",
    "UNLINKED",
    "Ask",
    "Decided",
    "Evidence",
    "Flag",
    "FollowUp",
    "Level",
    "NotTriggered",
    "Outcome",
    "Priority",
    "Scope",
    "Status",
    "Verdict",
]

Verdict = Literal["met", "not_met", "unknown", "error"]
Level = Literal["low", "medium", "high", "very_high"]
LEVELS: tuple[Level, ...] = Level.__args__  # type: ignore[attr-defined]
Priority = Literal["stat", "asap", "urgent", "routine"]
Status = Literal["active", "acknowledged", "mitigated", "closed", "superseded", "retracted", "expired", "shadow"]

ERASED = "erased"
"""The cause of a flag's last revision after the person was erased: whatever is kept of it elsewhere must go too."""

UNLINKED = "identity_unmerged"
"""The cause of a flag that was raised in error: it joined what is known of two persons."""

OPEN: frozenset[str] = frozenset({"active", "acknowledged"})
"""The states in which a flag asks for something."""

Outcome = Literal["confirmed_need", "arranged_already", "no_need", "unreachable", "wrong_person", "duplicate"]
"""What a person found; a flag is closed with one of these, by units' answers or by an officer."""
OUTCOMES: tuple[Outcome, ...] = Outcome.__args__  # type: ignore[attr-defined]

Scope = Literal["flag", "member", "household"]
"""What a snooze covers, of what stood when it was decided: the flag, all flags about its subject, all of the
household."""


class Evidence(Published):
    """One clause of one rule: what was seen, against which limit, with which verdict, and from which events."""

    rule: Code
    version: int
    clause: str = Field(description="The clause as the rule states it, for example `carer.in_hospital is true`.")
    value: Any
    limit: Any
    verdict: Verdict
    source: str | None = Field(description="The system that said it; null where nobody has said anything.")
    age: float | None = Field(description="Hours from when it happened to `as_of`; null where nothing is known.")
    event_ids: list[str]
    confidence: Literal["confirmed", "reported"] | None = Field(
        default=None, description="How sure whoever said it was, where sources say that."
    )
    part: Literal["when", "unless", "raised_by"] = "when"


class NotTriggered(Published):
    """A rule that looked at the same subject and did not fire, with the clauses that kept it from firing."""

    rule: Code
    version: int
    failed: list[Evidence] = Field(min_length=1)


class Ask(Published):
    """What the flag asks for: one task of one unit kind. `release: wave` holds it until an officer releases it."""

    unit: Code
    purpose: Code = Field(alias="for")
    priority: Priority
    release: Literal["at_once", "wave"] = "at_once"
    round_the_clock: bool = False
    shared: bool = Field(default=False, description="One task for all open flags that ask this for one person.")


class FollowUp(Published):
    """What is asked next when a task of this flag is answered with the finding `on`."""

    on: Code
    ask: Ask


class Decided(Published):
    """What an officer has decided about a flag, as long as it holds: up to the level that the officer saw, a snooze
    until its end, and until a unit finds something that asks for more."""

    decision: Literal["acknowledge", "snooze", "close"]
    scope: Scope = "flag"
    officer: Token = Field(description="By role, never by name.")
    reason: Code
    at: Instant
    until: Instant | None = Field(default=None, description="When a snooze ends by itself.")


class Flag(Published):
    """One revision of a flag. `flag_id = uuid5(subject, typology, episode)`; revisions are contiguous from 1."""

    flag_id: str
    household_id: HouseholdId
    revision: int = Field(ge=1)
    status: Status
    cause: Code | None = Field(default=None, description="Why the flag is no longer active.")
    typology: Code
    rule: Code
    rule_version: int
    title: Bilingual
    subject: str = Field(description="The person to be helped, or the household for household-wide rules.")
    episode: str
    episode_at: Instant = Field(description="When the episode began, as far as is known now.")
    received_at: Instant = Field(description="When the latest event behind the flag came in at the door.")
    district: str | None
    estate: str | None = None
    protected: bool = Field(
        default=False,
        description="Violence or a child at risk was reported: no address reaches a handover or the household.",
    )
    level: Level
    as_of: Instant
    ruleset: str = Field(description="Hash of the rules in force.")
    asks: list[Ask]
    then: list[FollowUp]
    evidence: list[Evidence] = Field(min_length=1)
    not_triggered: list[NotTriggered]
    consent: Literal["withdrawn"] | None = Field(
        default=None, description="Whether somebody whom it is about has withdrawn their consent."
    )
    known_to: list[str] = Field(default=[], description="Units that serve somebody in the household already.")
    lawful_basis: Code = Field(description="On which a unit may act, from the rule.")
    linked: list[list[str]] = Field(default=[], description="Ids that counted as one person, of those concerned.")
    superseded_by: str | None = Field(default=None, description="The flag under which the same need is told now.")
    outcome: Code | None = Field(default=None, description="What a person found; only then `closed`.")
    decisions: list[Decided] = Field(
        default=[],
        description="What officers have decided that holds now. While one is a snooze, nothing new is asked.",
    )
