"""The life of a task, as data: who may do what from where, and what it makes of the task. Pure.

The referral desk applies answers by this table; whoever takes an answer (an adapter, the desk's page) asks it first and
refuses with the same words. `step` answers for every (status, business status, action, actor); `check`, for an answer
to a task as its unit sees it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Literal, NamedTuple

from .model import Bilingual
from .task_words import ACTION_WORDS, SENTENCES, RefusalCode
from .tasks import (
    BUSINESS_STATUSES,
    REFERRED_FOR,
    TERMINAL,
    UNIT_ACTIONS,
    BusinessStatus,
    Task,
    TaskStatus,
    TaskUpdate,
    UnitAction,
    UnitKind,
)

__all__ = [
    "ACTIONS",
    "ACTORS",
    "PROTECTED_TO",
    "Action",
    "Actor",
    "Move",
    "Refusal",
    "actor_of",
    "allowed",
    "check",
    "is_withheld",
    "possible",
    "step",
]

Actor = Literal["owner", "other_unit", "officer", "delivery", "referral_desk"]
"""The unit that has the task; any other; a duty officer; what delivers tasks to the unit (its adapter); Kithline's own
referral desk."""
ACTORS: tuple[Actor, ...] = Actor.__args__  # type: ignore[attr-defined]

Action = UnitAction | Literal["inform", "take_back", "lapse", "park", "unpark", "reissue"]
"""What units and officers say, and what the referral desk does by itself: tells what is news, takes back what is no
longer asked, moves on what nobody acknowledged, lets rest what was tried in vain, wakes it, asks again what was taken
back."""
ACTIONS: tuple[Action, ...] = (*UNIT_ACTIONS, "inform", "take_back", "lapse", "park", "unpark", "reissue")

PROTECTED_TO: Mapping[UnitKind, frozenset[UnitKind]] = {
    "family_protection": frozenset(
        {"family_protection", "family_service", "mental_wellness", "youth_outreach", "district_office"}
    )
}
"""What is reported of violence, or of a child at risk, goes on to professionals only: kind that has it -> kinds."""


class Move(NamedTuple):
    """What an action makes of a task. `resumes`: a task that the referral desk holds goes back to what it was."""

    status: TaskStatus
    business_status: BusinessStatus
    resumes: bool = False


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an action is refused, and what is possible instead. `reason` is that of the dead letter."""

    code: RefusalCode
    text: Bilingual
    reason: Literal["stale_revision", "illegal_transition"] = "illegal_transition"

    @property
    def detail(self) -> str:
        """The sentence as it stands in the dead letter."""
        return self.text.en


@dataclass(frozen=True, slots=True)
class _Rule:
    who: str
    """`actor:action`, several with spaces between."""
    statuses: str
    status: str = ""
    """The next; empty: as it is."""
    business_status: str = ""
    when: str = ""
    """Business statuses; empty: any."""
    resumes: bool = False


_ASKED = "requested received"
_AT_WORK = "accepted in-progress on-hold"
_OPEN = f"{_ASKED} {_AT_WORK}"
_STOP: BusinessStatus = "cancellation_requested"
_REACHED = "contact_made visit_scheduled service_started"
_GOES_ON = f"delivered delivery_failed contact_attempted no_show escalated handed_over {_REACHED}"
_TAKEN = f"{_GOES_ON} {_STOP}"
"""What a unit has taken. On hold and still queued is what waits for an officer: no unit may know of it."""

