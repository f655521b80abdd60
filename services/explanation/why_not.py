"""Why any rule does or does not fire for a household, also where it had nothing to look at: what failed. Pure.

A flag tells only of rules that had something to look at; this answers for any rule, from the household's facts.
"""

from collections.abc import Mapping
from typing import Any

from contracts.flags import Evidence
from services.correlator.compiled import Compiled
from services.correlator.evaluate import Decision, Sight, evaluate
from services.correlator.rules import Rule
from services.correlator.view import Household, Precedence
from services.explanation.clauses import clause_items
from services.explanation.document import Explanation, Item, Section
from services.explanation.terms import Both, Lang, hong_kong_time, labelled, of
from services.runtime.fold import Value

__all__ = ["explain_rule", "households_of"]

_PARTS: Mapping[str, Both] = {
    "when": ("Conditions", "條件"),
    "unless": ("What would make contact unnecessary", "毋須聯絡的情況"),
    "raised_by": ("What raises the level", "提高級別的因素"),
}


def households_of(wanted: str, states: Mapping[str, Value]) -> list[str]:
    """The households that an id concerns, or the only such id that begins so: of a household, of somebody of whom it is
    told, of a flag. `states` are the correlator's, by household."""
    exact = [name for name, state in states.items() if wanted in (name, *state["origins"], *state["flags"])]
    if exact or len(wanted) < 6:
        return sorted(exact)
    return sorted(
        name
        for name, state in states.items()
        if any(one.startswith(wanted) for one in (name, *state["origins"], *state["flags"]))
    )


def explain_rule(
    rule: Rule, household: str, state: Value, precedence: Precedence, as_of: str, lang: Lang
) -> Explanation:
    """What a rule says of a household at an instant: of each episode that it looks at, every clause with its verdict,
    those that keep it from firing first; or that there is no such episode."""
    compiled = Compiled.of(rule)
    told = {origin: said["facts"] for origin, said in sorted(state["origins"].items()) if said["facts"]}
    known: frozenset[str] = frozenset().union(*told.values())
    decisions = []
    if compiled.episode.possible(known):
        decisions = evaluate([compiled], Sight(Household(household, told, known, precedence), as_of))
    title = rule.title.zh_hant if lang == "zh-Hant" else rule.title.en
    glance = (
        labelled(("Rule", "規則"), f"{rule.id} v{rule.version} ({rule.mode})", lang),
        labelled(("Household", "住戶"), household, lang),
        labelled(("As seen at", "判斷時間"), hong_kong_time(as_of, lang), lang),
    )
    sections = [section for decision in decisions for section in _sections(decision, rule, lang)]
    if not decisions:
        nothing = of(("It had nothing to look at", "沒有可供判斷的事件"), lang)
        sections = [Section(nothing, clause_items(_read(compiled.no_episode), rule, lang))]
    return Explanation(title, glance, tuple(sections))


def _sections(decision: Decision, rule: Rule, lang: Lang) -> list[Section]:
    candidate = decision.candidate
    who = f"{candidate.subject}, {candidate.episode} ({hong_kong_time(candidate.episode_at, lang)})"
    answer = None if candidate.answer is None else (candidate.answer["value"] or {}).get("closed")
    if answer:
        verdict = of((f"answered by a person: {answer}", f"已有人員回覆：{answer}"), lang)
    elif decision.fires:
        verdict = of(("it fires", "符合規則"), lang)
    else:
        verdict = of(("it does not fire, because of this", "不符合規則，原因如下"), lang)
    sections = [Section(f"{who}: {verdict}", clause_items(_read(decision.failed), rule, lang))]
    evidence = _read(decision.evidence)
    for part, heading in _PARTS.items():
        mine: tuple[Item, ...] = clause_items([one for one in evidence if one.part == part], rule, lang)
        if mine:
            sections.append(Section(of(heading, lang), mine))
    return sections


def _read(evidence: list[dict[str, Any]]) -> list[Evidence]:
    return [Evidence.model_validate(one) for one in evidence]
