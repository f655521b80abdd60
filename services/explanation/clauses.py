"""One clause of a rule in plain words: what was asked for, what was seen, who said so, and how old that is. Pure."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from contracts.flags import Evidence
from services.correlator.rules import AnyOf, Clause, Rule
from services.explanation.document import Item
from services.explanation.phrases import BOUNDS, EPISODES, PHRASES, Measure, YesNo
from services.explanation.terms import (
    DISTRICTS,
    LEVELS,
    SOURCES,
    VALUES,
    VERDICTS,
    Both,
    Lang,
    age_words,
    joined,
    labelled,
    of,
    said,
    word,
)

__all__ = ["clause_item", "clause_items", "requirement"]

_CLAUSE = re.compile(r"(?P<fact>[a-z0-9_.]+) (?P<test>is|equals|in|at least|at most) ")
_BOUND = re.compile(r"(today|episode\.began_on|household\.district) (from|until|not in|in) ")
_EPISODE = re.compile(r"an episode of kind (?P<kind>[a-z_]+) exists")


def clause_items(evidence: list[Evidence], rule: Rule | None, lang: Lang, brief: bool = False) -> tuple[Item, ...]:
    """The clauses of one part of a rule. With the rule at hand, clauses of which one is enough stand together, and
    what counts where nobody has said anything is told. `brief`: see `clause_item`."""
    waiting = list(evidence)
    items = []
    for clause in _clauses(rule, evidence):
        if isinstance(clause, AnyOf):
            mine = [one for part in clause.any if (one := _take(waiting, part)) is not None]
            texts = {part.text: part for part in clause.any}
            if mine:
                parts = tuple(clause_item(one, texts[one.clause], lang, brief) for one in mine)
                held = any(item.mark == "met" for item in parts)
                text = of(("One of these is enough", "符合以下任何一項即可"), lang)
                items.append(Item(text, "met" if held else _common(mine), parts=parts))
        elif (one := _take(waiting, clause)) is not None:
            items.append(clause_item(one, clause, lang, brief))
    return (*items, *(clause_item(one, None, lang, brief) for one in waiting))


def _clauses(rule: Rule | None, evidence: list[Evidence]) -> list[Clause | AnyOf]:
    if rule is None or not evidence:
        return []
    parts: dict[str, list[Clause | AnyOf]] = {
        "when": list(rule.when),
        "unless": list(rule.unless),
        "raised_by": list(rule.raises.raised_by),
    }
    return [clause for part in dict.fromkeys(one.part for one in evidence) for clause in parts[part]]


def _take(waiting: list[Evidence], clause: Clause) -> Evidence | None:
    for one in waiting:
        if one.clause == clause.text:
            waiting.remove(one)
            return one
    return None


def _common(evidence: list[Evidence]) -> Any:
    """The verdict on an `any` none of whose clauses is met: the one that leaves most open."""
    verdicts = {one.verdict for one in evidence}
    return next(verdict for verdict in ("error", "unknown", "not_met") if verdict in verdicts)


def clause_item(one: Evidence, clause: Clause | None, lang: Lang, brief: bool = False) -> Item:
    """One clause with its verdict, what was seen, and where that comes from. `brief`, for those who act on it: who said
    it and how old that is, and what was seen where the sentence does not say so already; no codes, no ids of events."""
    seen = labelled(("seen", "所見"), _seen(one, lang), lang)
    if brief:
        told = one.verdict == "met" or one.value is None or isinstance(one.value, bool)
        details = [*([] if told else [seen]), *_origin(one, lang, word), *_consequence(one, clause, lang)]
        return Item(requirement(one, lang), one.verdict, tuple(details))
    limit = labelled(("limit", "條件"), _limit(one, lang), lang)
    verdict = labelled(("verdict", "結論"), of(VERDICTS[one.verdict], lang), lang)
    details = [joined([seen, limit, verdict], lang)]
    details += _origin(one, lang, said)
    if one.event_ids:
        details.append(labelled(("events", "事件編號"), joined(one.event_ids, lang, within=True), lang))
    details += _consequence(one, clause, lang)
    return Item(requirement(one, lang), one.verdict, tuple(details))


def _origin(one: Evidence, lang: Lang, name: Callable[[Mapping[str, Both], str, Lang], str]) -> list[str]:
    """Who said it, how long ago, and how sure they were; `name` has the words for the source."""
    if one.source is None:
        return []
    origin = labelled(("said by", "資料來源"), name(SOURCES, one.source, lang), lang)
    age = age_words(one.age, lang) if one.age is not None else None
    aged = [labelled(("age of this", "距今"), age, lang)] if age else []
    sure = [labelled(("how sure", "可信程度"), word(VALUES, one.confidence, lang), lang)] if one.confidence else []
    return [joined([origin, *aged, *sure], lang)]


def _consequence(one: Evidence, clause: Clause | None, lang: Lang) -> list[str]:
    """What follows from the verdict where that is not plain."""
    said_so = []
    counts = one.verdict == "unknown" and clause is not None and clause.if_unknown == "met"
    if counts:
        said_so.append(of(("counts as met: no news does not mean no need", "視作符合：沒有資料不代表沒有需要"), lang))
    elif one.verdict == "unknown" and one.part == "unless":
        said_so.append(of(("does not keep anybody from making contact", "不會因此不作聯絡"), lang))
    elif one.verdict == "error" and one.part == "when":
        said_so.append(of(("counts as if it held, until it is mended", "修正之前視作符合"), lang))
    level = getattr(clause, "level", None)
    if level is not None and (one.verdict == "met" or counts):
        said_so.append(labelled(("raises the level to", "級別提高至"), word(LEVELS, level, lang), lang))
    return said_so


def requirement(one: Evidence, lang: Lang) -> str:
    """What the clause asks for, as a sentence; the clause as the rule states it where the fact has no words."""
    if (episode := _EPISODE.fullmatch(one.clause)) is not None:
        return of(EPISODES.get(episode["kind"], (one.clause, one.clause)), lang)
    if (bound := _BOUND.match(one.clause)) is not None and bound[0].strip() in BOUNDS:
        return of(BOUNDS[bound[0].strip()], lang).format(_limit(one, lang))
    match = _CLAUSE.match(one.clause)
    phrase = PHRASES.get(match["fact"]) if match else None
    if match is None or phrase is None:
        return one.clause
    if isinstance(phrase, YesNo):
        return of(phrase.yes if one.limit else phrase.no, lang)
    if match["test"] == "in":
        words = joined([word(VALUES, str(code), lang) for code in one.limit], lang, within=lang == "zh-Hant")
        return labelled((f"{phrase.name[0]}, one of", f"{phrase.name[1]}屬以下其中一類"), words, lang)
    return labelled(phrase.name, _asked_for(match["test"], one.limit, phrase, lang), lang)


def _asked_for(test: str, limit: Any, measure: Measure, lang: Lang) -> str:
    value = _value(limit, measure, lang)
    if test == "at least":
        return of((f"{value} or more", f"{value}或以上"), lang)
    if test == "at most" and limit != 0:
        return of((f"{value} or fewer", f"{value}或以下"), lang)
    return value


def _limit(one: Evidence, lang: Lang) -> str:
    """The limit alone, short: the sentence has said it in full."""
    if _EPISODE.fullmatch(one.clause):
        return of(("at least one", "最少一次"), lang)
    match = _CLAUSE.match(one.clause)
    phrase = PHRASES.get(match["fact"]) if match else None
    if one.clause.startswith("household.district "):
        return joined([word(DISTRICTS, str(code), lang) for code in one.limit], lang, within=True)
    if match is None or not isinstance(phrase, Measure):
        return _value(one.limit, None, lang)
    if match["test"] == "in":
        return of(("any of the groups named", "屬上述任何一類"), lang)
    return _asked_for(match["test"], one.limit, phrase, lang)


def _seen(one: Evidence, lang: Lang) -> str:
    if one.verdict == "error":
        return of(("could not be worked out", "未能計算"), lang)
    if one.value is None:
        return of(("nothing: nobody has said", "未有人提供資料"), lang)
    match = _CLAUSE.match(one.clause)
    phrase = PHRASES.get(match["fact"]) if match else None
    return _value(one.value, phrase if isinstance(phrase, Measure) else None, lang)


def _value(value: Any, measure: Measure | None, lang: Lang) -> str:
    if isinstance(value, bool):
        return of(("yes", "是") if value else ("no", "否"), lang)
    if isinstance(value, list):
        words = [word(VALUES, str(code), lang) for code in value]
        if measure is not None and measure.unit is not None:  # of a list of ids, how many, and which
            how_many = _value(len(value), measure, "en"), _value(len(value), measure, "zh-Hant")
            return labelled(how_many, joined(words, lang, within=True), lang) if words else of(how_many, lang)
        return joined(words, lang, within=True) or of(("none of them", "不屬任何一類"), lang)
    if isinstance(value, int | float):
        if value == 0:
            return of(("none", "沒有"), lang)
        if measure is None or measure.unit is None:
            return str(value)
        one, many, counter = measure.unit
        return f"{value}{counter}" if lang == "zh-Hant" else f"{value} {one if value == 1 else many}"
    return word(VALUES, str(value), lang)