_RULES = (
    # delivery; of what a unit has taken already a later revision may fail to arrive: what the unit did stands
    _Rule("owner:receive delivery:receive", "requested", "received", "delivered"),
    _Rule("delivery:delivery_failed", "requested", "", "delivery_failed"),
    _Rule("delivery:delivery_failed", f"received {_AT_WORK}", when=_TAKEN),
    # the unit's answer
    _Rule("owner:accept", _ASKED, "accepted", "delivered"),
    _Rule("owner:reject", _ASKED, "rejected", "delivered"),
    # its work
    _Rule("owner:start", "accepted in-progress", "in-progress", when=_TAKEN),
    _Rule("owner:attempt", _AT_WORK, "in-progress", "contact_attempted", when=_TAKEN),
    _Rule("owner:contact", _AT_WORK, "in-progress", "contact_made", when=_TAKEN),
    _Rule("owner:schedule", _AT_WORK, "in-progress", "visit_scheduled", when=_TAKEN),
    _Rule("owner:no_show", _AT_WORK, "in-progress", "no_show", when=_TAKEN),
    _Rule("owner:begin_service", _AT_WORK, "in-progress", "service_started", when=_TAKEN),
    _Rule("owner:hold", _AT_WORK, "on-hold", when=_TAKEN),
    _Rule("owner:resume", "on-hold", "in-progress", when=_TAKEN),
    # what it asks of others; that it asks for help does not undo that somebody was reached
    _Rule("owner:refer_on", _AT_WORK, when=_GOES_ON),
    _Rule("owner:escalate", f"received {_AT_WORK}", "", "escalated", "delivered contact_attempted no_show"),
    _Rule("owner:escalate", f"received {_AT_WORK}", when=_TAKEN),
    _Rule("officer:escalate", _ASKED),
    _Rule("officer:escalate", _AT_WORK, when=_TAKEN),
    _Rule("owner:hand_over", _AT_WORK, "cancelled", "handed_over", _GOES_ON),
    # its end
    _Rule("owner:complete", _AT_WORK, "completed", "contact_made", when=_TAKEN),
    _Rule("owner:fail", _AT_WORK, "failed", when=_TAKEN),
    _Rule("owner:confirm_cancel", _AT_WORK, "cancelled", when=_STOP),
    # the duty officer decides, or what the task was for has gone: a unit that has accepted is asked, and decides
    _Rule("officer:cancel referral_desk:take_back", _ASKED, "cancelled"),
    _Rule("officer:cancel referral_desk:take_back", "on-hold", "cancelled", when="queued"),
    _Rule("officer:cancel referral_desk:take_back", _AT_WORK, "", _STOP, _GOES_ON, resumes=True),
    _Rule("officer:reassign referral_desk:hand_over", _ASKED, "cancelled", "handed_over"),
    _Rule("officer:reassign referral_desk:hand_over", _AT_WORK, "", _STOP, _GOES_ON, resumes=True),
    _Rule(
        "officer:enter_in_error referral_desk:enter_in_error",
        f"{_OPEN} rejected completed failed cancelled",
        "entered-in-error",
    ),
    # the referral desk by itself
    _Rule("referral_desk:inform", _OPEN),
    _Rule("referral_desk:lapse", _ASKED, "cancelled", "escalated"),
    _Rule("referral_desk:park", "in-progress", "on-hold", "escalated", _GOES_ON),
    _Rule("referral_desk:unpark", "on-hold", "in-progress", when=_TAKEN),
    _Rule("referral_desk:hold", _OPEN, "on-hold"),
    # nobody has seen it: the same task again, at once or once an officer has decided
    _Rule("referral_desk:hold", "cancelled", "on-hold", when="queued"),
    _Rule("referral_desk:reissue", "cancelled", "requested", when="queued"),
    _Rule("referral_desk:reissue", _OPEN, "", "delivered", _STOP),
    _Rule("referral_desk:reissue", "on-hold", resumes=True),
)


def _compiled() -> Iterator[tuple[tuple[str, str, str, str], Move]]:
    for rule in reversed(_RULES):  # the first that fits counts
        for who, status, business in product(
            rule.who.split(), rule.statuses.split(), rule.when.split() or BUSINESS_STATUSES
        ):
            actor, _, action = who.partition(":")
            next_status, next_business = rule.status or status, rule.business_status or business
            if business == _STOP and actor != "referral_desk" and next_status not in TERMINAL:
                next_business = _STOP  # the request stands until the unit decides
            move = Move(next_status, next_business, rule.resumes)  # type: ignore[arg-type]
            yield (status, business, action, actor), move


