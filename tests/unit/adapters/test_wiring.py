"""Which units are simulated, how the others are reached, and what a mistake in that says."""

from pathlib import Path

import pytest

from services.adapters.app import app
from services.adapters.connections import Key, read_connections
from services.adapters.simulated_unit import simulated
from services.directory import Unit
from services.runtime.errors import Problem

POLICY = Path(__file__).parents[3] / "deploy" / "policy"


def unit(name: str, kind: str = "care_team", channel: str = "webhook") -> Unit:
    names = {"en": name, "zh-Hant": name}
    return Unit.model_validate({"id": name, "kind": kind, "name": names, "districts": "all", "channel": channel})


UNITS = [unit("team-1"), unit("team-2"), unit("line", "hotline"), unit("home", "emergency_support", "csv")]


@pytest.mark.parametrize(
    ("words", "chosen"),
    [
        ("", set()),
        (" , ", set()),
        ("all", {"team-1", "team-2", "line", "home"}),
        ("care_team", {"team-1", "team-2"}),
        ("team-2, hotline", {"team-2", "line"}),
        ("team-?", {"team-1", "team-2"}),
        ("all,!team-1", {"team-2", "line", "home"}),
        ("all,!care_team,team-1", {"team-1", "line", "home"}),
    ],
)
def test_who_is_simulated(words: str, chosen: set[str]) -> None:
    assert simulated(words, UNITS) == chosen


@pytest.mark.parametrize("words", ["team-9", "ALL", "all,!team-9"])
def test_a_word_that_fits_nobody_is_a_problem(words: str) -> None:
    with pytest.raises(Problem, match=r"KITHLINE_SIMULATED_UNITS: '.*' fits no unit"):
        simulated(words, UNITS)


GOOD = """\
- units: team-*
  webhook: {url: "https://teams.example.org/{unit}", keys: [{id: k1, env: TEAM_SECRET}]}
- units: line
  webhook: {url: "http://127.0.0.1:8091/", keys: [{id: k1, env: LINE_SECRET}]}
- units: home
  csv: {folder: "{unit}"}
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "channels.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_how_each_unit_is_reached(tmp_path: Path) -> None:
    found = read_connections(write(tmp_path, GOOD), UNITS, [one.id for one in UNITS])
    assert found["team-1"] is found["team-2"]
    assert (found["line"].channel, found["home"].channel) == ("webhook", "csv")


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("units: line", "units: linn", 1, "nothing here says how it is reached"),
        ("- units: line", "- units: nobody-*\n  csv: {}\n- units: line", 3, "no unit's id fits 'nobody-*'"),
        ("csv: {folder", "fhir: {keys: [{id: k, env: K}], folder", 6, "not a word that is known here"),
        ('csv: {folder: "{unit}"}', "fhir: {keys: [{id: k, env: K}]}", 5, "by csv"),
        ("https://teams", "http://teams", 2, "use https"),
        ("https://teams", "ftp://teams", 2, "no address of the web"),
        ("env: TEAM_SECRET", "secret: hunter2", 2, "not a word that is known here"),
        ("{id: k1, env: TEAM_SECRET}", "{id: k1}", 2, "one of the two"),
        ("{id: k1, env: TEAM_SECRET}", "{id: k1, env: A}, {id: k1, env: B}", 2, "same id"),
        (
            '{folder: "{unit}"}',
            '{folder: "{unit}"}\n  fhir: {keys: [{id: k, env: K}]}',
            5,
            "one of webhook, fhir and csv",
        ),
    ],
)
def test_a_mistake_is_one_line_with_file_and_line(tmp_path: Path, old: str, new: str, line: int, words: str) -> None:
    assert old in GOOD
    path = write(tmp_path, GOOD.replace(old, new, 1))
    with pytest.raises(Problem, match=words.replace("*", r"\*")) as caught:
        read_connections(path, UNITS, [one.id for one in UNITS])
    assert f"{path}:{line}:" in str(caught.value)


def test_a_secret_is_read_from_where_it_is_and_is_long_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "secret").write_text("s" * 40 + "\n")
    assert Key(id="k", file=tmp_path / "secret").secret() == b"s" * 40
    monkeypatch.setenv("SHORT", "hunter2")
    with pytest.raises(Problem, match="the environment variable SHORT holds 7 characters") as caught:
        Key(id="k", env="SHORT").secret()
    assert "hunter2" not in str(caught.value)
    with pytest.raises(Problem, match="key k: the environment variable NOT_SET is not set"):
        Key(id="k", env="NOT_SET").secret()
    with pytest.raises(Problem, match="cannot be read"):
        Key(id="k", file=tmp_path / "none").secret()


class TestTheService:
    def test_without_anything_said_it_says_what_to_say(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("KITHLINE_SIMULATED_UNITS", "KITHLINE_ADAPTERS_CHANNELS"):
            monkeypatch.delenv(name, raising=False)
        with pytest.raises(Problem, match=r"hotline-182183, .* take their tasks by webhook, fhir or csv"):
            app()

    def test_units_that_are_all_simulated_need_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("KITHLINE_SIMULATED_UNITS", "all")
        line = app()
        assert [service.processor.name for service in line.processors] == ["adapters"]
        assert list(line.others) == []

    def test_served_units_have_a_book_and_a_door(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        hook = 'webhook: {url: "http://127.0.0.1:8091/", keys: [{id: k1, env: LINE_SECRET}]}'
        monkeypatch.setenv("KITHLINE_ADAPTERS_CHANNELS", str(write(tmp_path, f"- units: hotline-182183\n  {hook}\n")))
        monkeypatch.setenv("KITHLINE_ADAPTERS_STORE", f"sqlite:///{tmp_path / 'book'}")
        monkeypatch.setenv("KITHLINE_SIMULATED_UNITS", "all,!hotline-182183")
        with pytest.raises(Problem, match="KITHLINE_NAMESPACE_KEY is not set"):
            app()
        monkeypatch.setenv("KITHLINE_NAMESPACE_KEY", "ab" * 32)
        with pytest.raises(Problem, match="LINE_SECRET is not set"):
            app()
        monkeypatch.setenv("LINE_SECRET", "not a webhook's secret" * 3)
        with pytest.raises(Problem, match="whsec_"):
            app()
        monkeypatch.setenv("LINE_SECRET", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
        assert set(app().checks) == {"book", "http"}
