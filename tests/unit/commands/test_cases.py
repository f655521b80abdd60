"""`kithline explain` on a file: what is found by which id, and what is said where nothing is."""

from collections import Counter
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from services.commands import explain, replay
from services.commands.explain import read_cases
from services.explanation.cases import Cases
from services.runtime.errors import Problem
from services.runtime.lines import write_lines
from tests.scenario import expand, person

GIVEN = [
    {"type": "housing.tenancy_started", "tenancy": "T1", "members": {"anna": 1948, "ben": 1946}},
    {"type": "register.care_relationship_asserted", "subject": "anna", "cared_for": "ben", "group": "elderly"},
    {"type": "register.cohort_asserted", "subject": "anna", "cohort": "allowance_carers_of_elderly"},
    {"type": "hospital.admitted", "subject": "anna", "visit": "V1"},
]


@pytest.fixture(scope="module")
def app() -> typer.Typer:
    app = typer.Typer()
    explain.register(app)
    replay.register(app)
    return app


@pytest.fixture(scope="module")
def replayed(app: typer.Typer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("replayed")
    write_lines(folder / "feed.jsonl", expand(GIVEN))
    out = folder / "out.jsonl"
    done = CliRunner().invoke(app, ["replay", str(folder / "feed.jsonl"), "--out", str(out)])
    assert done.exit_code == 0, done.output
    return out


def run(app: typer.Typer, *arguments: str) -> str:
    result = CliRunner().invoke(app, ["explain", *arguments])
    if isinstance(result.exception, Problem):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.stdout


def test_a_flag_by_its_id_or_a_prefix_in_both_languages(app: typer.Typer, replayed: Path) -> None:
    cases = read_cases(replayed)
    (flag,) = [name for name, revisions in cases.flags.items() if revisions[-1]["rule"] == "carer-admitted"]
    text = run(app, flag, "--from", str(replayed))
    assert text.startswith("A carer has been admitted to hospital\n")
    assert text == run(app, flag[:6], "--from", str(replayed))
    assert "\x1b" not in text
    chinese = run(app, flag, "--from", str(replayed), "--lang", "zh-Hant")
    assert chinese.startswith("照顧者入院\n")
    assert "［符合］ 照顧者正在住院" in chinese


def test_a_task_is_told_with_its_flag(app: typer.Typer, replayed: Path) -> None:
    (task,) = read_cases(replayed).tasks
    text = run(app, task, "--from", str(replayed))
    assert text.startswith("Carer hotline: find out whether care at home is arranged\n")
    assert f"Task: {task}" in text
    assert "[met] The carer is in hospital" in text


def test_a_person_or_household_has_all_its_flags(app: typer.Typer, replayed: Path) -> None:
    assert run(app, person("ben"), "--from", str(replayed)).startswith("A carer has been admitted")
    cases = read_cases(replayed)
    (household,) = {revisions[-1]["household_id"] for revisions in cases.flags.values()}
    text = run(app, household, "--from", str(replayed))
    assert text.count("\nWhy\n") == 2
    assert text.index("Level: very high") < text.index("Level: high")


def test_an_unknown_id_says_what_was_searched(app: typer.Typer, replayed: Path) -> None:
    with pytest.raises(
        Problem, match=r"nothing is known of 0123456789 in .*out\.jsonl \(2 flags and 1 tasks searched\)"
    ):
        run(app, "0123456789", "--from", str(replayed))
    flag = next(iter(read_cases(replayed).flags))
    with pytest.raises(Problem, match="nothing is known of"):
        run(app, flag[:5], "--from", str(replayed))


def test_a_prefix_of_several_ids_is_refused() -> None:
    cases = Cases("here")
    for name in ("abcdef-1", "abcdef-2"):
        cases.add_flag({"flag_id": name, "revision": 1, "subject": "p-1", "household_id": "h-1"})
    with pytest.raises(Problem, match="2 ids in here begin with abcdef: abcdef-1, abcdef-2"):
        cases.find("abcdef")


def test_revisions_may_come_in_any_order_and_multiplicity() -> None:
    cases = Cases("here")
    for revision in (2, 1, 3, 2):
        cases.add_flag({"flag_id": "flag-1", "revision": revision, "subject": "p-1", "household_id": "h-1"})
        cases.add_task({"task_id": "task-1", "revision": revision, "flag_id": "flag-1"})
    (case,) = cases.find("flag-1")
    assert Counter(flag["revision"] for flag in case.history) == {1: 1, 2: 1, 3: 1}
    assert case.flag is not None
    assert case.flag["revision"] == 3
    assert case.tasks[0]["revision"] == 3
    cases.add_task({"task_id": "task-2", "revision": 1, "flag_id": "flag-elsewhere"})
    (alone,) = cases.find("task-2")
    assert alone.flag is None


def test_a_file_of_another_kind_is_refused(app: typer.Typer, replayed: Path, tmp_path: Path) -> None:
    with pytest.raises(Problem, match=r"feed\.jsonl:1: neither a flag nor a task"):
        run(app, "whatever", "--from", str(replayed.with_name("feed.jsonl")))
    with pytest.raises(Problem, match="cannot read"):
        run(app, "whatever", "--from", str(tmp_path / "missing.jsonl"))
