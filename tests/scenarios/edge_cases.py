"""What real systems get wrong: 39 lines, each with the scenarios that hold Kithline to it. docs/edge-cases.md is made
of them.

python -m tests.scenarios.edge_cases      # writes the page anew
"""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson

from contracts.instants import parse
from services.runtime.fold import TICKS, Record
from tests.scenario import NAMES
from tests.scenarios import SCENARIOS
from tests.scenarios.feeds import PAIR
from tests.scenarios.model import Answer, Release, Scenario, Step, Tick, feed

__all__ = ["ELSEWHERE", "LINES", "PAGE", "page"]

PAGE = Path(__file__).parents[2] / "docs" / "edge-cases.md"

LINES: Mapping[int, tuple[str, str]] = {
    1: (
        "A discharge arrives before its admission",
        "An inferred episode, already closed; the later admission fills it in; nothing is raised",
    ),
    2: (
        "The admission is cancelled (A11)",
        "The flag is retracted; a requested task is cancelled; an accepted one gets `cancellation_requested` and the "
        "unit decides",
    ),
    3: ("A11 before its A01", "A tombstone on the episode; the A01 raises nothing"),
    4: (
        "The discharge is cancelled (A13)",
        "The same episode opens again under the same flag id; not a second admission",
    ),
    5: (
        "One admission from two feeds",
        "Merged by visit id, else by person, hospital and window; both ids are kept as evidence",
    ),
    6: (
        "A transfer coded as discharge and admission",
        "A gap shorter than the window is bridged: one episode, named after the visit that began first",
    ),
    7: (
        "Clock skew, a time in the future",
        "Beyond tolerance it is quarantined with that reason; within it, believed; nothing is reordered silently",
    ),
    8: (
        "The morning batch",
        "The age of the news is shown; due times count from the admission with a floor after receipt; an admission "
        "with its return home in one batch leaves nothing to ask",
    ),
    9: (
        "A feed falls silent",
        "Missing heartbeats raise an operations alert; no admissions is not “all is well”",
    ),
    10: (
        "The carer or the household moves mid-episode",
        "The flag follows the cared-for person; routing uses their address; the old unit gets a handover",
    ),
    11: (
        "Two carers of one person are admitted",
        "A flag for each visit, one task for both, the level raised",
    ),
    12: (
        "Both of a couple are admitted",
        "Nobody is at home: the visit goes on hold and is asked again at the first return",
    ),
    13: ("The cared-for person is the one admitted", "No emergency-support task"),
    14: (
        "The cared-for person comes home while the carer is still in hospital",
        "A new, urgent flag: nobody is at home to care",
    ),
    15: (
        "A carer lives elsewhere, or cares for two households",
        "One flag for each cared-for household, none for the carer's own",
    ),
    16: (
        "A household splits",
        "Memberships close with dates; both are looked at again; open tasks stay with the person",
    ),
    17: (
        "The register lags",
        "Evidence carries its age; “wrong household” from a unit comes back and closes the flag as that",
    ),
    18: (
        "Two ids of one person are merged (A40)",
        "Histories join, flags collapse under aliases, the old id still resolves; a merge with oneself is refused",
    ),
    19: (
        "Unmerged (A37); merges in a circle",
        "Split by the original ids; those who were told get a correction; circles are harmless",
    ),
    20: (
        "A unit declines",
        "The reason is kept; the next eligible unit; after three, the duty officer; never back to the decliner",
    ),
    21: ("No unit covers the place", "The duty officer or the district's queue; the task never vanishes"),
    22: (
        "A clock runs out at night",
        "What is `stat` goes to the 24-hour line, then to the duty officer; a breach fires once, also across a restart",
    ),
    23: (
        "Consent is withdrawn",
        "No new disclosure, unreceived tasks are cancelled, the record stays; an urgent check is put to a duty officer "
        "first, whose recorded lawful basis decides",
    ),
    24: (
        "A carer dies",
        "Urgent for the cared-for person; an unconfirmed death waits for a human; a false one is reversible",
    ),
    25: (
        "A caller is not identified",
        "A contact-only case, never linked on a guess; immediate danger goes through without a match",
    ),
    26: (
        "A late outcome after a cancellation or a new route",
        "Kept as evidence, the transition refused, the coordinator told",
    ),
    27: ("Already known to a unit", "Goes to the unit that knows the household"),
    28: (
        "Nobody opens the door",
        "Attempts are recorded; after the policy's number the task is parked with an expiry and the duty officer is "
        "asked; a new episode always re-arms",
    ),
    29: (
        "Rules change",
        "Shadow first; nothing is raised retroactively without being asked; old and new ruleset are recorded",
    ),
    30: ("A snooze inside a snooze", "Lifting the household's does not lift the member's"),
    31: ("A poison message", "Dead-lettered; the partition goes on, and the household's later events too"),
    32: (
        "“Not seen for five days”, and the hospital knows that they were admitted",
        "No welfare check; the explanation stands in the evidence",
    ),
    33: (
        "An event of a version newer than ours",
        "Tolerated when the known fields suffice; else dead-lettered with that reason, to be replayed after an upgrade",
    ),
    34: ("Spouses care for each other, one is admitted", "One flag for the one at home; no echo between the two"),
    35: (
        "A correction moves an admission to an earlier time",
        "The correction wins: its version is later, its time is data",
    ),
    36: ("The cared-for person cannot be reached", "An outreach visit, not an emergency placement"),
    37: ("A discharge with `deceased`", "Never treated as the carer's return"),
    38: (
        "A report of violence, and the address changes",
        "The new address reaches no handover and no household-facing text",
    ),
    39: ("The register says nothing about services", "`unknown`: contact is not suppressed"),
}
"""What happens, and what is right."""

