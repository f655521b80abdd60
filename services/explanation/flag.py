"""A flag explained: what it says and why, why not the others, and what was asked of whom. Pure."""

from collections.abc import Mapping, Sequence

from contracts.flags import OPEN, Ask, Decided, Evidence, Flag, NotTriggered
from contracts.tasks import Task
from services.correlator.rules import Rule
from services.explanation import terms
from services.explanation.clauses import clause_items
from services.explanation.document import Explanation, Item, Section
from services.explanation.task import asked, task_item
from services.explanation.terms import Both, Lang, hong_kong_time, joined, labelled, of, word

__all__ = ["explain_flag"]

_ENDED: Both = ("The conditions, as they were judged last", "各項條件（最後一次判斷）")
_HEADINGS: tuple[Both, ...] = (
    ("Why", "為何發出"),
    ("What would make contact unnecessary", "毋須聯絡的情況"),
    ("What raises the level", "提高級別的因素"),
    ("Why not for another reason", "為何不是其他警示"),
    ("What is asked of whom, and what was answered", "向哪些單位提出、結果如何"),
    ("What may be asked next", "其後可能的跟進"),
    ("How it came about", "經過"),
)


def explain_flag(
    flag: Flag,
    tasks: Sequence[Task],
    rules: Mapping[str, Rule],
    lang: Lang,
    history: Sequence[Flag] = (),
) -> Explanation:
    """Explains one revision of a flag. `tasks` are those that it raised, as far as the source has them; `rules` (by
    id) are those of the policy at hand, which lend their titles; `history` are the flag's revisions, oldest first."""
    rule = rules.get(flag.rule)
    own = rule if rule is not None and rule.version == flag.rule_version else None
    answers = (
        clause_items(_part(flag, "when"), own, lang),
        clause_items(_part(flag, "unless"), own, lang),
        clause_items(_part(flag, "raised_by"), own, lang),
        _others(flag.not_triggered, rules, lang),
        _asks(flag, tasks, lang),
        _next(flag, tasks, lang),
        _history(history, lang),
    )
    headings = (_HEADINGS[0] if flag.status in OPEN else _ENDED, *_HEADINGS[1:])
    sections = tuple(
        Section(of(heading, lang), items) for heading, items in zip(headings, answers, strict=True) if items
    )
    return Explanation(flag.title.of(lang), _glance(flag, rule, lang), sections)


def _part(flag: Flag, part: str) -> list[Evidence]:
    return [one for one in flag.evidence if one.part == part]


def _glance(flag: Flag, rule: Rule | None, lang: Lang) -> tuple[str, ...]:
    def line(label: Both, *parts: str) -> str:
        return labelled(label, joined([part for part in parts if part], lang), lang)

    def at(instant: str) -> str:
        return hong_kong_time(instant, lang)

    places = [word(terms.DISTRICTS, flag.district, lang)] if flag.district else []
    places += [flag.estate] if flag.estate else []
    changed = rule is not None and rule.version != flag.rule_version
    return (
        line(("Flag", "警示編號"), flag.flag_id, labelled(("revision", "版次"), str(flag.revision), lang)),
        line(("Level", "級別"), word(terms.LEVELS, flag.level, lang)),
        line(("Status", "狀況"), word(terms.FLAG_STATUSES, flag.status, lang), _cause(flag, lang)),
        line(("About", "對象"), _subject(flag, lang)),
        line(("Household", "住戶"), flag.household_id),
        line(("Where", "地點"), joined(places, lang, within=True) or of(("not known", "未有資料"), lang)),
        line(("Since", "開始時間"), at(flag.episode_at)),
        line(("Last heard of", "最近收到消息"), at(flag.received_at)),
        line(("As seen at", "判斷時間"), at(flag.as_of), of(("all times are Hong Kong time", "均為香港時間"), lang)),
        line(
            ("Rule", "規則"),
            f"{flag.rule} v{flag.rule_version}",
            labelled(("rules in force", "規則組"), flag.ruleset, lang),
            of(("the rule has changed since", "規則其後已修訂"), lang) if changed else "",
        ),
        *(line(("Decided by a person", "人員決定"), *_decision(one, lang)) for one in flag.decisions),
    )  # fmt: skip


