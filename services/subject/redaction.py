"""What an answer to one person must not tell of others. Pure.

- Other persons' ids become roles: "a carer", "a member of the household". Their facts are never among what is told.
- No address is told. Whoever asks knows their own; whoever asks in somebody's name must not learn it here.
- Reports of violence and of children at risk, who made them, and what was done about them, are left out of every
  answer, whether there are any or not. Who asks may be the one reported, or stand behind the one who asks.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from contracts.facts import Fact
from services.explanation.terms import Both, Lang, of

__all__ = ["ROLES", "Redaction", "is_protected_fact", "is_protected_flag"]

_ID = re.compile(r"[pc]-[0-9a-f]{32}|c-[0-9a-f-]{36}|h-[0-9a-f-]{36}")
_PLACE = frozenset({"unit", "block", "estate", "address", "moved_to", "from_unit", "to_unit", "hospital"})
_PROTECTED_CONCERNS = frozenset({"violence_reported", "child_at_risk_reported"})
_PROTECTING_UNIT = "family_protection"

ROLES: Mapping[str, Both] = {
    "carer": ("a carer", "一名照顧者"),
    "cared_for": ("a person cared for", "一名被照顧者"),
    "member": ("a member of the household", "一名住戶成員"),
    "household": ("a household", "一個住戶"),
    "other": ("somebody else", "另一人"),
}


def is_protected_fact(fact: Fact) -> bool:
    """Whether a fact reports violence or a child at risk, by whomever it was said."""
    value = fact["value"] or {}
    return value.get("concern") in _PROTECTED_CONCERNS or "violence" in value.get("topics", ())


def is_protected_flag(flag: Mapping[str, Any]) -> bool:
    """Whether a flag (or a task) has to do with those who protect families and children."""
    asked = [*flag.get("asks", ()), *(step["ask"] for step in flag.get("then", ()))]
    units = {ask["unit"] for ask in asked} | {flag.get("asked_of"), flag.get("unit_kind")}
    return _PROTECTING_UNIT in units


class Redaction:
    """Replaces others by their roles. `own`: ids that are the person who asks, and their household."""

    def __init__(self, own: Sequence[str], facts: Sequence[Fact], members: Sequence[str], lang: Lang) -> None:
        self._own = frozenset(own)
        self._lang = lang
        self._roles = dict.fromkeys(members, "member")
        for fact in facts:
            if fact["kind"] in ("care.receives", "care.gives"):
                other = fact["key"].split("|", 1)[0]
                self._roles[other] = "carer" if fact["kind"] == "care.receives" else "cared_for"

    def text(self, text: str) -> str:
        """A text with nobody else's id in it."""
        return _ID.sub(lambda found: self._role(found.group()), text)

    def value(self, value: Any) -> Any:
        """Any JSON, without ids of others and without places."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.text(name): self.value(part) for name, part in value.items() if name not in _PLACE}
        if isinstance(value, list):
            return [self.value(part) for part in value]
        return value

    def _role(self, found: str) -> str:
        if found in self._own:
            return found
        role = "household" if found.startswith("h-") else self._roles.get(found, "other")
        return of(ROLES[role], self._lang)