ELSEWHERE: Mapping[int, tuple[str, ...]] = {
    9: ("deploy/test_alerts.py::test_a_feed_that_falls_silent_is_an_alarm",),
    29: (
        "unit/correlator/test_quick.py::test_new_rules_are_asked_at_the_next_fact_of_any_kind",
        "unit/referral/test_desk.py::test_what_changed_rules_no_longer_ask_for_is_taken_back_while_the_flag_is_open",
        "unit/backtest/test_lives.py::test_a_rule_in_shadow_is_counted_and_asks_nothing",
    ),
    22: ("unit/referral/test_overdue.py::test_a_breach_fires_once_also_across_a_restart",),
}
"""Tests beside the scenarios, by line: of what is no matter of flags and tasks."""


COUPLE = feed(*PAIR)


def page() -> str:
    """The whole page."""
    parts = [
        "# What real systems get wrong, and what Kithline does",
        "",
        "Each line is held by the scenarios under it (`tests/scenarios`): what is told, in this order and in others, "
        "and which flags and tasks it must end in. Feed events are tried in every order for up to six of them, in "
        "samples beyond, and doubled; answers and ticks stay where they are. Written by "
        "`python -m tests.scenarios.edge_cases`; times are Hong Kong's.",
        "",
        "*The couple*: " + "; ".join(_event(record) for record in COUPLE) + ".",
    ]
    for number, (happens, right) in LINES.items():
        parts += ["", f"## {number}. {happens}", "", f"*{right}.*", ""]
        mine = [scenario for scenario in SCENARIOS if number in scenario.cases]
        if mine:
            parts += ["| scenario | what is told | what comes of it |", "|--|--|--|"]
            parts += [_row(scenario) for scenario in mine]
        parts += [f"Also `tests/{name}`." for name in ELSEWHERE.get(number, ())]
    return "\n".join(parts) + "\n"


def _row(scenario: Scenario) -> str:
    steps = list(scenario.steps)
    told = "<br>".join(["*the couple*", *map(_step, steps[4:])] if steps[:4] == COUPLE else map(_step, steps))
    outcome = [_flag(flag) for flag in scenario.flags] + [_task(task) for task in scenario.tasks]
    outcome += [f"dead letter: {reason}" for reason in scenario.dead]
    return f"| {scenario.name} | {told} | {'<br>'.join(outcome) or 'nothing'} |"


def _flag(flag: Mapping[str, Any]) -> str:
    return f"**flag** {flag.get('rule', '')}{_about(flag)}: {_rest(flag, 'rule')}"


def _task(task: Mapping[str, Any]) -> str:
    return f"**task** {task.get('purpose', '')}{_about(task)}: {_rest(task, 'purpose')}"


def _about(item: Mapping[str, Any]) -> str:
    return f" about {item['who']}" if "who" in item else ""


def _rest(item: Mapping[str, Any], name: str) -> str:
    said = [item["status"]] if "status" in item else []
    said += [f"{key} {_plain(value)}" for key, value in item.items() if key not in (name, "who", "status", "home")]
    return ", ".join(said)


def _step(step: Step) -> str:
    match step:
        case Tick():
            return f"*time: {_when(step.as_of)}*"
        case Release():
            return f"*an officer releases {step.rule} about {step.who}*"
        case Answer():
            said = [step.outcome, *step.findings, step.reason, step.unit]
            words = ", ".join(word for word in said if word)
            return f"*answer to {step.purpose} about {step.who}: {step.action}{f' ({words})' if words else ''}*"
        case Record(topic=topic) if topic != TICKS:
            return _event(step)
    return f"*{type(step).__name__.lower()}: {_plain(getattr(step, 'decision', ''))}*"


def _event(record: Record) -> str:
    said = {name: value.decode() for name, value in record.headers}
    try:
        content = orjson.loads(record.value)
    except orjson.JSONDecodeError:
        content = {"unreadable": True}
    about = NAMES.get(said["ce_subject"], "")
    details = ", ".join(_details(content, said["ce_subject"]))
    return f"{_when(said['ce_time'])} {said['ce_type']}{about and ' '}{about}{f' ({details})' if details else ''}"


_LEFT_OUT = frozenset(
    {"hospital", "household_tenancy_id", "caller_match", "caller_person_id", "basis", "address", "by"}
)


def _details(content: Mapping[str, Any], subject: str) -> Iterator[str]:
    for name, value in content.items():
        if name == "members":
            yield "members " + ", ".join(f"{NAMES[one['person_id']]} {one['birth_year']}" for one in value)
        elif name in ("from_unit", "to_unit"):
            yield f"{name} {value['district']}"
        elif name not in _LEFT_OUT and value not in (False, subject):
            yield f"{name.removesuffix('_id')} {_plain(value)}"


def _plain(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_plain(one) for one in value) or "none"
    if isinstance(value, dict):
        return ", ".join(f"{name} {_plain(one)}" for name, one in value.items())
    text = str(value)
    return NAMES.get(text, _when(text) if text.endswith("Z") and "T" in text else text)


def _when(instant: str) -> str:
    local = parse(instant if len(instant) > 17 else instant[:-1] + ":00Z") + timedelta(hours=8)
    return f"{local.day} {local:%b %H:%M}"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
