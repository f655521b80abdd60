"""The simulated district: the same bytes, valid records, the rates that were asked for."""

import os
import subprocess
import sys
import time
from collections import Counter
from dataclasses import fields, replace
from pathlib import Path

import orjson
import pytest

from contracts.envelope import Envelope
from contracts.events import FEEDS
from contracts.instants import parse
from services.doors.identity import has_identity
from services.runtime.folding import MemoryStore, Task
from services.runtime.intake import feed_processor
from services.runtime.lines import read_lines
from services.simulator import Parameters, Simulation, simulate, write_simulation
from services.simulator.parameters import provenance_of

BUSY = Parameters(
    households=3000,
    seed=7,
    carer_admissions_per_year=3,
    elderly_admissions_per_year=1.5,
    merged_share=0.01,
    cancelled_share=0.1,
    corrected_share=0.1,
    bad_share=0.02,
    danger_share=0.05,
    discharge_cancelled_share=0.1,
    transfer_share=0.3,
    leave_share=0.3,
    observations_per_household_month=0.1,
    care_changes_per_year=4,
    need_after_death_share=0.5,
    declarations_per_unit_month=4,
)


@pytest.fixture(scope="module")
def busy() -> Simulation:
    return simulate(BUSY)


def test_the_same_arguments_give_the_same_bytes_in_another_process(tmp_path: Path) -> None:
    here = tmp_path / "here.jsonl"
    write_simulation(simulate(Parameters(households=200, days=10, seed=5)), here)
    arguments = "households=200, days=10, seed=5"
    code = (
        "from pathlib import Path; from services.simulator import *; "
        f"write_simulation(simulate(Parameters({arguments})), Path({str(tmp_path / 'there.jsonl')!r}))"
    )
    environment = os.environ | {"PYTHONHASHSEED": "4711", "TZ": "America/Caracas", "LC_ALL": "C"}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)
    for suffix in ("", ".truth"):
        there = tmp_path / f"there.jsonl{suffix}"
        assert there.read_bytes() == (tmp_path / f"here.jsonl{suffix}").read_bytes()
    other = simulate(Parameters(households=200, days=10, seed=6))
    assert list(other.records()) != list(read_lines(here))


def test_a_part_of_the_story_does_not_move_the_others() -> None:
    quiet = Parameters(households=300, bad_share=0, duplicate_share=0, late_share=0)
    more_calls = replace(quiet, calls_per_carer_month=3)

    def others(parameters: Parameters) -> list[object]:
        return [record for record in simulate(parameters).records() if record.topic != "hotline.contacts"]

    assert others(quiet) == others(more_calls)


def test_every_good_record_is_valid_and_carries_no_identity(busy: Simulation) -> None:
    for arrival in busy.arrivals:
        if arrival.bad:
            continue
        record = arrival.record
        envelope = Envelope.from_headers(record.headers)
        FEEDS[record.topic].types[envelope.type].model_validate_json(record.value, extra="forbid")
        assert record.key == envelope.subject.encode()
        assert envelope.receivedtime == arrival.received
        assert envelope.time <= envelope.recordedtime <= envelope.receivedtime, envelope
        assert not has_identity(record.key + b" " + record.value + b" ".join(value for _, value in record.headers))


def test_an_id_names_one_event_but_for_the_reused(busy: Simulation) -> None:
    bodies: dict[tuple[bytes, bytes], set[bytes]] = {}
    for arrival in busy.arrivals:
        headers = dict(arrival.record.headers)
        key = (headers["ce_source"], headers["ce_id"])
        if arrival.bad != "id_reused":
            bodies.setdefault(key, set()).add(arrival.record.value)
    assert all(len(values) == 1 for values in bodies.values())


@pytest.mark.parametrize("topic", sorted(FEEDS))
def test_the_intake_buries_the_bad_records_and_nothing_else(busy: Simulation, topic: str) -> None:
    task = Task(feed_processor("intake", topic, (), lambda envelope, data: []), MemoryStore())
    for arrival in busy.arrivals:
        if arrival.record.topic == topic:
            reasons = [dead.reason for turn in task.take(arrival.record) for dead in turn.dead]
            assert reasons == ([arrival.bad] if arrival.bad else []), arrival


