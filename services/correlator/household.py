"""The correlator's fold: merges what origins say of a household, decides, and publishes flag revisions. Pure.

State per household: the latest projection of every origin, every flag as it was last published, and when the
household must be looked at again though nothing comes in:

    {"origins": {"p-…": {"revision": 3, "facts": {"cohort": [fact, …], …}}}, "flags": {flag id: flag},
     "due": instant or null, "rules": hash of the rules that were asked last}
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from contracts.flags import OPEN, UNLINKED
from contracts.instants import EPOCH
from services.correlator.compiled import Ruleset
from services.correlator.decided import next_end
from services.correlator.episodes import flag_of
from services.correlator.evaluate import Decision, Sight, at_rest, evaluate, why_not
from services.correlator.kinds import EVERYTHING, Kinds, by_kind, changed
from services.correlator.projections import projection_of
from services.correlator.revision import Heir, erased, gone, headers, is_about, revised, unlinked
from services.correlator.rules import LEVELS, Rule
from services.correlator.view import Household, Precedence
from services.runtime.fold import TICKS, Processor, Record, Turn, Value

__all__ = ["correlator", "due", "make_correlate"]

EMPTY: Value = {"origins": {}, "flags": {}, "due": None, "rules": None}


def correlator(rules: Sequence[Rule], precedence: Precedence, thorough: bool = False) -> Processor:
    """The processor over `household.facts` and ticks, for the rules in force. `thorough`: see `Ruleset`.

    After a change of the rules every household is looked at again at the first tick: flags follow from rules and facts,
    not from when a fact last came in."""
    ruleset = Ruleset(rules, thorough)
    correlate, wake = make_correlate(ruleset, precedence)

    def due_by_rules(state: Value) -> str | None:
        return due(state) if state["rules"] == ruleset.hash else EPOCH

    return Processor(
        "correlator",
        ("household.facts", TICKS),
        ("risk.flags", "dead.letters"),
        correlate,
        due_by_rules,
        wake,
    )


def due(state: Value) -> str | None:
    """When a household's flags may change by time alone. Never too late; too early where what was waited for has been
    overtaken by other facts."""
    instant: str | None = state["due"]
    return instant


def make_correlate(
    ruleset: Ruleset, precedence: Precedence
) -> tuple[Callable[[Record, Turn], None], Callable[[str, Turn], None]]:
    """The fold and the waking, with the rules bound."""

    def correlate(record: Record, turn: Turn) -> None:
        projection = projection_of(record)
        household_id = projection["household_id"]
        state = turn.get(household_id) or EMPTY
        origin, facts = projection["origin"], by_kind(projection["facts"])
        known = state["origins"].get(origin)
        if known is not None and known["revision"] >= projection["revision"]:
            turn.duplicate = True
            return
        kinds = changed(known["facts"] if known is not None else {}, facts)
        if "erased" in projection:
            forget(household_id, origin, state, kinds, turn)
            return
        said = {"revision": projection["revision"], "facts": facts}
        look(household_id, {**state["origins"], origin: said}, state, kinds, turn)

    def forget(household_id: str, person: str, state: Value, kinds: Kinds, turn: Turn) -> None:
        """Drops what a person's keeper told, and the flags about the person, each with a last word to whoever follows
        it up; then the rules look at what is left."""
        flags = {}
        for flag_id, flag in sorted(state["flags"].items()):
            if is_about(person, flag):
                last = erased(flag, turn.as_of)
                turn.emit("risk.flags", household_id, last, headers(last))
            else:
                flags[flag_id] = {**flag, "linked": [ids for ids in flag["linked"] if person not in ids]}
        origins = {origin: said for origin, said in state["origins"].items() if origin != person}
        if flags or any(said["facts"] for said in origins.values()):
            look(household_id, origins, {**state, "flags": flags}, kinds, turn)
        else:
            turn.put(household_id, None)

    def wake(household_id: str, turn: Turn) -> None:
        state = turn.get(household_id)
        if state is not None:
            look(household_id, state["origins"], state, EVERYTHING, turn)

    def look(household_id: str, origins: Value, state: Value, changed: Kinds, turn: Turn) -> None:
        """Asks the rules that read what has changed; all of them where there is a flag, since a flag says of every
        rule why it does not fire."""
        flags, due = state["flags"], state["due"]
        told = {origin: facts for origin in sorted(origins) if (facts := origins[origin]["facts"])}
        known = frozenset().union(*told.values())
        if state["rules"] != ruleset.hash or (due is not None and due <= turn.as_of):
            changed, due = EVERYTHING, None
        concerned = ruleset.concerned(changed, known)
        if concerned or (flags and ruleset.may_be_news(changed, known)):
            household = Household(household_id, told, known, precedence)
            sight = Sight(household, turn.as_of)
            if not flags and (rest := at_rest(concerned, sight)) is not None:
                due = _earlier(due, rest.until)
            else:
                decisions = evaluate(ruleset.concerned(EVERYTHING, known), sight)
                flags = publish(flags, decisions, sight, turn)
                untils = (*(one.until for one in decisions), next_end(household, turn.as_of))
                due = min([until for until in untils if until is not None], default=None)
            for rule in household.faults:
                turn.count(rule, "error")
        turn.put(household_id, {"origins": origins, "flags": flags, "due": due, "rules": ruleset.hash})

    def publish(before: Value, decisions: Sequence[Decision], sight: Sight, turn: Turn) -> Value:
        """All flags of the household, those with news published."""
        flags, household = dict(before), sight.household
        ids = {(flag["typology"], flag["subject"], flag["episode"]): flag_id for flag_id, flag in flags.items()}
        kept: dict[str, Decision] = {}
        for name, decision in _one_for_each_flag(decisions).items():
            if name in ids:
                kept[ids[name]] = decision
            elif decision.fires:
                kept[flag_of(household.id, *name)] = decision
        if left := [name for name in sorted(flags.keys() - kept.keys()) if flags[name]["status"] in _STANDING]:
            # Before its heir: whoever reads that must know by then whose tasks it inherits.
            heirs = _heirs(kept)
            for flag_id in left:
                heir = heirs.get(flag_id)
                if _speaks(flags[flag_id], heir, household):
                    last = flags[flag_id] = gone(flags[flag_id], turn.as_of, household, heir, ruleset.patterns)
                    turn.emit("risk.flags", household.id, last, headers(last))
        for flag_id, decision in kept.items():
            others = partial(why_not, decisions, decision)
            if (now := revised(decision, flag_id, flags.get(flag_id), ruleset.hash, others)) is not None:
                flags[flag_id] = now
                turn.emit("risk.flags", household.id, now, headers(now))
                for judged in decision.every:
                    if judged.verdict != "error":  # those are counted whether anything is published or not
                        turn.count(decision.rule.rule.id, judged.verdict)
        return flags

    return correlate, wake


_STANDING = OPEN | {"closed", "retracted"}


def _speaks(flag: Value, heir: Heir | None, household: Household) -> bool:
    """Whether a flag that nothing calls for any more has to say so: an open one, or what would have been one (a rule in
    shadow); a closed one whose answer is another flag's now, or that was raised over facts of two persons who counted
    as one."""
    if flag["status"] in OPEN or flag["status"] == "shadow":
        return True
    if heir is not None:
        return bool(heir.answered == flag["flag_id"])
    return flag["cause"] != UNLINKED and unlinked(flag, household)


def _heirs(kept: Mapping[str, Decision]) -> dict[str, Heir]:
    """The flag that tells a need now, by every other id under which it may have been told."""
    return {
        former: Heir(
            flag_id, decision.candidate.subject, None if (fact := decision.candidate.answer) is None else fact["key"]
        )
        for flag_id, decision in kept.items()
        for former in decision.candidate.flags_of(decision.rule.pattern)
        if former not in kept
    }


def _one_for_each_flag(decisions: Sequence[Decision]) -> dict[tuple[str, str, str], Decision]:
    """The decision that counts for each (typology, subject, episode). Two carers of one person may come under one visit
    id (a source's mistake, mostly), and several rules may share a typology: what calls for contact prevails, of several
    such the highest level, else the last."""
    counting: dict[tuple[str, str, str], Decision] = {}
    for decision in decisions:
        name = (decision.rule.pattern, decision.candidate.subject, decision.candidate.episode)
        before = counting.get(name)
        if before is None or _weight(decision) >= _weight(before):
            counting[name] = decision
    return counting


def _weight(decision: Decision) -> int:
    return 1 + LEVELS.index(decision.level) if decision.fires else 0


def _earlier(one: str | None, other: str | None) -> str | None:
    return min(one, other) if one is not None and other is not None else one or other