_TABLE: Mapping[tuple[str, str, str, str], Move] = dict(_compiled())

_WHO: Mapping[str, frozenset[str]] = {
    action: frozenset(actor for actor in ACTORS for rule in _RULES if f"{actor}:{action}" in rule.who.split())
    for action in ACTIONS
}


def allowed(status: str, business_status: str, actor: Actor) -> tuple[Action, ...]:
    """What an actor may do from here."""
    return tuple(action for action in ACTIONS if (status, business_status, action, actor) in _TABLE)


def step(status: TaskStatus, business_status: BusinessStatus, action: Action, actor: Actor) -> Move | Refusal:
    """The answer for each of them: what becomes of the task, or why not, and what is possible instead."""
    move = _TABLE.get((status, business_status, action, actor))
    if move is not None:
        return move
    can = allowed(status, business_status, actor)
    if actor == "other_unit":
        return _refused("not_owner", can, action)
    if actor not in _WHO[action]:
        return _refused("not_for_you", can, action)
    if status in TERMINAL:
        return _refused("ended", can, action)
    if status == "on-hold" and business_status == "queued":
        return _refused("withheld", can, action)
    if action == "confirm_cancel" and status in _AT_WORK.split():
        return _refused("nobody_asked", can, action)
    if business_status == _STOP and status in _AT_WORK.split():
        return _refused("asked_to_stop", can, action)
    return _refused("not_now", can, action)


def actor_of(task: Task, update: TaskUpdate) -> Actor:
    """Who answers, of this task. (That an officer is one of the place is for the referral desk to know.)"""
    if update.actor == "officer":
        return "officer"
    if update.unit != task.unit:
        return "other_unit"
    return "delivery" if update.actor == "delivery" else "owner"


def is_withheld(task: Task) -> bool:
    """Whether the task waits for a duty officer's decision on its disclosure: no unit may see it before."""
    return (task.status, task.business_status) == ("on-hold", "queued")


def possible(task: Task, actor: Actor) -> tuple[Action, ...]:
    """What an actor may do with a task as it stands."""
    return allowed(task.status, task.business_status, actor)


def check(task: Task, update: TaskUpdate) -> Move | Refusal:
    """What an answer makes of the task as it stands. Nothing is changed: that is for the referral desk."""
    actor, action = actor_of(task, update), update.action
    can = possible(task, actor)
    if actor != "other_unit" and not task.since <= update.expected_revision <= task.revision:
        return _refused("stale", can, action, str(task.revision))
    move = step(task.status, task.business_status, action, actor)
    if isinstance(move, Refusal):
        return move
    if action == "refer_on" and update.refer_to is not None:
        purpose = update.refer_for or REFERRED_FOR[update.refer_to][0]
        if (update.refer_to, purpose) == (task.asked_of, task.purpose):
            return _refused("yours", can, action)
        if update.refer_to not in PROTECTED_TO.get(task.asked_of, (update.refer_to,)):
            return _refused("protected", can, action, ", ".join(sorted(PROTECTED_TO[task.asked_of])))
    if action == "complete":
        return move._replace(business_status=_BY_OUTCOME.get(update.outcome or "", move.business_status))
    return move


_BY_OUTCOME: Mapping[str, BusinessStatus] = {
    "service_delivered": "service_started",
    "placement_arranged": "service_started",
    "not_located": "contact_attempted",
}


def _refused(code: RefusalCode, can: tuple[Action, ...], action: Action, more: str = "") -> Refusal:
    en, zh = SENTENCES[code]
    words = ACTION_WORDS[action]
    en = en.format(action=action, words=words.en, more=more)
    zh = zh.format(words=words.zh_hant, more=more)
    en += f"; possible now: {', '.join(can)}" if can else "; nothing is possible from here"
    zh += f"現在可以：{'、'.join(ACTION_WORDS[one].zh_hant for one in can)}。" if can else "現時沒有其他可做的步驟。"
    return Refusal(code, Bilingual(en=en, zh_hant=zh), "stale_revision" if code == "stale" else "illegal_transition")
