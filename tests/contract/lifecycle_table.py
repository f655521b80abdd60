"""The table of a task's life as docs/how-to/answer-tasks.md shows it. `python -m tests.contract.lifecycle_table` writes
it anew from the machine."""

from collections.abc import Iterable
from itertools import product
from pathlib import Path

from contracts.lifecycle import ACTIONS, Action, Actor, Move, step
from contracts.task_words import ACTION_WORDS
from contracts.tasks import BUSINESS_STATUSES, REASONS, STATUSES, VISIT_WITHIN_DAYS, BusinessStatus, TaskStatus

__all__ = ["PAGE", "in_the_page", "reachable", "table"]

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "answer-tasks.md"
BEGIN, END = "<!-- made by tests/contract/lifecycle_table.py -->\n", "<!-- end -->\n"

_WHO: dict[Actor, str] = {
    "owner": "The unit that has the task",
    "delivery": "What delivers to it (an adapter)",
    "officer": "A duty officer of the district",
    "referral_desk": "The referral desk by itself",
}
_NEEDS = {
    "schedule": f"`visit_at`, within {VISIT_WITHIN_DAYS} days",
    "refer_on": "`refer_to`",
    "complete": "`outcome`",
    "fail": "`outcome`",
    "reassign": "`to_unit`",
}

State = tuple[TaskStatus, BusinessStatus]


def reachable() -> set[State]:
    """Every state that a task can come to."""
    found: set[State] = set()
    ahead: list[State] = [("requested", "queued")]
    while ahead:
        state = ahead.pop()
        if state not in found:
            found.add(state)
            moves = (step(*state, action, actor) for action in ACTIONS for actor in _WHO)
            ahead += [(move.status, move.business_status) for move in moves if isinstance(move, Move)]
    return found


def table() -> str:
    """Who may do what from where, and what it makes of the task, in Markdown."""
    states, parts = reachable(), []
    for actor, name in _WHO.items():
        parts += [f"**{name}**\n", "| action | in words | from | becomes | needs |", "|--|--|--|--|--|"]
        for action in ACTIONS:
            ways = _ways(actor, action, states)
            parts += [_row(actor, action, became, ways[became]) for became in sorted(ways)]
        parts.append("")
    return "\n".join(parts)


def _ways(actor: Actor, action: Action, states: set[State]) -> dict[tuple[str, str], set[State]]:
    """(what becomes of it: status, business status; "" for what stays) -> from which states."""
    moves: dict[State, Move] = {}
    for state in product(STATUSES, BUSINESS_STATUSES):
        if state in states and isinstance(move := step(*state, action, actor), Move):
            moves[state] = move
    ways: dict[tuple[str, str], set[State]] = {}
    for state, move in moves.items():
        became = "" if move.business_status == state[1] else move.business_status
        ways.setdefault((move.status, became), set()).add(state)
    for became in {business for _, business in ways}:
        each = {one for one, business in ways if business == became}
        if len(each) > 1 and all({status for status, _ in ways[one, became]} == {one} for one in each):
            ways["", became] = set().union(*(ways.pop((one, became)) for one in each))  # each stays as it is
    for status, became in list(ways):
        # who has that business status already, or is asked to stop, needs no row of its own
        statuses = {one for one, _ in ways[status, became]}
        fuller = ({one for one, _ in more} for (other, said), more in ways.items() if said and other == status)
        if not became and any(statuses <= more for more in fuller):
            del ways[status, became]
    return ways


def _row(actor: Actor, action: Action, became: tuple[str, str], states: set[State]) -> str:
    status, business = became
    stays = not status or {one for one, _ in states} == {status}
    becomes = ", ".join(part for part in ("as it is" if stays else status, business and f"`{business}`") if part)
    needs = [_NEEDS.get(action, ""), "`reason`" if action in REASONS else ""] if actor != "referral_desk" else []
    words = ACTION_WORDS[action]
    said = ", ".join(filter(None, needs))
    return f"| `{action}` | {words.en} · {words.zh_hant} | {_from(states)} | {becomes} | {said} |"


def _from(states: set[State]) -> str:
    statuses = _ordered(STATUSES, {status for status, _ in states})
    business = {business for _, business in states}
    only = {"queued", "cancellation_requested"} >= business
    return ", ".join(statuses) + (f" (`{'`, `'.join(_ordered(BUSINESS_STATUSES, business))}`)" if only else "")


def _ordered(known: Iterable[str], found: set[str]) -> list[str]:
    return [one for one in known if one in found]


def in_the_page() -> str:
    """The table as the page has it now."""
    return PAGE.read_text("utf-8").partition(BEGIN)[2].partition(END)[0]


if __name__ == "__main__":
    before, _, rest = PAGE.read_text("utf-8").partition(BEGIN)
    PAGE.write_text(before + BEGIN + table() + END + rest.partition(END)[2], "utf-8")
