"""Which households a wave releases, and in which order."""

from functools import cache

from contracts.control import OfficerDecision
from contracts.flags import Flag
from services.line import Line
from services.referral.waves import candidates, choose, decision_record, decisions_for, next_wave
from tests.scenario import expand
from tests.scenarios.memory import processors, run_in_memory, take
from tests.scenarios.model import Ends

AT = "2026-07-31T02:00:00.000Z"
ALONE = [{"type": "housing.tenancy_started", "tenancy": "T1", "members": {"anna": 1948}}]


@cache
def base() -> Flag:
    """The one flag of somebody who lives alone."""
    (raised,) = run_in_memory(expand(ALONE)).flags.values()
    return Flag.model_validate(raised)


def flag(name: str, **changes: object) -> Flag:
    return base().model_copy(update={"flag_id": name, "household_id": f"h-{name}", **changes})


def released(one: Flag, wave: str = "w-1") -> OfficerDecision:
    return OfficerDecision.model_construct(flag_id=one.flag_id, wave=wave, at=AT)


def test_the_most_pressing_come_first() -> None:
    flags = [
        flag("c", level="medium", received_at="2026-07-01T00:00:00.000Z"),
        flag("b", level="medium", received_at="2026-07-01T00:00:00.000Z"),
        flag("d", level="medium", received_at="2026-06-01T00:00:00.000Z"),
        flag("a", level="high", received_at="2026-07-09T00:00:00.000Z"),
        flag("e", level="very_high", received_at="2026-07-10T00:00:00.000Z"),
    ]
    for given in (flags, flags[::-1]):
        assert [one.flag_id for one in candidates(given, [])] == ["e", "a", "d", "b", "c"]


def test_who_waits() -> None:
    waiting, gone = flag("waiting"), flag("gone")
    at_once = [ask.model_copy(update={"release": "at_once"}) for ask in base().asks]
    flags = [
        waiting,
        gone,
        gone.model_copy(update={"revision": 2, "status": "retracted"}),
        flag("known-already", status="acknowledged"),
        flag("on-trial", status="shadow"),
        flag("released"),
        flag("no-list", asks=at_once),
        flag("another", typology="other-list"),
    ]
    decisions = [released(flag("released"))]
    assert candidates(flags, decisions, "little-support") == [waiting]
    assert [one.flag_id for one in candidates(flags, decisions)] == ["another", "waiting"]
    # an older revision that arrives late changes nothing
    assert candidates([flags[2], gone, waiting], decisions) == [waiting]


def test_a_wave_is_as_large_as_was_asked_for() -> None:
    places = {"a": "SSP", "b": "KTS", "c": "SSP", "d": None}
    waiting = candidates([flag(name, district=place) for name, place in places.items()], [])
    assert [one.flag_id for one in choose(waiting, "SSP", 1)] == ["a"]
    assert [one.flag_id for one in choose(waiting, "SSP", 9)] == ["a", "c"]
    assert [one.flag_id for one in choose(waiting, None, 3)] == ["a", "b", "c"]


def test_waves_are_numbered() -> None:
    taken = [released(base(), "little-support-SSP-1"), released(base(), "little-support-1")]
    assert next_wave("little-support", "SSP", taken) == "little-support-SSP-2"
    assert next_wave("little-support", "KTS", taken) == "little-support-KTS-1"
    assert next_wave("little-support", None, taken) == "little-support-2"


def test_a_release_makes_a_task_whose_clocks_start_then_and_twice_is_once() -> None:
    line = Line(processors(), AT)
    ends = run_in_memory(expand(ALONE), line=line)
    assert ends.tasks == {}
    chosen = choose(candidates([Flag.model_validate(raw) for raw in ends.flags.values()], []), "SSP", 5)
    first, again = (decisions_for(chosen, "district-officer", wave, AT) for wave in ("w-1", "w-2"))
    assert [one.decision_id for one in first] == [one.decision_id for one in again]
    _release(line, first, ends)
    (task,) = ends.tasks.values()
    assert (task["unit_kind"], task["requested_at"], task["revision"]) == ("care_team", AT, 1)
    _release(line, again, ends)
    assert list(ends.tasks.values()) == [task]
    assert ends.dead == []


def _release(line: Line, decisions: list[OfficerDecision], ends: Ends) -> None:
    for decision in decisions:
        take(line, decision_record(decision), ends)
