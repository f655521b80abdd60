"""The same hospital by two ways: the simulator's feed records, and its HL7 files read at the door."""

from pathlib import Path

import pytest

from services.doors.books import Books
from services.doors.door import Door
from services.doors.reading import read_files
from services.doors.settings import pseudonyms
from services.runtime.fold import Record
from services.simulator import Parameters, simulate
from services.simulator.hl7_batches import write_hospital_batches


@pytest.mark.parametrize("seed", [1, 2])
def test_both_ways_give_the_same_records(tmp_path: Path, seed: int) -> None:
    parameters = Parameters(
        households=800,
        seed=seed,
        carer_admissions_per_year=4,
        elderly_admissions_per_year=2,
        merged_share=0.02,
        unmerged_share=0.5,
        corrected_share=0.2,
        duplicate_share=0.1,
        transfer_share=0.3,
        leave_share=0.5,
        cancelled_share=0.1,
    )
    simulation = simulate(parameters)
    books = Books()
    through_the_door: list[Record] = []
    batches = write_hospital_batches(tmp_path, simulation)
    assert len(batches) == len(list(tmp_path.iterdir())) == parameters.days  # quiet mornings have a file too
    for batch in batches:
        door = Door("hospital.admissions", "ha-cms", pseudonyms(synthetic=True), batch.received_at)
        through_the_door += read_files([batch.path], "hl7v2", door, books)
    direct = [arrival.record for arrival in simulation.arrivals if arrival.adt]
    assert through_the_door == direct
    assert books.read == books.produced == len(direct)
    assert books.remarks == []
    kinds = {dict(record.headers)["ce_type"] for record in direct}
    assert {b"identity.merged", b"identity.unmerged", b"hospital.corrected", b"hospital.leave_ended"} <= kinds


def test_a_door_for_real_people_takes_none_of_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KITHLINE_PSEUDONYM_KEY", "a key of the tests, of no use to anybody")
    batches = write_hospital_batches(tmp_path, simulate(Parameters(households=300)))
    batch = max(batches, key=lambda one: one.messages)
    books = Books()
    door = Door("hospital.admissions", "ha-cms", pseudonyms(synthetic=False), batch.received_at)
    assert list(read_files([batch.path], "hl7v2", door, books)) == []
    assert len(books.refused) == batch.messages > 0