def _decision(one: Decided, lang: Lang) -> list[str]:
    until = [] if one.until is None else [labelled(("until", "至"), hong_kong_time(one.until, lang), lang)]
    return [
        word(terms.DECISIONS, one.decision, lang),
        word(terms.SCOPES, one.scope, lang),
        *until,
        labelled(("by", "由"), one.officer, lang),
        labelled(("reason", "原因"), one.reason, lang),
        hong_kong_time(one.at, lang),
    ]


def _cause(flag: Flag, lang: Lang) -> str:
    if flag.cause is None:
        return ""
    replaced = [labelled(("by", "由"), flag.superseded_by, lang)] if flag.superseded_by else []
    return joined([word(terms.CAUSES, flag.cause, lang), *replaced], lang)


def _subject(flag: Flag, lang: Lang) -> str:
    if flag.subject == flag.household_id:
        return of(("the household as a whole", "整個住戶"), lang)
    if flag.subject.startswith("c-"):
        return of(
            (f"a caller whom nobody could identify, {flag.subject}", f"未能辨認身分的來電者 {flag.subject}"), lang
        )
    return of((f"person {flag.subject} (pseudonym)", f"{flag.subject}（代號）"), lang)


def _others(others: Sequence[NotTriggered], rules: Mapping[str, Rule], lang: Lang) -> tuple[Item, ...]:
    items = []
    for other in others:
        rule = rules.get(other.rule)
        title = other.rule if rule is None else (rule.title.zh_hant if lang == "zh-Hant" else rule.title.en)
        own = rule if rule is not None and rule.version == other.version else None
        code = f"{other.rule} v{other.version}"
        name = f"{title}（{code}）" if lang == "zh-Hant" else f"{title} ({code})"
        items.append(Item(name, parts=clause_items(other.failed, own, lang)))
    return tuple(items)


def _asks(flag: Flag, tasks: Sequence[Task], lang: Lang) -> tuple[Item, ...]:
    items = [task_item(task, lang) for task in sorted(tasks, key=lambda t: (t.requested_at, t.attempt, t.task_id))]
    begun = {(task.purpose, task.asked_of) for task in tasks}
    for ask in flag.asks:
        if (ask.purpose, ask.unit) in begun or flag.status not in OPEN:
            continue
        held = ask.release == "wave"
        waits = (
            ("waits on a list until an officer releases it in a wave", "列於名單，待人員分批發出")
            if held
            else ("no task for it in this source", "此資料來源沒有相關轉介")
        )
        items.append(Item(_ask_words(ask, lang), details=(of(waits, lang),)))
    return tuple(items)


def _ask_words(ask: Ask, lang: Lang) -> str:
    how = [word(terms.PRIORITIES, ask.priority, lang)]
    if ask.round_the_clock:
        how.append(of(("round the clock", "24小時"), lang))
    return asked(ask.unit, ask.purpose, lang, *how)


def _next(flag: Flag, tasks: Sequence[Task], lang: Lang) -> tuple[Item, ...]:
    begun = {(task.purpose, task.asked_of) for task in tasks}
    items = []
    for step in flag.then:
        if flag.status in OPEN and (step.ask.purpose, step.ask.unit) not in begun:
            found = word(terms.FINDINGS, step.on, lang)
            case = of((f"if {found}", f"如「{found}」"), lang)
            items.append(Item(f"{case} → {_ask_words(step.ask, lang)}"))
    return tuple(items)


def _history(history: Sequence[Flag], lang: Lang) -> tuple[Item, ...]:
    if len(history) < 2:
        return ()
    return tuple(
        Item(
            labelled(
                (f"revision {one.revision}, {hong_kong_time(one.as_of, lang)}",
                 f"第{one.revision}版，{hong_kong_time(one.as_of, lang)}"),
                joined(
                    [
                        word(terms.FLAG_STATUSES, one.status, lang),
                        labelled(("level", "級別"), word(terms.LEVELS, one.level, lang), lang),
                        *([_cause(one, lang)] if one.cause else []),
                    ],
                    lang,
                ),
                lang,
            )
        )
        for one in history
    )  # fmt: skip