def test_every_kind_of_bad_record_comes_and_the_truth_names_its_line(busy: Simulation, tmp_path: Path) -> None:
    kinds = Counter(arrival.bad for arrival in busy.arrivals if arrival.bad)
    assert set(kinds) == {
        "unreadable", "invalid", "too_new", "future_dated", "id_reused", "identity", "unknown_type", "wrong_key",
    }  # fmt: skip
    assert sum(kinds.values()) / len(busy.arrivals) == pytest.approx(BUSY.bad_share, rel=0.1)
    path = tmp_path / "feed.jsonl"
    write_simulation(busy, path)
    records = list(read_lines(path))
    truth = [orjson.loads(line) for line in Path(f"{path}.truth").read_bytes().splitlines()]
    named = [records[line["line"] - 1] for line in truth if line["kind"] == "bad_record"]
    assert named == [arrival.record for arrival in busy.arrivals if arrival.bad]


def test_the_file_is_in_the_order_of_receipt_and_reads_back(busy: Simulation, tmp_path: Path) -> None:
    received = [arrival.received for arrival in busy.arrivals]
    assert received == sorted(received)
    assert parse(received[0]).isoformat() >= "2026-06-30T16:00:00+00:00"  # midnight in Hong Kong
    path = tmp_path / "feed.jsonl"
    write_simulation(busy, path)
    assert list(read_lines(path)) == list(busy.records())


def test_the_first_morning_finds_all_tenancies_and_care_in_place(busy: Simulation) -> None:
    first_batch = next(at for at, arrival in enumerate(busy.arrivals) if arrival.adt)
    before = Counter(dict(a.record.headers)["ce_type"] for a in busy.arrivals[:first_batch] if not a.bad)
    assert before[b"housing.tenancy_started"] >= BUSY.households * (1 - BUSY.late_share * 1.5)
    assert before[b"register.care_relationship_asserted"] > 0


def test_households_and_rates_are_as_asked(busy: Simulation) -> None:
    good = [arrival for arrival in busy.arrivals if not arrival.bad]
    started = {}
    kinds: Counter[str] = Counter()
    for arrival in good:
        headers = dict(arrival.record.headers)
        kinds[headers["ce_type"].decode()] += 1
        if headers["ce_type"] == b"housing.tenancy_started":
            started[headers["ce_id"]] = orjson.loads(arrival.record.value)
    homes = [home for home in started.values() if home["tenancy_id"] < "T-9"]
    sizes = [len(home["members"]) for home in homes]
    assert sum(sizes) / len(sizes) == pytest.approx(2.6, abs=0.1)
    elderly = [home for home in homes if all(2026 - member["birth_year"] >= 60 for member in home["members"])]
    assert len(elderly) / len(homes) == pytest.approx(BUSY.all_elderly_share, abs=0.03)
    singletons = [home for home in elderly if len(home["members"]) == 1]
    assert len(singletons) / len(elderly) == pytest.approx(BUSY.singleton_share, abs=0.06)
    old = [2026 - m["birth_year"] for home in homes for m in home["members"] if 2026 - m["birth_year"] >= 65]
    assert sum(age >= 80 for age in old) / len(old) == pytest.approx(0.29, abs=0.05)
    carers = {a.record.key for a in good if dict(a.record.headers)["ce_type"] == b"register.care_relationship_asserted"}
    assert len(carers) / BUSY.households == pytest.approx(BUSY.carer_share, abs=0.025)
    assert kinds["hospital.admission_cancelled"] / kinds["hospital.admitted"] == pytest.approx(0.1, abs=0.05)
    seen: Counter[tuple[str, bytes]] = Counter((a.record.topic, dict(a.record.headers)["ce_id"]) for a in good)
    twice = sum(count - 1 for count in seen.values())
    assert twice / len(good) == pytest.approx(BUSY.duplicate_share, abs=0.006)


def test_stays_have_the_mean_and_the_tail_of_the_elderly(busy: Simulation) -> None:
    admitted = {a.adt.visit: a.adt.occurred for a in busy.arrivals if a.adt and a.adt.trigger == "A01"}
    days = [
        (a.adt.occurred - admitted[a.adt.visit]) / 86_400
        for a in busy.arrivals
        if a.adt and a.adt.trigger == "A03" and a.adt.visit in admitted
    ]
    assert len(days) > 100
    assert 3 < sum(days) / len(days) < 7  # those that end after the month are not seen, so the mean is low
    assert max(days) > 14
    same_batch = {a.adt.batch for a in busy.arrivals if a.adt}
    assert len(same_batch) == BUSY.days


