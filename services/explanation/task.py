"""A referral task in plain words: who is asked for what by when, and what they have answered. Pure."""

from contracts.tasks import Task
from services.explanation import terms
from services.explanation.document import Explanation, Item
from services.explanation.terms import Lang, hong_kong_time, joined, labelled, of, word

__all__ = ["asked", "explain_task", "task_item"]


def asked(unit_kind: str, purpose: str, lang: Lang, *how: str) -> str:
    """`Carer hotline: find out whether … (urgent, round the clock)`."""
    unit = (word(terms.UNITS, unit_kind, "en"), word(terms.UNITS, unit_kind, "zh-Hant"))
    text = labelled(unit, word(terms.PURPOSES, purpose, lang), lang)
    if not how:
        return text
    brackets = joined(list(how), lang, within=True)
    return text + of((f" ({brackets})", f"（{brackets}）"), lang)


def task_item(task: Task, lang: Lang) -> Item:
    """One task among those of its flag."""
    priority = word(terms.PRIORITIES, task.priority, lang)
    return Item(asked(task.unit_kind, task.purpose, lang, priority), details=_details(task, lang))


def explain_task(task: Task, lang: Lang) -> Explanation:
    """A task on its own; its flag says why."""
    about = (
        labelled(("Task", "轉介編號"), task.task_id, lang),
        labelled(("Because of", "原因"), joined([task.reason_text.of(lang), task.flag_id], lang), lang),
        labelled(("About", "對象"), joined([task.for_, task.household_id], lang), lang),
        labelled(("Level", "級別"), word(terms.LEVELS, task.level, lang), lang),
        labelled(("Priority", "緩急"), word(terms.PRIORITIES, task.priority, lang), lang),
    )
    return Explanation(asked(task.unit_kind, task.purpose, lang), (*about, *_details(task, lang)), ())


def _details(task: Task, lang: Lang) -> tuple[str, ...]:
    def at(instant: str) -> str:
        return hong_kong_time(instant, lang)

    owner = [labelled(("unit", "單位"), task.unit, lang)]
    if task.unit_kind != task.asked_of:
        owner.append(labelled(("first asked of", "原先向"), word(terms.UNITS, task.asked_of, lang), lang))
    if task.attempt > 1:
        owner.append(of((f"attempt {task.attempt}", f"第{task.attempt}次轉介"), lang))
    clocks = [
        labelled(("asked", "發出"), at(task.requested_at), lang),
        labelled(("acknowledge by", "確認限期"), at(task.due_ack), lang),
        labelled(("make contact by", "聯絡限期"), at(task.due_contact), lang),
    ]
    clocks += [word(terms.CLOCKS, clock, lang) for clock in task.breaches]
    clocks += [
        labelled(("an officer is asked to", "已請當值主任"), word(terms.PURPOSES, one, lang), lang)
        for one in task.escalations
    ]
    state = [word(terms.TASK_STATUSES, task.status, lang), word(terms.BUSINESS_STATUSES, task.business_status, lang)]
    if task.status_reason is not None:
        state.append(labelled(("because", "原因"), word(terms.CAUSES, task.status_reason, lang), lang))
    number = joined([task.task_id, labelled(("revision", "版次"), str(task.revision), lang)], lang)
    return (
        joined(owner, lang),
        joined(clocks, lang),
        labelled(("status", "狀況"), joined(state, lang), lang),
        labelled(("answer", "回覆"), _answer(task, lang), lang),
        labelled(("task", "轉介編號"), number, lang),
    )


def _answer(task: Task, lang: Lang) -> str:
    parts = []
    if task.outcome is not None:
        parts.append(word(terms.OUTCOMES, task.outcome, lang))
    if task.findings:
        found = joined([word(terms.FINDINGS, finding, lang) for finding in task.findings], lang, within=True)
        parts.append(labelled(("found", "發現"), found, lang))
    if task.attempts_to_reach:
        number = task.attempts_to_reach
        tries = "1 try" if number == 1 else f"{number} tries"
        parts.append(of((f"{tries} to reach them", f"曾嘗試聯絡{number}次"), lang))
    return joined(parts, lang) or of(("none yet", "暫未有回覆"), lang)
