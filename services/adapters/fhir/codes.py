"""Our codes as FHIR codings: each list is a CodeSystem of ours, with words in English and Traditional Chinese. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from contracts.flags import LEVELS
from contracts.tasks import BUSINESS_STATUSES, OUTCOMES, REASONS, REFERRED_FOR, UNIT_KINDS
from services.explanation import terms
from services.explanation.terms import Both

__all__ = [
    "EXTENSIONS",
    "SYSTEMS",
    "TASK_CODE",
    "VALUE_SETS",
    "CodeList",
    "Extension",
    "coded",
    "codes_of",
    "extension_url",
    "system",
    "translated",
]

_OURS = "urn:kithline:fhir"
"""Names that hold wherever an installation answers; `GET CodeSystem?url=…` finds what each stands for."""

TASK_CODE = "http://hl7.org/fhir/CodeSystem/task-code"
TRANSLATION = "http://hl7.org/fhir/StructureDefinition/translation"


@dataclass(frozen=True)
class CodeList:
    """A CodeSystem. `open`: policy may add codes that have no words here."""

    title: str
    words: Mapping[str, Both]
    open: bool = False


@dataclass(frozen=True)
class Extension:
    """What FHIR has no element for. `type`: of its `value[x]`; `on`: where it stands; `max`: how often."""

    title: str
    type: str
    on: str = "Task"
    max: str = "1"


def _with_words(codes: Sequence[str], words: Mapping[str, Both]) -> dict[str, Both]:
    return {code: words.get(code, (code.replace("_", " "), code)) for code in codes}


_REASONS = sorted({code for codes in REASONS.values() for code in codes} | set(terms.CAUSES))

SYSTEMS: Mapping[str, CodeList] = {
    "business-status": CodeList(
        "How far a unit is with a task", _with_words(BUSINESS_STATUSES, terms.BUSINESS_STATUSES)
    ),
    "status-reason": CodeList("Why a task is as it is", _with_words(_REASONS, terms.CAUSES), open=True),
    "outcome": CodeList("How a task ended", _with_words(OUTCOMES, terms.OUTCOMES)),
    "finding": CodeList("What a unit has found", terms.FINDINGS),
    "purpose": CodeList("What a unit is asked to do", terms.PURPOSES, open=True),
    "reason": CodeList("The situations that lead to a task", {}, open=True),
    "level": CodeList("How grave the situation is", _with_words(LEVELS, terms.LEVELS)),
    "unit-kind": CodeList("Kinds of units", _with_words(UNIT_KINDS, terms.UNITS)),
    "lawful-basis": CodeList("On which basis the task is disclosed", {}, open=True),
    "clock": CodeList(
        "The two clocks of a task",
        {"acknowledge": ("acknowledge by", "確認接收限期"), "contact": ("contact by", "聯絡限期")},
    ),
    "task-parameter": CodeList(
        "What stands in a Task's input and output",
        {
            "level": ("how grave the situation is", "情況嚴重程度"),
            "lawful-basis": ("on which basis the task is disclosed", "披露資料的法律依據"),
            "free-place": ("where a place is free", "空置宿位"),
            "outcome": ("how it ended", "結果"),
            "finding": ("what was found", "發現"),
            "refer-on": ("another kind of unit is asked, too", "轉介其他單位"),
        },
    ),
}
"""Every CodeSystem of ours, by its id."""

VALUE_SETS: Mapping[str, tuple[str, str, Sequence[str]]] = {
    **{f"reason-to-{action.replace('_', '-')}": (f"Reasons to {action.replace('_', ' ')}", "status-reason", codes)
       for action, codes in REASONS.items() if action in ("reject", "hand_over", "hold", "escalate")},
    "refer-on": ("Kinds of units to which a unit may refer on", "unit-kind", tuple(REFERRED_FOR)),
}  # fmt: skip
"""Parts of our CodeSystems that a unit chooses from in one place: id -> (title, CodeSystem, codes)."""

EXTENSIONS: Mapping[str, Extension] = {
    "acknowledge-by": Extension("By when the unit is to acknowledge the task", "dateTime"),
    "breach": Extension("A clock that has run out", "code", max="*"),
    "attempts-to-reach": Extension("How often the unit has tried in vain; one more is another attempt", "unsignedInt"),
    "visit-at": Extension("When a visit is arranged for", "dateTime"),
    "on-hold-until": Extension("When a task on hold is due again", "dateTime"),
}


def system(name: str) -> str:
    """The URI of a CodeSystem of ours, or of a kind of identifiers (`task`, `flag`, `person`, `unit`, `unit-task`)."""
    return f"{_OURS}:{name}"


def extension_url(name: str) -> str:
    """The URL of an extension of ours."""
    return f"{_OURS}:extension:{name}"


def coded(name: str, code: str) -> dict[str, Any]:
    """A CodeableConcept of one of our codes, with its words in both languages where it has any."""
    both = SYSTEMS[name].words.get(code)
    if both is None:
        return {"coding": [{"system": system(name), "code": code}], "text": code}
    coding = {"system": system(name), "code": code, "display": both[0]}
    return {"coding": [coding], "text": both[0], "_text": translated(both[1])}


def translated(zh_hant: str) -> dict[str, Any]:
    """The companion of an English text: the same in Traditional Chinese."""
    said = [{"url": "lang", "valueCode": "zh-Hant"}, {"url": "content", "valueString": zh_hant}]
    return {"extension": [{"url": TRANSLATION, "extension": said}]}


def codes_of(concept: Mapping[str, Any] | None, name: str) -> list[str]:
    """The codes of our list `name` in a CodeableConcept; those of other systems are not ours to read."""
    codings = (concept or {}).get("coding", [])
    return [one["code"] for one in codings if one.get("system") == system(name) and "code" in one]