def test_the_edge_cases_that_the_line_must_live_through_occur(busy: Simulation) -> None:
    kinds = Counter(dict(a.record.headers)["ce_type"].decode() for a in busy.arrivals if not a.bad)
    everything = {name for feed in FEEDS.values() for name in feed.types}
    rare = {"hospital.transfer_cancelled", "identity.unmerged", "register.care_absence_cancelled"}
    rare |= {"register.service_application_withdrawn", "identity.rekeyed"}  # no key is changed within a month
    rare |= {"register.service_ended", "register.consent_withdrawn", "register.cohort_ended", "person.deceased"}
    assert everything - rare <= set(kinds)
    care = {
        (a.record.key.decode(), orjson.loads(a.record.value)["cared_for_person_id"])
        for a in busy.arrivals
        if not a.bad and dict(a.record.headers)["ce_type"] == b"register.care_relationship_asserted"
    }
    assert any((other, one) in care for one, other in care)  # spouses who care for each other
    by_carer = Counter(carer for carer, _ in care)
    assert max(by_carer.values()) >= 2
    assert all(one != other for one, other in care)


def test_the_truth_tells_needs_apart(busy: Simulation) -> None:
    admitted = [line for line in busy.truth if line["kind"] == "carer_admitted"]
    visits = {a.adt.visit for a in busy.arrivals if a.adt}
    assert len(admitted) > 30
    assert any(line["visit_id"] in visits for line in admitted)
    urgent = sum(bool(line["needs"]) for line in admitted) / len(admitted)
    assert 0 <= urgent < 0.1
    supported = [line for line in busy.truth if line["kind"] == "household_support"]
    referred = sum(any(need != "wishes_alarm" for need in line["needs"]) for line in supported) / len(supported)
    assert referred == pytest.approx(BUSY.referral_need_share, abs=0.025)


def test_every_pattern_occurs_and_the_truth_tells_what_was_behind_it(busy: Simulation) -> None:
    said = [orjson.loads(arrival.record.value) for arrival in busy.arrivals if not arrival.bad]
    concerns = {one["concern"] for one in said if "concern" in one}
    reported = {line["concern"] for line in busy.truth if line["kind"] == "report" and "household_id" in line}
    assert reported >= {"violence_reported", "mental_health_crisis_reported", "not_seen", "no_answer"}
    assert concerns >= reported
    assert {"self", "family", "property_staff"} <= {one.get("by") for one in said}
    assert {topic for one in said for topic in one.get("topics", ())} >= {"mental_health_crisis", "violence"}
    for kind in ("report", "alarm", "carer_died"):
        needs = [bool(line["needs"]) for line in busy.truth if line["kind"] == kind]
        assert {True, False} <= set(needs), kind
    incidents = [line for line in busy.truth if line["kind"] == "incident"]
    assert all(line["household_id"].startswith("h-") for line in incidents)


def test_children_and_the_young_are_whom_such_reports_are_about(busy: Simulation) -> None:
    ages = {person.person_id: person.age for person in busy.people.values()}
    for line in busy.truth:
        if line["kind"] == "report" and line.get("person_id") in ages and "household_id" in line:
            age = ages[line["person_id"]]
            assert line["concern"] != "child_at_risk_reported" or age < 18
            assert line["concern"] != "youth_distress_reported" or 10 <= age <= 24


def test_every_parameter_says_where_its_figure_comes_from() -> None:
    sizes = {"households", "days", "seed", "start"}
    for field in fields(Parameters):
        if field.name not in sizes:
            provenance, text = provenance_of(field.name)
            assert text
            assert (field.metadata["published"] is not None) == (provenance == "demonstration"), field.name
    assert Parameters().published().carer_share == 0.025


def test_a_month_of_two_thousand_households_is_quick() -> None:
    start = time.perf_counter()
    simulate(Parameters())
    assert time.perf_counter() - start < 8  # measured: under 1 s; the rest is for a loaded machine


@pytest.mark.parametrize(
    "parameters", [Parameters(households=1, days=1), Parameters(households=3, days=2, carer_share=0)]
)
def test_small_worlds(parameters: Parameters) -> None:
    simulation = simulate(parameters)
    assert sum(dict(a.record.headers)["ce_type"] == b"housing.tenancy_started" for a in simulation.arrivals) >= 1
