"""A wrong policy file is one clear error at start: file, line, what is wrong and how to mend it."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from services.commands.policy import mistakes
from services.policy import load_clocks, load_directory, load_rules, load_sources
from services.runtime.errors import Problem
from tests.scenarios.memory import POLICY

RULE = "rules/carer-admitted.yaml"


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    """A small policy that a test may spoil. Not the department's: that one changes, and mistakes stay the same."""
    return Path(shutil.copytree(Path(__file__).parent / "sound_policy", tmp_path / "policy"))


def load_all(policy: Path) -> None:
    load_rules(policy)
    load_directory(policy)
    load_clocks(policy)
    load_sources(policy)


def line_with(path: Path, text: str, again: bool = False) -> int:
    """The line with this text, or the second one."""
    return [number for number, line in enumerate(path.read_text().splitlines(), 1) if text in line][again]


def test_the_policy_of_the_repository_is_right(policy: Path) -> None:
    load_all(policy)
    load_all(POLICY)


SECOND = "(the second line with what somebody wrote)"

MISTAKES = [
    # (name, file, what stands there, what somebody wrote, the text of the line blamed, what the message says)
    (
        "misspelt word",
        RULE,
        "subject: cared",
        "subjekt: cared",
        "subjekt:",
        r"subjekt: is not a word that is known here; did you mean 'subject'\?",
    ),
    (
        "unknown fact",
        RULE,
        "fact: carer.cohort",
        "fact: carer.kohort",
        "kohort",
        r"no fact is called 'carer.kohort'; did you mean 'carer.cohort'\?",
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
        r"no episode is called 'hospital_stay'; did you mean 'hospital_visit'\?",
    ),
    (
        "episode of another subject",
        RULE,
        "subject: cared_for_person",
        "subject: person",
        "subject: person",
        r"subject: episode 'hospital_visit' is about a cared_for_person, but subject is 'person'; change one",
    ),
    (
        "unknown unit kind",
        RULE,
        "unit: hotline,",
        "unit: hot_line,",
        "unit: hot_line",
        r"unit: did you mean 'hotline'\? Input should be",
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
        r"level: did you mean 'high'\? Input should be 'low'",
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
        "{id: ssp-dscp, kind: disability_support, name: {en: ssp-dscp, zh-Hant: 單位}, districts: [SSP]}",
        "{id: ssp-dscp, kind: disability_support, name: {en: ssp-dscp, zh-Hant: 單位}}",
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
        SECOND,
        r"unit id 'ssp-decc-1' occurs twice; give each",
    ),
    (
        "a unit of an unknown district",
        "units.yaml",
        "zh-Hant: 單位}, districts: [SSP], sub_districts: [SSP-WEST]}",
        "zh-Hant: 單位}, districts: [SPP], sub_districts: [SSP-WEST]}",
        "id: ssp-care-team-01",
        r"ssp-care-team-01: districts.yaml has no district 'SPP'; did you mean 'SSP'\?",
    ),
    (
        "a unit of an unknown sub-district",
        "units.yaml",
        "sub_districts: [SSP-WEST]}",
        "sub_districts: [SSP-WETS]}",
        "id: ssp-care-team-01",
        r"ssp-care-team-01: its districts have no sub-district 'SSP-WETS'; did you mean 'SSP-WEST'\?",
    ),
    (
        "a unit of an unknown estate",
        "units.yaml",
        "estates: [PAK-TIN]}",
        "estates: [PAK-TAN]}",
        "id: ssp-care-team-02",
        r"ssp-care-team-02: its districts have no estate 'PAK-TAN'; did you mean 'PAK-TIN'\?",
    ),
    (
        "a unit for the territory and for a part of it",
        "units.yaml",
        "districts: [SSP], sub_districts: [SSP-WEST]}",
        "districts: all, sub_districts: [SSP-WEST]}",
        "id: ssp-care-team-01",
        r"ssp-care-team-01: serves the territory, and parts of it; name the districts",
    ),
    (
        "a unit for no district",
        "units.yaml",
        "districts: [SSP], sub_districts: [SSP-WEST]}",
        "districts: []}",
        "id: ssp-care-team-01",
        r"ssp-care-team-01: serves no district; name some, or write all",
    ),
    (
        "unknown service hours of a unit",
        "units.yaml",
        "sub_districts: [SSP-WEST]}",
        "sub_districts: [SSP-WEST], hours: offices}",
        "id: ssp-care-team-01",
        r"ssp-care-team-01: hours.yaml has no table 'offices'; did you mean 'office'\?",
    ),
    (
        "unknown service hours of a kind of units",
        "units.yaml",
        "care_team: {hours: office,",
        "care_team: {hours: ofice,",
        "hours: ofice",
        r"ssp-care-team-01: hours.yaml has no table 'ofice'; did you mean 'office'\?",
    ),
    (
        "an unknown kind of units",
        "units.yaml",
        "care_team: {hours: office,",
        "care_teams: {hours: office,",
        "care_teams:",
        r"care_teams: .*did you mean 'care_team'\?",
    ),
    (
        "an unknown channel",
        "units.yaml",
        "sub_districts: [SSP-WEST]}",
        "sub_districts: [SSP-WEST], channel: email}",
        "id: ssp-care-team-01",
        r"channel: Input should be 'desk'",
    ),
    (
        "a capacity that is none",
        "units.yaml",
        "capacity: 40",
        "capacity: 0",
        "capacity: 0",
        r"kinds.care_team.capacity: Input should be greater than or equal to 1",
    ),
    (
        "an estate in two sub-districts",
        "districts.yaml",
        "SSP-EAST: [PAK-TIN]",
        "SSP-EAST: [PAK-TIN, FU-CHEONG]",
        "SSP-EAST",
        r"estate 'FU-CHEONG' is in SSP-WEST already; keep it in one sub-district",
    ),
    (
        "a sub-district of two districts",
        "districts.yaml",
        "  name: {en: Kwai Tsing, zh-Hant: 葵青}",
        "  name: {en: Kwai Tsing, zh-Hant: 葵青}\n  sub_districts: {SSP-EAST: []}",
        "sub_districts: {SSP-EAST",
        r"sub-district 'SSP-EAST' is in SSP too; give each a code of its own",
    ),
    (
        "a district without a Chinese name",
        "districts.yaml",
        "name: {en: Kwai Tsing, zh-Hant: 葵青}",
        "name: {en: Kwai Tsing}",
        "name: {en: Kwai",
        r"KTS.name.zh-Hant: is missing; add it",
    ),
    (
        "places that are stale at once",
        "units.yaml",
        "kinds:\n",
        "stale_after_hours: {respite: 0}\nkinds:\n",
        "stale_after_hours",
        r"respite: Input should be greater than 0",
    ),
    (
        "no clock for a priority",
        "clocks.yaml",
        "  asap:",
        "  asaap:",
        "  asaap:",
        r"priorities.asaap.*did you mean 'asap'\?",
    ),
    (
        "a priority without a clock",
        "clocks.yaml",
        "  routine:\n    {acknowledge: 5d, contact: 14d, floor: 1d, attempts: 3, parked_days: 14}\n",
        "",
        "priorities:",
        r"no clock for routine; each priority needs one",
    ),
    (
        "a clock of no time",
        "clocks.yaml",
        "{acknowledge: 1h",
        "{acknowledge: 0h",
        "stat:",
        r"priorities.stat: acknowledge and contact take time; write at least 1m",
    ),
    (
        "a span without its unit",
        "clocks.yaml",
        "{acknowledge: 1h",
        "{acknowledge: 1",
        "acknowledge: 1,",
        r"acknowledge: 1 is no span of time; write minutes, hours or service days: 30m, 4h, 2d",
    ),
    (
        "stat that waits for the morning",
        "clocks.yaml",
        "round_the_clock: true",
        "round_the_clock: false",
        "stat:",
        r"stat is for what cannot wait for the morning; give it round_the_clock: true",
    ),
    (
        "a chain that ends with nobody",
        "clocks.yaml",
        "      {on: acknowledge, hand_on: district_office},\n",
        "",
        "stat:",
        r"the last unit that a task is handed on to is the district_office: somebody keeps it",
    ),
    (
        "a step that goes round in circles",
        "clocks.yaml",
        "{on: acknowledge, hand_on: hotline},",
        "{on: acknowledge, hand_on: hotline}, {on: acknowledge, hand_on: hotline},",
        "stat:",
        r"a step occurs twice; each is taken once",
    ),
    (
        "a step that does nothing",
        "clocks.yaml",
        "{on: contact, ask: review_overdue}",
        "{on: contact}",
        "{on: contact}",
        r"a step has exactly one of: hand_on .*, ask",
    ),
    (
        "a matter that no officer knows",
        "clocks.yaml",
        "ask: review_overdue",
        "ask: review_overdone",
        "review_overdone",
        r"ask: did you mean 'review_overdue'\?",
    ),
    (
        "handed on before its clock has run out",
        "clocks.yaml",
        "{on: acknowledge, hand_on: hotline}",
        "{on: contact, hand_on: hotline}",
        "{on: contact, hand_on",
        r"handed on when nobody acknowledges it",
    ),
    (
        "a share that is none",
        "clocks.yaml",
        "remind_at: 0.75",
        "remind_at: 75",
        "remind_at",
        r"remind_at: .*less than 1",
    ),
    (
        "an hour of the digest that is none",
        "clocks.yaml",
        'digest_at: "08:45"',
        'digest_at: "8.45"',
        "digest_at",
        r"digest_at: '8.45' is no time of day; write it as 08:45",
    ),
    ("a day of no week", "hours.yaml", "mon-fri", "mon-fry", "mon-fry", r"'mon-fry' is no day; write a day \(sat\)"),
    ("a week from its end", "hours.yaml", "mon-fri", "fri-mon", "fri-mon", r"'fri-mon' ends before it begins"),
    (
        "hours that end before they begin",
        "hours.yaml",
        "[09:00-17:00]",
        "[17:00-09:00]",
        "17:00-09:00",
        r"'17:00-09:00' are no hours of one day; write from and to: 09:00-17:00",
    ),
    (
        "hours that are none",
        "hours.yaml",
        "[09:00-17:00]",
        "[9.00-17.00]",
        "9.00-17.00",
        r"'9.00-17.00' are no hours of one day; write from and to: 09:00-17:00",
    ),
    (
        "hours that overlap",
        "hours.yaml",
        "08:45-13:00, 14:00-18:00",
        "08:45-14:30, 14:00-18:00",
        "office_with_lunch:",
        r"hours of one day overlap",
    ),
    (
        "a day twice",
        "hours.yaml",
        "  sat: [09:00-17:00]",
        "  fri-sat: [09:00-17:00]",
        "community_centre:",
        r"fri is named twice",
    ),
    (
        "a table that is never open",
        "hours.yaml",
        "  mon-fri: [09:00-17:00]",
        "  holidays: [09:00-17:00]",
        "office:",
        r"is never open; name days and hours",
    ),
    (
        "no table for stat",
        "hours.yaml",
        "round_the_clock:",
        "always:",
        None,
        r"no table is called round_the_clock; add it",
    ),
    (
        "round the clock with a night",
        "hours.yaml",
        "  holidays: [00:00-24:00]",
        "  holidays: []",
        "round_the_clock:",
        r"round_the_clock is never closed; write mon-sun and holidays",
    ),
    (
        "a holiday of another year",
        "holidays.yaml",
        "last_year: 2028",
        "last_year: 2027",
        None,
        r"2028-01-01 lies outside first_year to last_year; make the file anew",
    ),
    (
        "a year without holidays",
        "holidays.yaml",
        "last_year: 2028",
        "last_year: 2029",
        None,
        r"no holidays in 2029; make the file anew",
    ),
    (
        "a holiday twice",
        "holidays.yaml",
        "day: 2026-02-18",
        "day: 2026-02-17",
        None,
        r"2026-02-17 stands after 2026-02-17; keep the days in order, each once",
    ),
    (
        "a holiday in one language",
        "holidays.yaml",
        ', zh-Hant: "一月一日"',
        "",
        "2025-01-01",
        r"days.0.zh-Hant: is missing; add it",
    ),
    (
        "a limit of another kind than the fact",
        RULE,
        "{fact: carer.in_hospital, is: true}",
        "{fact: carer.in_hospital, at_least: 1}",
        "at_least: 1",
        r"when.0: carer.in_hospital takes is: true or is: false$",
    ),
    (
        "a code that the fact never has",
        RULE,
        "in: [allowance_carers_of_elderly,",
        "in: [allowance_carer_of_elderly,",
        "allowance_carer_of_elderly",
        r"carer.cohort is never 'allowance_carer_of_elderly'; did you mean 'allowance_carers_of_elderly'\?",
    ),
    (
        "yes where true is meant",
        RULE,
        "{fact: carer.in_hospital, is: true}",
        "{fact: carer.in_hospital, is: yes}",
        "is: yes",
        r"is: Input should be a valid boolean",
    ),
    (
        "a fact of another kind of episode",
        "rules/carer-strain.yaml",
        "{fact: contacts.most_in_14_days, at_least: 3}",
        "{fact: carer.in_hospital, is: true}",
        "carer.in_hospital",
        r"when.0.any.0: carer.in_hospital cannot be asked: an episode of kind 'strain_run' has no carer, no visit; use",
    ),
    (
        "an empty title",
        RULE,
        "title: {en: A carer has been admitted to hospital,",
        "title: {en: '',",
        "title:",
        r"title.en: String should have at least 1 character",
    ),
    (
        "a day that is none",
        RULE,
        "version: 1",
        "version: 1\nvalid_from: 2026-02-30",
        "valid_from",
        r"valid_from: is no day; write it as 2026-12-31",
    ),
    (
        "valid until before valid from",
        RULE,
        "version: 1",
        "version: 1\nvalid_from: 2026-07-01\nvalid_until: 2026-06-30",
        "valid_until",
        r"valid_until: is before valid_from; the last day",
    ),
    (
        "an unknown district",
        RULE,
        "version: 1",
        "version: 1\ndistricts: {only: [SSSP]}",
        "districts",
        r"districts.only.0: districts.yaml has no district 'SSSP'; did you mean 'SSP'\?",
    ),
    (
        "districts both ways",
        RULE,
        "version: 1",
        "version: 1\ndistricts: {only: [SSP], except: [KTS]}",
        "districts",
        r"districts: districts has exactly one of: only, except",
    ),
    (
        "a follow-up on an unknown finding",
        RULE,
        "on: unreachable",
        "on: unreachabel",
        "unreachabel",
        r"then.1.on: did you mean 'unreachable'\?",
    ),
    (
        "a priority for an unknown level",
        RULE,
        "priority: urgent, round_the_clock: true}\nthen",
        "priority: urgent, priority_by_level: {highest: stat}}\nthen",
        "highest",
        r"priority_by_level\.highest.*: did you mean 'high'\?",
    ),
    (
        "a misspelt word within a clause",
        RULE,
        "equals: 0, if_unknown: met",
        "equals: 0, if_unkown: met",
        "if_unkown",
        r"if_unkown: is not a word that is known here; did you mean 'if_unknown'\?",
    ),
    (
        "a source of an unknown kind of fact",
        "sources.yaml",
        "care.receives:",
        "care.recieves:",
        "care.recieves",
        r"care.recieves: of no such kind of fact does one source prevail; did you mean 'care.receives'\?",
    ),
    (
        "a source twice",
        "sources.yaml",
        "[immigration, swd-register, hd-tenancies]",
        "[immigration, swd-register, immigration]",
        "deceased",
        r"deceased: a source is named twice",
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
    if blamed is SECOND:
        assert message.startswith(f"{path}:{line_with(path, wrong, again=True)}: "), message
    elif blamed:
        assert message.startswith(f"{path}:{line_with(path, blamed)}: "), message
    else:
        assert message.startswith(f"{path}:"), message


def test_there_are_more_than_twenty_kinds_of_mistake() -> None:
    assert len({mistake[0] for mistake in MISTAKES}) == len(MISTAKES) > 20


def test_two_rules_of_one_id(policy: Path) -> None:
    shutil.copy(policy / RULE, policy / "rules" / "zz-again.yaml")
    with pytest.raises(
        Problem, match=r"zz-again\.yaml:2: rule id 'carer-admitted' is used by carer-admitted.yaml too; give"
    ):
        load_all(policy)


def test_two_subjects_of_one_typology(policy: Path) -> None:
    path = policy / "rules" / "carer-strain.yaml"
    path.write_text(path.read_text().replace("version: 1", "version: 1\ntypology: carer-admitted", 1))
    with pytest.raises(Problem, match=r"carer-strain\.yaml:5: typology 'carer-admitted' is about a cared_for_person"):
        load_all(policy)


def test_a_rule_in_shadow_never_shares_a_typology(policy: Path) -> None:
    """What it would raise must not stand in for what is raised."""
    path = policy / "rules" / "carer-strain.yaml"
    path.write_text(path.read_text().replace("version: 1", "version: 1\nmode: shadow\ntypology: carer-admitted", 1))
    assert {rule.pattern for rule in load_rules(policy)} >= {"carer-strain", "carer-admitted"}


@pytest.mark.parametrize("fires", ["fires: true", "fires: false", ""])
def test_a_live_rule_without_examples(policy: Path, fires: str) -> None:
    path = policy / RULE
    text = path.read_text()
    head, examples = text.split("examples:\n")
    kept = [one for one in examples.split("  - name")[1:] if fires and fires in one]
    path.write_text(head + "examples:\n" + "".join(f"  - name{one}" for one in kept) if kept else head)
    with pytest.raises(
        Problem, match=r"carer-admitted\.yaml:\d+: examples: a live rule needs examples: some that fire"
    ):
        load_rules(policy)
    path.write_text(path.read_text().replace("version: 1", "version: 1\nmode: shadow", 1))
    load_rules(policy)


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


def test_policy_check_finds_nothing_in_the_policy_of_the_repository() -> None:
    assert mistakes(POLICY) == []


@pytest.mark.parametrize(
    ("right", "wrong", "says"),
    [
        ("    fires: true\n    level: high\n", "    fires: false\n", "it fires, though the example says fires: false"),
        (
            "    fires: true\n    level: high\n",
            "    fires: true\n    level: low\n",
            "at level high, though .* says low",
        ),
        ("    fires: false\n", "    fires: true\n", "it does not fire, though the example says so"),
        ("given:\n      - {type: housing.", "given:\n      - {type: house.", "lack 'house.tenancy_started', or name"),
        ("visit: V1}\n    fires", "visit: V 1}\n    fires", "say what no feed can say"),
    ],
)
def test_an_example_that_is_not_true(policy: Path, right: str, wrong: str, says: str) -> None:
    path = policy / RULE
    text = path.read_text()
    assert right in text
    path.write_text(text.replace(right, wrong, 1))
    (found,) = mistakes(policy)
    line = next(
        n for n, (a, b) in enumerate(zip(text.splitlines(), path.read_text().splitlines(), strict=False), 1) if a != b
    )
    starts = [n for n, one in enumerate(path.read_text().splitlines(), 1) if one.startswith("  - name:") and n <= line]
    assert found.startswith(f"{path}:{starts[-1]}: example ")
    assert re.search(says, found)


def test_policy_check_tells_of_every_file(policy: Path) -> None:
    for name in ("carer-admitted", "carer-strain"):
        path = policy / "rules" / f"{name}.yaml"
        path.write_text(path.read_text().replace("subject:", "subjekt:", 1))
    found = mistakes(policy)
    assert len(found) == 2
    assert all("did you mean 'subject'?" in one for one in found)
