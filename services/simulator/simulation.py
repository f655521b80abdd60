"""The whole simulation: a district, a month, its feeds, in the order in which their records come in."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import orjson

from contracts.instants import plus
from services.runtime.fold import Record
from services.runtime.lines import write_lines
from services.simulator.adt import Adt
from services.simulator.community import tell_community, tell_heartbeats
from services.simulator.disorder import spoil
from services.simulator.hospital import hospital_arrivals, hospital_messages
from services.simulator.hotline import tell_hotline
from services.simulator.housing import tell_housing
from services.simulator.parameters import Parameters
from services.simulator.people import Person
from services.simulator.register import tell_register
from services.simulator.units import tell_units
from services.simulator.wire import Arrival, publish, received_at
from services.simulator.world import Truth, build

__all__ = ["Simulation", "simulate", "write_simulation"]


@dataclass(frozen=True, slots=True)
class Simulation:
    """What came in, in the order of receipt, and what was truly the matter."""

    parameters: Parameters
    arrivals: list[Arrival]
    truth: list[Truth]
    people: dict[str, Person]
    """By HKID: the hospital's batch files write their (invented) names and years of birth."""
    everybody: list[Person]
    """Also who has moved away or died meanwhile."""

    def records(self) -> Iterator[Record]:
        """All records, good and bad."""
        return (arrival.record for arrival in self.arrivals)

    def records_beside_hospital_batches(self) -> Iterator[Arrival]:
        """All arrivals but those that `write_hospital_batches` writes as HL7 v2."""
        return (arrival for arrival in self.arrivals if arrival.adt is None)


def simulate(parameters: Parameters) -> Simulation:
    """The same parameters give the same simulation, on any machine."""
    world = build(parameters)
    # what the registers will say was true before the hospital's story: the dead of last spring are not
    # admitted
    tell_housing(world)
    tell_register(world)
    messages: list[Adt] = hospital_messages(world)
    tell_hotline(world)
    tell_community(world, messages)
    tell_heartbeats(world)
    tell_units(world)
    arrivals = sorted(publish(world.drafts) + hospital_arrivals(world, messages), key=received_at)
    arrivals = sorted(spoil(world, arrivals, lambda at, wait: plus(at, seconds=wait)), key=received_at)
    bad: list[Truth] = [
        {"kind": "bad_record", "topic": arrival.record.topic, "line": line, "reason": arrival.bad}
        for line, arrival in enumerate(arrivals, 1)
        if arrival.bad
    ]
    people = {person.hkid: person for person in [*world.residents(), *world.circle.outsiders]}
    return Simulation(parameters, arrivals, world.truth + bad, people, world.registry.everybody)


def write_simulation(simulation: Simulation, path: Path) -> int:
    """Writes the records to `path` and the truth to `path` + `.truth`; returns the number of records."""
    count = write_lines(path, simulation.records())
    truth = b"".join(orjson.dumps(line) + b"\n" for line in simulation.truth)
    path.with_name(path.name + ".truth").write_bytes(truth)
    return count
