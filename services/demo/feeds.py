"""The month's records as they come in: the hospitals' through the HL7 door, all others as they are."""

from pathlib import Path

from services.demo.slabs import receipt
from services.doors.books import Books
from services.doors.door import Door
from services.doors.reading import read_files
from services.doors.settings import pseudonyms
from services.runtime.errors import Problem
from services.runtime.fold import Record
from services.simulator import Simulation
from services.simulator.hl7_batches import write_hospital_batches

__all__ = ["month"]

HOSPITAL_SOURCE = "ha-cms"


def month(simulation: Simulation, folder: Path) -> tuple[list[Record], int]:
    """(the records in the order of receipt, how many morning batch files the hospitals sent).

    The batch files carry invented identities; the door for synthetic people makes the pseudonyms."""
    batches = write_hospital_batches(folder, simulation)
    records = [arrival.record for arrival in simulation.records_beside_hospital_batches()]
    books = Books()
    for batch in batches:
        door = Door("hospital.admissions", HOSPITAL_SOURCE, pseudonyms(synthetic=True), batch.received_at)
        records += read_files([batch.path], "hl7v2", door, books)
    if books.refused:
        raise Problem(f"the door refused {len(books.refused)} of the demo's own messages: {books.refused[0]}")
    latest, ordered = "", []
    for place, record in enumerate(records):
        latest = receipt(record) or latest
        ordered.append((latest, place, record))
    return [record for _, _, record in sorted(ordered, key=lambda entry: entry[:2])], len(batches)
