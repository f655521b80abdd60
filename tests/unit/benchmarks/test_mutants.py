"""How a sample of mutants is drawn and told."""

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.mutants import Mutant, read_mutants, report, sample_of, undecorated, words_of

NAMES = [f"services.people.person.x_keep__mutmut_{number}" for number in range(100)]


def told(*ends: str, words: Any = None) -> dict[str, Any]:
    tried = [Mutant(name, "services/people/person.py", end) for name, end in zip(NAMES, ends, strict=False)]
    return report(tried, 10_000, "", 1, {name: f"- a\n+ {name}" for name in NAMES}, words or {})


def test_a_seed_draws_the_same_and_another_draws_others() -> None:
    assert sample_of(NAMES, 10, 1) == sample_of(NAMES[::-1], 10, 1)
    assert len(set(sample_of(NAMES, 10, 1))) == 10
    assert sample_of(NAMES, 10, 1) != sample_of(NAMES, 10, 2)
    assert sample_of(NAMES, 0, 1) == sample_of(NAMES, 1_000, 1) == sorted(NAMES)


@pytest.mark.parametrize(
    ("ends", "value", "holds"),
    [
        (["killed"] * 17 + ["survived"] * 3, 0.85, True),
        (["killed"] * 16 + ["timeout"] + ["no tests"] * 3, 0.85, True),
        (["killed"] * 16 + ["no tests"] * 4, 0.8, False),
        (["killed"] * 16 + ["exit code 2"] * 4, 0.8, False),
        ([], None, False),
    ],
)
def test_what_no_test_reaches_was_not_noticed(ends: list[str], value: float | None, holds: bool) -> None:
    said = told(*ends)
    assert (said["noticed"]["value"], said["holds"], said["sample"]) == (value, holds, len(ends))
    assert len(said["not_noticed"]) == sum(end not in ("killed", "timeout") for end in ends)


def test_what_was_written_about_a_mutant_stays_with_its_change() -> None:
    first = told("survived", "survived")
    assert first["verdicts"] == {"not looked at": 2}
    first["not_noticed"][1] |= {"verdict": "equivalent", "word": "the same in every case"}
    again = told("killed", "survived", "survived", words=words_of([first]))
    assert again["verdicts"] == {"equivalent": 1, "not looked at": 1}
    assert again["not_noticed"][0]["word"] == "the same in every case"


def test_names_are_told_as_people_write_them() -> None:
    assert Mutant("services.people.person.x_keep__mutmut_7", "", "").function == "services.people.person.keep"
    method = "services.referral.case.xǁCaseǁtask__mutmut_1"
    assert Mutant(method, "", "").function == "services.referral.case.Case.task"


def test_decorators_are_written_as_calls() -> None:
    source = """@keep("a", reads=B)  # why
@cached
def one(x):
    return x


@frozen
class Two:
    def three(self):
        return 3

    @property
    def four(self):
        return 4


three = 3
"""
    assert (
        undecorated(source)
        == """def one(x):
    return x
one = (cached)(one)
one = (keep('a', reads=B))(one)


class Two:
    def three(self):
        return 3

    def four(self):
        return 4
    four = (property)(four)
Two = (frozen)(Two)


three = 3
"""
    )


def test_what_became_of_each_is_read_from_mutmuts_folder(tmp_path: Path) -> None:
    codes = {"a": 0, "b": 1, "c": None, "d": 33, "e": -24, "f": 2}
    (tmp_path / "services").mkdir()
    (tmp_path / "services/one.py.meta").write_text(json.dumps({"exit_code_by_key": codes}))
    assert [(one.name, one.file, one.end) for one in read_mutants(tmp_path)] == [
        ("a", "services/one.py", "survived"),
        ("b", "services/one.py", "killed"),
        ("c", "services/one.py", ""),
        ("d", "services/one.py", "no tests"),
        ("e", "services/one.py", "timeout"),
        ("f", "services/one.py", "exit code 2"),
    ]
