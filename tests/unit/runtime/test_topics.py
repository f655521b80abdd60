"""The table of topics: this checkout's, and what is said about a wrong one."""

from pathlib import Path

import pytest

from services.book import taking
from services.desk.beside import BESIDE
from services.runtime.errors import Problem
from services.runtime.topics import load_topics, topics
from services.vault import vault

_BOOK = frozenset(taking.TOPICS)

_GOOD = """\
defaults: {partitions: 4, cleanup: delete, retention_days: 35}
topics:
  - {name: a.feed, key: person, kind: feed, model: events, owner: somebody, read: [one]}
  - {name: b.facts, key: person, kind: inner, model: Fact, owner: one, write: [one], read: [two], retention_days: 400}
  - {name: changelog.one, key: state, kind: changelog, owner: one, cleanup: compact}
why: {feed: "to be sent again after a fault", inner: "to see how it came about", changelog: "as long as it is held"}
"""


def _read_by(name: str) -> set[str]:
    return {topic.name for topic in topics().values() if name in topic.read}


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "topics.yaml"
    path.write_text(_GOOD)
    return path


def _change(table: Path, old: str, new: str) -> Path:
    assert old in table.read_text()
    table.write_text(table.read_text().replace(old, new))
    return table


def test_rows_take_over_the_defaults(table: Path) -> None:
    loaded = load_topics(table)
    assert [*loaded] == ["a.feed", "b.facts", "changelog.one"]
    assert loaded["a.feed"].configuration == {"cleanup.policy": "delete", "retention.ms": str(35 * 86_400_000)}
    assert loaded["b.facts"].retention_days == 400


def test_a_compacted_topic_inherits_no_retention(table: Path) -> None:
    changelog = load_topics(table)["changelog.one"]
    assert changelog.retention_days is None
    assert changelog.configuration["cleanup.policy"] == "compact"


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("key: person, kind: feed", "key: person, kind: food", 3, "kind"),
        ("owner: one, write", "owners: one, write", 4, "owner"),
        ("retention_days: 400", "retention_days: 0", 4, "retention_days"),
        ("partitions: 4,", "partitions: many,", 1, "partitions"),
        ("name: b.facts", "name: B Facts", 4, "name"),
        ("read: [one]}", "read: [one]", 4, "not YAML"),
        ("name: b.facts", "name: a.feed", 4, "twice"),
        ("cleanup: compact", "cleanup: compact, partitions: 3", 5, "one uses both"),
    ],
)
def test_a_wrong_table_is_one_problem_that_names_the_line(
    table: Path, old: str, new: str, line: int, words: str
) -> None:
    with pytest.raises(Problem, match=words) as caught:
        load_topics(_change(table, old, new))
    assert f"{table}:{line}:" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_table_is_a_problem(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="cannot be read"):
        load_topics(tmp_path / "none.yaml")


def test_every_reader_and_writer_of_the_table_is_a_processor_or_known() -> None:
    """Names in the table that nothing answers to would make the picture of the flow wrong."""
    from services.line import line_processors
    from services.runtime.settings import BESIDE_THE_LINE, Settings

    processors = {processor.name for processor in line_processors(Settings().policy_dir, units=True)}
    known = {*processors, *BESIDE_THE_LINE, "clock", "cli"}
    for topic in topics().values():
        assert {*topic.read, *topic.write} <= known, topic.name


def test_every_processor_reads_and_writes_what_the_table_says() -> None:
    from services.line import line_processors
    from services.runtime.settings import Settings

    table = topics()
    for processor in line_processors(Settings().policy_dir, units=True):
        assert processor.changelog in table
        for name in processor.inputs:
            assert processor.name in table[name].read, f"{processor.name} reads {name}"
        for name in processor.outputs:
            assert processor.name in table[name].write, f"{processor.name} writes {name}"
        read = _read_by(processor.name) - (_BOOK if processor.name == "adapters" else set())
        written = {name for name, topic in table.items() if processor.name in topic.write} - {"dead.letters"}
        assert read == {*processor.inputs} - (_BOOK if processor.name == "adapters" else set())
        assert written == {*processor.outputs} - {"dead.letters"}


def test_who_has_a_store_reads_what_the_table_says() -> None:
    """The adapters' book stands beside their processor, and reads under the same name; no flags."""
    assert _read_by("adapters") >= _BOOK
    assert "risk.flags" not in _read_by("adapters")
    assert _read_by("desk") == {*_BOOK, *BESIDE.topics}
    assert _read_by("vault") == {*vault.TOPICS}


def test_every_topic_says_how_long_and_why() -> None:
    for topic in topics().values():
        assert topic.why, topic.name
        assert (topic.retention_days is None) == (topic.cleanup == "compact"), topic.name


def test_a_kind_without_a_reason_to_be_kept_is_named(table: Path) -> None:
    with pytest.raises(Problem, match=r"topics\.yaml:4: .*of kind inner, and `why` does not say"):
        load_topics(_change(table, 'inner: "to see how it came about", ', ""))


def test_what_was_removed_from_a_changelog_leaves_the_disk_within_a_day() -> None:
    day = str(24 * 3600 * 1000)
    for topic in topics().values():
        if topic.kind == "changelog":
            assert topic.configuration["max.compaction.lag.ms"] == day
            assert int(topic.configuration["segment.ms"]) < int(day)
