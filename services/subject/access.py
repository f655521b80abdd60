"""What is told to a person who asks what is held of them and why: the whole of it, less what protects others. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

from contracts.facts import Fact
from contracts.flags import Evidence
from contracts.instants import from_milliseconds, milliseconds, plus
from services.explanation import terms
from services.explanation.clauses import requirement
from services.explanation.document import Explanation, Item, Section
from services.explanation.terms import Both, Lang, age_words, hong_kong_time, joined, labelled, of, said, word
from services.runtime.letter_box import listed
from services.runtime.topics import Topic
from services.subject.holdings import Holdings
from services.subject.redaction import Redaction, is_protected_fact, is_protected_flag

__all__ = ["access", "told"]

_PERSON = "people"
_HOURS_MS = 3_600_000

_ALWAYS: Both = (
    "What would tell of somebody else, or weaken somebody's protection, is in no answer, whether there is any or not.",
    "任何答覆均不包括涉及他人，或會影響他人保護的資料，不論是否存有該等資料。",
)
_STATE: Both = (
    "In the services' state, for as long as the matter is held or until it is erased",
    "各服務的現存狀態（個案存續期間保留，或直至資料刪除）",
)
_KINDS: Mapping[str, Both] = {
    "absence": ("a planned absence", "計劃離開"),
    "care.gives": ("care given to somebody", "照顧他人"),
    "care.receives": ("care received from somebody", "受人照顧"),
    "cohort": ("group of carers whose admissions are reported", "入院通報的照顧者組別"),
    "consent": ("consent", "同意"),
    "contact": ("a call to the carer hotline", "致電照顧者支援專線"),
    "deceased": ("a death", "離世"),
    "identity.link": ("another id of the same person", "同一人的另一編號"),
    "membership.asserted": ("living in a household", "屬住戶成員"),
    "membership.end": ("having left a household", "已離開住戶"),
    "membership.start": ("joining a household", "成為住戶成員"),
    "observation": ("something noticed", "有人留意到的情況"),
    "residence": ("the district of residence", "居住地區"),
    "service": ("a service used", "使用服務"),
    "visit.admitted": ("an admission to hospital", "入院"),
    "visit.cancelled": ("an admission that was cancelled", "入院登記取消"),
    "visit.discharged": ("a discharge from hospital", "出院"),
    "visit.hospital": ("a stay in hospital", "住院"),
    "visit.leave": ("leave from the ward", "暫時離院"),
    "visit.planned": ("a planned admission", "預定入院"),
}


_HELD: Mapping[str, Both] = {
    "name": ("name", "姓名"),
    "telephones": ("telephone", "電話"),
    "address": ("address", "地址"),
    "language": ("language", "語言"),
}
_OPENED_FOR: Mapping[str, Both] = {
    "call": ("to call", "致電"),
    "visit": ("to visit", "家訪"),
    "install_alarm": ("to install an emergency alarm", "安裝平安鐘"),
}


def told(holdings: Holdings, topics: Mapping[str, Topic], at: str, lang: Lang) -> dict[str, Any]:
    """The answer for machines: everything by kind, others as roles."""
    facts = _facts(holdings)
    shown = [fact for fact in facts if not is_protected_fact(fact)]
    veil = _veil(holdings, facts, lang)
    own_events = {fact["version"][2] for fact in shown}
    flags = {name: revisions[-1] for name, revisions in holdings.flags.items() if not is_protected_flag(revisions[-1])}
    return {
        "ids": holdings.ids,
        "as_of": at,
        "erased_up_to": holdings.erased_at,
        "facts": [_fact(fact, veil) for fact in shown],
        "households": _households(holdings),
        "flags": [_flag(flag, holdings, own_events, veil, lang) for _, flag in sorted(flags.items())],
        "tasks": [_task(task, veil) for _, task in sorted(holdings.tasks.items()) if _tellable(task, flags, holdings)],
        "decisions": [veil.value(one) for one in holdings.decisions if _about_told(one, flags, holdings)],
        "dead_letters": [listed(letter) for letter in holdings.letters],
        "sealed_dead_letters_not_searched": holdings.sealed_letters,
        "state": {name: len(state) for name, state in sorted(holdings.states.items())},
        "copies": _copies(holdings, topics),
        "left_out": of(_ALWAYS, lang),
    }


def access(answer: Mapping[str, Any], lang: Lang) -> Explanation:
    """The same answer for people; with `vault`, what the vault says of them too."""
    sections = [
        Section(
            of(("What is held, from whom, and how old it is", "持有的資料、來源及日期"), lang),
            tuple(_fact_item(fact, answer["as_of"], lang) for fact in answer["facts"]),
        ),
        Section(
            of(("What it has led to", "引致的警示及原因"), lang),
            tuple(_flag_item(flag, lang) for flag in answer["flags"]),
        ),
        Section(
            of(("Who was asked to do what", "曾向哪些單位提出"), lang),
            tuple(_task_item(task, lang) for task in answer["tasks"]),
        ),
        Section(
            of(("What people decided or answered", "人員的決定及回覆"), lang),
            tuple(
                Item(joined([one.get("decision") or one.get("action", ""), hong_kong_time(one["at"], lang)], lang))
                for one in answer["decisions"]
            ),
        ),
        Section(
            of(("Records that could not be applied and name this person", "未能處理而涉及此人的紀錄"), lang),
            tuple(Item(joined([str(one["id"]), str(one["reason"])], lang)) for one in answer["dead_letters"]),
        ),
        Section(
            of(("What the vault holds, and who has opened it", "身份保密庫持有的資料，以及查閱紀錄"), lang),
            tuple(_vault(answer.get("vault"), lang)),
        ),
        Section(of(("Where it is kept, and until when", "存放位置及保存期限"), lang), tuple(_kept(answer, lang))),
    ]
    glance = [labelled(("Ids", "編號"), joined(answer["ids"], lang, within=True), lang)]
    if answer["erased_up_to"]:
        until = hong_kong_time(answer["erased_up_to"], lang)
        glance.append(labelled(("Erased is what was recorded up to", "已刪除在此之前記錄的資料"), until, lang))
    glance.append(answer["left_out"])
    if answer["sealed_dead_letters_not_searched"]:
        count = str(answer["sealed_dead_letters_not_searched"])
        glance.append(
            labelled(("Sealed records, which only the vault can search", "只有保密庫可查閱的密封紀錄"), count, lang)
        )
    title = of(("What Kithline holds of this person, and why", "守望線持有此人的資料及原因"), lang)
    return Explanation(title, tuple(glance), tuple(section for section in sections if section.items))


def _facts(holdings: Holdings) -> list[Fact]:
    """Every version of every slot, not only what holds: what was corrected is held too."""
    people = holdings.states.get(_PERSON, {})
    slots = [people[one]["facts"] for one in holdings.ids if one in people]
    facts = [fact for known in slots for versions in known.values() for fact in versions]
    return sorted(facts, key=lambda fact: (fact["at"], fact["kind"], fact["version"]))


def _households(holdings: Holdings) -> list[str]:
    homes = {f["key"] for f in _facts(holdings) if f["kind"].startswith("membership.") and f["value"] is not None}
    return sorted(homes)


def _veil(holdings: Holdings, facts: list[Fact], lang: Lang) -> Redaction:
    homes = _households(holdings)
    correlator = holdings.states.get("correlator", {})
    members = [origin for home in homes if home in correlator for origin in correlator[home]["origins"]]
    return Redaction([*holdings.ids, *homes], facts, members, lang)


def _fact(fact: Fact, veil: Redaction) -> dict[str, Any]:
    recorded, _, event, *_ = fact["version"]
    return {
        "kind": fact["kind"],
        "key": veil.text(fact["key"]),
        "value": veil.value(fact["value"]),
        "source": fact["source"],
        "at": fact["at"],
        "recorded": recorded,
        "received": fact["received"],
        "event": event,
    }


def _is_own(flag: Mapping[str, Any], holdings: Holdings) -> bool:
    return flag["subject"] in holdings.ids


def _flag(flag: Mapping[str, Any], holdings: Holdings, own: set[str], veil: Redaction, lang: Lang) -> dict[str, Any]:
    """A flag with those clauses that rest on what is known of this person. Of a flag about somebody else (whom they
    care for), nothing more is told than what of theirs was used."""
    mine = _is_own(flag, holdings)
    evidence = []
    for one in flag["evidence"]:
        if _about_them(one, mine) and set(one["event_ids"]) <= own and (mine or one["event_ids"]):
            kept = {name: one[name] for name in ("clause", "value", "limit", "verdict", "source", "event_ids")}
            evidence.append({**kept, "words": requirement(Evidence.model_validate(one), lang)})
    result = {
        "flag_id": flag["flag_id"],
        "about": "this person" if mine else veil.text(flag["subject"]),
        "typology": flag["typology"],
        "title": flag["title"],
        "rule": f"{flag['rule']} {flag['rule_version']}",
        "lawful_basis": flag["lawful_basis"],
        "evidence": veil.value(evidence),
    }
    if mine:
        result |= {name: flag[name] for name in ("status", "cause", "level", "episode_at", "as_of", "outcome")}
    return result


def _about_them(one: Mapping[str, Any], mine: bool) -> bool:
    """Whether a clause speaks of this person: of flags about themselves all but what is known of carers and others at
    home, of other flags what is known of them as a carer, or of their household."""
    fact = one["clause"].split(" ", 1)[0]
    if mine:
        return not fact.startswith(("carer.", "other_"))
    return bool(fact.startswith(("carer.", "household.")))


def _tellable(task: Mapping[str, Any], flags: Mapping[str, Any], holdings: Holdings) -> bool:
    return task["flag_id"] in flags and not is_protected_flag(task) and task["for"] in holdings.ids


def _about_told(one: Mapping[str, Any], flags: Mapping[str, Any], holdings: Holdings) -> bool:
    flag_id = one.get("flag_id") or holdings.tasks[one["task_id"]]["flag_id"]
    return flag_id in flags and _is_own(flags[flag_id], holdings)


def _task(task: Mapping[str, Any], veil: Redaction) -> dict[str, Any]:
    names = ("task_id", "flag_id", "unit_kind", "unit", "purpose", "priority", "status", "outcome", "findings")
    told_ = {name: task[name] for name in (*names, "requested_at", "due_contact", "lawful_basis")}
    kept: dict[str, Any] = veil.value({**told_, "asked": task["unit"]})
    return {**kept, "unit": task["unit"]}


def _copies(holdings: Holdings, topics: Mapping[str, Topic]) -> list[dict[str, Any]]:
    found = []
    for name, times in sorted(holdings.copies.items()):
        days = topics[name].retention_days
        until = None if days is None else plus(from_milliseconds(max(times)), days=days)
        found.append({"topic": name, "records": len(times), "days": days, "until": until})
    return found


def _fact_item(fact: Mapping[str, Any], at: str, lang: Lang) -> Item:
    kind = word(_KINDS, fact["kind"], lang)
    age = max(0.0, (_hours(at) - _hours(fact["at"])))
    details = [
        joined(
            [labelled(("said by", "資料來源"), said(terms.SOURCES, fact["source"], lang), lang), age_words(age, lang)],
            lang,
        )
    ]
    key = fact["key"].split("|")[0]
    if fact["kind"] == "cohort":
        key = word(terms.VALUES, key, lang)
    value = fact["value"]
    if value is None:
        details.append(of(("taken back by its source", "已由來源撤回"), lang))
    elif value:
        words = [f"{name}: {_words(part, lang)}" for name, part in value.items() if part is not None]
        details.append(joined(words, lang, within=True))
    details.append(labelled(("event", "事件編號"), fact["event"], lang))
    text = joined([kind, *([key] if key else []), hong_kong_time(fact["at"], lang)], lang)
    return Item(text, details=tuple(details))


def _words(part: Any, lang: Lang) -> str:
    if isinstance(part, bool):
        return of(("yes", "是") if part else ("no", "否"), lang)
    if isinstance(part, list):
        return joined([_words(one, lang) for one in part], lang, within=True)
    return str(part)


def _hours(instant: str) -> float:
    return milliseconds(instant) / _HOURS_MS


def _flag_item(flag: Mapping[str, Any], lang: Lang) -> Item:
    title = flag["title"]["zh_hant" if lang == "zh-Hant" else "en"]
    details = [labelled(("rule", "規則"), joined([flag["rule"], flag["lawful_basis"]], lang), lang)]
    if "status" in flag:
        details.append(labelled(("status", "狀況"), word(terms.FLAG_STATUSES, flag["status"], lang), lang))
    else:
        details.append(labelled(("about", "對象"), flag["about"], lang))
    for one in flag["evidence"]:
        details.append(joined([one["words"], of(terms.VERDICTS[one["verdict"]], lang)], lang))
    return Item(title, details=(*details, flag["flag_id"]))


def _task_item(task: Mapping[str, Any], lang: Lang) -> Item:
    asked = labelled(
        (word(terms.UNITS, task["unit_kind"], "en"), word(terms.UNITS, task["unit_kind"], "zh-Hant")),
        word(terms.PURPOSES, task["purpose"], lang),
        lang,
    )
    state = word(terms.TASK_STATUSES, task["status"], lang)
    outcome = [] if task["outcome"] is None else [word(terms.OUTCOMES, task["outcome"], lang)]
    return Item(asked, details=(joined([state, *outcome, hong_kong_time(task["requested_at"], lang)], lang),))


def _vault(said: Mapping[str, Any] | None, lang: Lang) -> Iterator[Item]:
    """Which kinds of data, never the data: whoever asks knows their own."""
    if said is None:
        return
    kinds = [word(_HELD, kind, lang) for kind in said["holds"] if kind in _HELD]
    yield Item(joined(kinds, lang, within=True) if kinds else of(("nothing", "沒有資料"), lang))
    for one in said["opened"]:
        told_ = joined([word(_HELD, kind, lang) for kind in one["told"]], lang, within=True)
        purpose = word(_OPENED_FOR, one["purpose"], lang)
        yield Item(joined([hong_kong_time(one["at"], lang), one["unit"], purpose, told_], lang))


def _kept(answer: Mapping[str, Any], lang: Lang) -> list[Item]:
    items = []
    if answer["state"]:
        where = joined([f"{name} ({count})" for name, count in answer["state"].items()], lang, within=True)
        items.append(Item(labelled(_STATE, where, lang)))
    for one in answer["copies"]:
        until = hong_kong_time(one["until"], lang) if one["until"] else "-"
        number = of((f"{one['records']} records", f"{one['records']}項紀錄"), lang)
        items.append(Item(joined([one["topic"], number, labelled(("until", "保存至"), until, lang)], lang)))
    return items
