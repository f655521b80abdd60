"""Who is measured, what their changelogs say, and what happens where one cannot be had."""

import struct
import sys
from pathlib import Path

import pytest

from benchmarks.contenders import CONTENDERS, PEER_VERSIONS
from benchmarks.contenders.entry import Entry
from benchmarks.contenders.environments import environment, pinned
from benchmarks.run import FOLD, chosen, names, warm_up_of
from services.runtime.errors import Problem
from services.runtime.fold import Record
from services.runtime.kafka_dev.jars import pinned_jars
from services.runtime.marker import MARKER_KEY

ROOT = Path(__file__).parents[3]
CHANGELOGS = {
    "kithline": [(MARKER_KEY, b'{"number":3}'), (b"h-1", b'{"count":1}'), (b"h-1", b'{"count":2}')],
    "floor": [(b"h-1", b'{"count":1}'), (b"h-1", b'{"count":2}')],
    "confluent-plain": [(b"h-1", b'{"count":2}')],
    "kafka-streams-exactly-once-memory": [(b"h-1", struct.pack(">q", 1)), (b"h-1", struct.pack(">q", 2))],
    "quix-exactly-once": [(b'h-1|"count"', b"1"), (b'h-1|"count"', b"2")],
    "faust": [(b'"h-1"', b"1"), (b'"h-1"', b"2")],
}


@pytest.mark.parametrize("name", CHANGELOGS)
def test_every_kind_of_changelog_is_read_as_the_same_state(name: str) -> None:
    records = [Record("changelog", key, value) for key, value in CHANGELOGS[name]]
    assert CONTENDERS[name].state(records) == {"h-1": {"count": 2}}


def test_choice_by_job_name_or_both() -> None:
    assert chosen(["count/faust"]) == ([("count", "faust")], [])
    assert {job for job, _ in chosen(["count"])[0]} == {"count"}
    assert {name for _, name in chosen(["faust"])[0]} == {"faust"}
    assert chosen([])[0] == names()
    with pytest.raises(Problem, match="--list"):
        chosen(["flink"])


def test_a_peer_runs_only_the_jobs_it_can() -> None:
    assert ("correlator", "floor") not in names()
    assert {("correlator", "kithline"), ("count", "floor"), ("correlator", FOLD)} <= set(names())


@pytest.mark.parametrize(
    ("longest", "length", "warm_up"), [(1_000_000, 1_000_000, 100_000), (1_000_000, 300_000, 100_000), (1_000, 50, 25)]
)
def test_warm_up_is_the_same_for_who_runs_a_shorter_course(longest: int, length: int, warm_up: int) -> None:
    assert warm_up_of(longest, length) == warm_up


def test_kafka_streams_is_of_a_version_without_the_known_faults() -> None:
    version = tuple(map(int, PEER_VERSIONS["kafka-streams"].split(".")))
    # KAFKA-19748 leaks memory and KAFKA-19479 can lose data before 4.1.2; 4.3.0 is no better
    assert version >= (4, 1, 2)
    assert version != (4, 3, 0)
    of_kafka = {jar.version for jar in pinned_jars("benchmarks.contenders.kafka_streams") if "kafka" in jar.group}
    assert of_kafka == {PEER_VERSIONS["kafka-streams"]}


def test_quix_is_not_the_ancient_one_that_a_resolver_falls_back_to() -> None:
    assert int(PEER_VERSIONS["quixstreams"].split(".")[0]) >= 3


def test_locked_lists_have_a_hash_for_each_package_and_name_no_place() -> None:
    for peer in ("quix", "confluent"):
        text = (ROOT / "benchmarks" / "contenders" / peer / "requirements.txt").read_text()
        packages = [line for line in text.splitlines() if "==" in line]
        assert packages
        assert text.count("--hash=sha256:") >= len(packages)
        assert "://" not in text


def test_a_package_that_is_not_pinned_is_no_version(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("first==1.2 \\\n    --hash=sha256:0\n")
    assert pinned(tmp_path / "requirements.txt", "first") == "1.2"
    with pytest.raises(LookupError):
        pinned(tmp_path / "requirements.txt", "second")


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache folder."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the cache folder is not told by this variable")
def test_an_environment_that_cannot_be_filled_is_a_problem_and_leaves_nothing(tmp_path: Path, own_cache: Path) -> None:
    wanted = tmp_path / "peer" / "requirements.txt"
    wanted.parent.mkdir()
    wanted.write_text("a-package-without-a-hash==1.0\n")  # refused before anything is asked for
    with pytest.raises(Problem, match="peer"):
        environment("peer", wanted)
    assert [path.name for path in (own_cache / "kithline" / "benchmarks").iterdir()] == ["peer.lock"]


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the cache folder is not told by this variable")
def test_an_environment_is_made_once(tmp_path: Path, own_cache: Path) -> None:
    wanted = tmp_path / "requirements.txt"
    wanted.write_text("# nothing\n")
    python = environment("peer", wanted)
    made = python.parents[1].joinpath("pyvenv.cfg").stat().st_ctime_ns
    assert environment("peer", wanted) == python
    assert python.parents[1].joinpath("pyvenv.cfg").stat().st_ctime_ns == made
    assert len([path for path in (own_cache / "kithline" / "benchmarks").iterdir() if path.is_dir()]) == 1


def test_commands_name_the_topics_and_the_run(tmp_path: Path) -> None:
    entry = Entry("count", "in", "out", "run", 4, tmp_path)
    for name in ("kithline", "floor", "faust"):
        assert CONTENDERS[name].command(entry)[-5:] == ["in", "out", "run", "4", str(tmp_path)]
