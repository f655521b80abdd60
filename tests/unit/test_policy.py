"""A wrong policy file is one clear error at start: file, line, what is wrong and how to mend it."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from services.policy import load_clocks, load_directory, load_rules, load_sources
from services.runtime.errors import Problem
from tests.scenarios.memory import POLICY

RULE = "rules/carer-admitted.yaml"


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    """A copy that a test may spoil."""
    return Path(shutil.copytree(POLICY, tmp_path / "policy"))


def load_all(policy: Path) -> None:
    load_rules(policy)
    load_directory(policy)
    load_clocks(policy)
    load_sources(policy)


def line_with(path: Path, text: str) -> int:
    return next(number for number, line in enumerate(path.read_text().splitlines(), 1) if text in line)


def test_the_policy_of_the_repository_is_right(policy: Path) -> None:
    load_all(policy)


MISTAKES = [
    # (name, file, what stands there, what somebody wrote, the text of the line blamed, what the message says)
    ("misspelt word", RULE, "subject: cared", "subjekt: cared", "subjekt:", r"subjekt: is not a word that is known"),
    (
        "unknown fact",
        RULE,
        "fact: carer.cohort",
        "fact: carer.kohort",
        "kohort",
        r"no fact is called 'carer.kohort'; known",
    ),
    (
        "two limits",
        RULE,
        "is: true}\n  - {fact: carer.cohort",
        "is: true, equals: 1}\n  - {fact: carer.cohort",
        "equals: 1",
        r"exactly one of",
    ),
    (
        "no limit",
        RULE,
        "{fact: carer.in_hospital, is: true}",
        "{fact: carer.in_hospital}",
        "{fact: carer.in_hospital}",
        r"exactly one of",
    ),
    (
        "unknown episode",
        RULE,
        "episode: hospital_visit",
        "episode: hospital_stay",
        "episode:",
        r"no episode is called 'hospital_stay'; known",
    ),
    (
        "episode of another subject",
        RULE,
        "subject: cared_for_person",
        "subject: person",
        "id: carer",
        r"is about a cared_for_person",
    ),
    (
        "unknown unit kind",
        RULE,
        "unit: hotline,",
        "unit: hot_line,",
        "unit: hot_line",
        r"unit: Input should be 'hotline'",
    ),
    (
        "unknown priority",
        RULE,
        "priority: urgent, round_the_clock: true}\nthen",
        "priority: soon, round_the_clock: true}\nthen",
        "priority: soon",
        r"priority: Input should be 'stat'",
    ),
    (
        "unknown level",
        RULE,
        "level: high\n  raised_by",
        "level: higher\n  raised_by",
        "level: higher",
        r"level: Input should be 'low'",
    ),
    ("version that is none", RULE, "version: 1", "version: 0", "version: 0", r"version: .*greater than or equal to 1"),
    ("title in one language", RULE, ", zh-Hant: 照顧者入院", "", "title:", r"zh-Hant: is missing; add it"),
    (
        "no clauses",
        RULE,
        "unless:\n  - {fact: cover_confirmed_by_a_person, is: true}",
        "unless: nothing",
        "unless:",
        r"unless: Input should be a valid list",
    ),
    ("broken YAML", RULE, "raises:\n", "raises: [\n", "", r"not YAML"),
    (
        "a key twice",
        RULE,
        "version: 1",
        "version: 1\nversion: 2",
        "version: 2",
        r"'version' occurs twice here; keep one",
    ),
    (
        "a unit without districts",
        "units.yaml",
        "{id: ssp-dscp, kind: disability_support, districts: [SSP]}",
        "{id: ssp-dscp, kind: disability_support}",
        "ssp-dscp",
        r"districts: is missing; add it",
    ),
    (
        "a unit of no kind",
        "units.yaml",
        "{id: ssp-iccmw, kind: mental_wellness",
        "{id: ssp-iccmw, kind: mental",
        "ssp-iccmw",
        r"kind: Input should be",
    ),
    (
        "a unit twice",
        "units.yaml",
        "id: ssp-decc-2",
        "id: ssp-decc-1",
        None,
        r"unit id 'ssp-decc-1' occurs twice; give each",
    ),
    (
        "no clock for a priority",
        "clocks.yaml",
        "asap:",
        "as_soon_as_possible:",
        None,
        r"no clock for asap; each priority needs one",
    ),
    (
        "a clock of no time",
        "clocks.yaml",
        "acknowledge: 1,",
        "acknowledge: 0,",
        "acknowledge: 0",
        r"acknowledge: .*greater than 0",
    ),
    (
        "a source that is no list",
        "sources.yaml",
        "[immigration, swd-register, hd-tenancies]",
        "immigration",
        "deceased",
        r"deceased: ",
    ),
]


@pytest.mark.parametrize(
    ("name", "file", "right", "wrong", "blamed", "says"), MISTAKES, ids=[mistake[0] for mistake in MISTAKES]
)
def test_a_mistake_is_named(
    policy: Path, name: str, file: str, right: str, wrong: str, blamed: str | None, says: str
) -> None:
    path = policy / file
    text = path.read_text()
    assert text.count(right) >= 1, "the policy has changed; so must this mistake"
    path.write_text(text.replace(right, wrong, 1))
    with pytest.raises(Problem, match=says) as caught:
        load_all(policy)
    message = str(caught.value)
    assert "\n" not in message
    if blamed:
        assert message.startswith(f"{path}:{line_with(path, blamed)}: "), message
    else:
        assert message.startswith(f"{path}:"), message


def test_two_rules_of_one_id(policy: Path) -> None:
    shutil.copy(policy / RULE, policy / "rules" / "zz-again.yaml")
    with pytest.raises(Problem, match=r"zz-again\.yaml:1: rule id 'carer-admitted' is used by another file too"):
        load_all(policy)


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda policy: shutil.rmtree(policy / "rules"), r"rules: no rule files .*KITHLINE_POLICY_DIR"),
        (lambda policy: (policy / "units.yaml").unlink(), r"units\.yaml: cannot be read .*KITHLINE_POLICY_DIR"),
        (lambda policy: (policy / RULE).write_bytes(b"id: \xff"), r"carer-admitted\.yaml: is not UTF-8"),
        (lambda policy: (policy / RULE).write_text(""), r"carer-admitted\.yaml:1: "),
    ],
    ids=["no rules", "no units", "not UTF-8", "empty"],
)
def test_a_file_that_cannot_be_read(policy: Path, spoil: Callable[[Path], object], says: str) -> None:
    spoil(policy)
    with pytest.raises(Problem, match=says):
        load_all(policy)


def test_plain_words_are_those_of_yaml_1_2(policy: Path) -> None:
    """YAML 1.1 reads `on`, `no` and days as something else than what people wrote."""
    (rule,) = (rule for rule in load_rules(policy) if rule.id == "carer-admitted")
    assert [step.on for step in rule.then] == ["no_arrangement", "unreachable"]
    strain = next(rule for rule in load_rules(policy) if rule.id == "carer-strain")
    assert strain.examples[0].given[0]["at"] == "2026-07-02"
