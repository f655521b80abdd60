"""The judge of `kithline chaos` finds what was lost, doubled or changed; and nothing where nothing was."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace

import orjson
import pytest
from aiokafka import TopicPartition

from contracts.control import Tick
from contracts.instants import plus
from services.chaos.feed import arrivals, identity
from services.chaos.history import Restored
from services.chaos.judge import Verdict, judge
from services.chaos.plan import Plan
from services.line import line_processors
from services.runtime.fold import Record
from services.runtime.marker import MARKER_KEY
from services.runtime.settings import Settings
from services.runtime.store import PackedStore
from tests.unit.chaos.small_line import SmallLine

PLAN = Plan(seconds=20, kill_every=5, workers=3, nodes=1, rate=12, seed=11, session=10)
WRITTEN = ("person.facts", "address.facts", "household.facts", "risk.flags", "referral.tasks", "referral.updates")
WRITTEN += ("dead.letters",)
STAMP = 1_700_000_000_000


def tick(topic: str, as_of: str, stamp: int) -> Record:
    return Record(topic, b"0", Tick(as_of=as_of).model_dump_json().encode(), timestamp=stamp)


def lived() -> SmallLine:
    """A line that has taken a feed with ticks in between, so that units answered too."""
    line = SmallLine(line_processors(Settings().policy_dir, units=True))
    records, instants = arrivals(PLAN)
    for start in range(0, len(records), 40):
        stamp = STAMP + start
        line.feed(replace(r, timestamp=stamp + n) for n, r in enumerate(records[start : start + 40]))
        _reveal(line, instants[min(start + 39, len(records) - 1)], stamp + 41)
    for days in range(1, 4):
        _reveal(line, plus(instants[-1], days=days), STAMP + len(records) + days)
    return line


def _reveal(line: SmallLine, as_of: str, stamp: int) -> None:
    for topic in ("clock.ticks", "units.ticks"):
        line.feed([tick(topic, as_of, stamp)])
        line.fed.ticks[topic].append(as_of)


@pytest.fixture(scope="module")
def sound() -> SmallLine:
    return lived()


def judged(line: SmallLine) -> Verdict:
    return judge(line.history(), line.processors, line.fed)


def found(verdict: Verdict) -> tuple[bool, bool, bool]:
    return bool(verdict.missing), bool(verdict.repeated), bool(verdict.state_differs)


def test_a_sound_line_is_found_sound(sound: SmallLine) -> None:
    verdict = judged(sound)
    assert verdict.missing == verdict.repeated == verdict.state_differs == []
    assert sum(feed.inputs for feed in verdict.feeds.values()) == PLAN.inputs
    # the story holds what can go wrong: duplicates, dead letters, tasks that were answered
    assert sum(feed.duplicates for feed in verdict.feeds.values())
    assert sum(feed.dead for feed in verdict.feeds.values())
    assert sound.logs["referral.updates"]


def _log(line: SmallLine, topic: str) -> list[Record]:
    """The fullest of the topics that are named so: not every kind of unit was asked for anything."""
    return max((log for name, log in line.logs.items() if name.startswith(topic)), key=len)


@pytest.mark.parametrize("topic", [*WRITTEN, "hospital.admissions", "clock.ticks"])
def test_a_lost_record_is_missing(sound: SmallLine, topic: str) -> None:
    line = deepcopy(sound)
    del _log(line, topic)[-1]
    assert judged(line).missing


@pytest.mark.parametrize("topic", [*WRITTEN, "hospital.admissions"])
def test_a_doubled_record_is_repeated(sound: SmallLine, topic: str) -> None:
    line = deepcopy(sound)
    log = _log(line, topic)
    log.append(log[-1])
    assert judged(line).repeated


def _other_value(line: SmallLine, topic: str) -> None:
    log = line.logs[topic]
    at = max(at for at, record in enumerate(log) if record.key != MARKER_KEY and record.value)
    store = PackedStore()
    store.load(log[at].key.decode(), log[at].value)
    ((key, value),) = store.items()
    wrong = PackedStore(lambda _: None)
    wrong.put(key, {**value, "wrong": 1})
    ((_, packed),) = wrong.changes()
    log[at] = replace(log[at], value=packed or b"")


def _no_marker(line: SmallLine, topic: str) -> None:
    at = max(at for at, record in enumerate(line.logs[topic]) if record.key == MARKER_KEY)
    del line.logs[topic][at]


def _no_state(line: SmallLine, topic: str) -> None:
    at = max(at for at, record in enumerate(line.logs[topic]) if record.key != MARKER_KEY)
    del line.logs[topic][at]


def _twice(line: SmallLine, topic: str) -> None:
    """The last transaction's changelog records once more, as a batch that was committed twice would leave them."""
    log = line.logs[topic]
    *_, start = (at for at, record in enumerate(log[:-1]) if record.key == MARKER_KEY)
    line.logs[topic] += log[start + 1 :]


@pytest.mark.parametrize("spoil", [_other_value, _no_marker, _no_state, _twice])
@pytest.mark.parametrize("processor", ["admission", "people", "correlator", "referral", "adapters"])
def test_a_wrong_changelog_is_a_state_that_differs(
    sound: SmallLine, spoil: Callable[[SmallLine, str], None], processor: str
) -> None:
    line = deepcopy(sound)
    spoil(line, f"changelog.{processor}")
    assert judged(line).state_differs


def test_a_wrong_restore_is_a_state_that_differs(sound: SmallLine) -> None:
    history = sound.history()
    place = TopicPartition("changelog.people", 0)
    values = dict(history.restored[place].values)
    values.pop(max(values))
    history.restored[place] = Restored(values, history.restored[place].marker)
    assert found(judge(history, sound.processors, sound.fed)) == (False, False, True)


@pytest.mark.parametrize(("by", "verdict"), [(-1, (True, False, False)), (1, (False, True, False))])
def test_a_position_that_is_not_the_end_is_told(sound: SmallLine, by: int, verdict: tuple[bool, bool, bool]) -> None:
    history = sound.history()
    place = TopicPartition("household.facts", 0)
    position, metadata = history.committed["correlator"][place]
    history.committed["correlator"][place] = (position + by, metadata)
    assert found(judge(history, sound.processors, sound.fed)) == verdict


def test_a_feed_record_may_be_there_or_not_only_where_its_sending_is_in_doubt(sound: SmallLine) -> None:
    line = deepcopy(sound)
    last = identity(line.logs["hotline.contacts"][-1])
    line.fed.acknowledged[last] -= 1
    assert judged(line).repeated
    line.fed.doubtful[last] += 1
    assert judged(line).good


def test_another_order_of_two_inputs_is_no_fault(sound: SmallLine) -> None:
    """A tick that was taken before facts that are older than it: a batch of its own that changed nothing."""
    line = SmallLine(line_processors(Settings().policy_dir, units=True), batch=1)
    records, instants = arrivals(PLAN)
    line.feed([tick("clock.ticks", instants[-1], STAMP + 10**6)])
    line.fed.ticks["clock.ticks"].append(instants[-1])
    line.feed(replace(record, timestamp=STAMP + number) for number, record in enumerate(records))
    verdict = judged(line)
    assert verdict.good, (verdict.missing[:3], verdict.repeated[:3], verdict.state_differs[:3])
    assert orjson.loads(line.logs["risk.flags"][-1].value)["as_of"] == instants[-1]
