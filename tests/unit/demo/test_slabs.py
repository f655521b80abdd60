"""Slabs: nobody's records of two topics or keys travel together, and nobody's order is changed."""

from collections import defaultdict

import pytest

from services.demo.slabs import components, receipt, slabs, steps
from services.runtime.fold import Record
from services.simulator import Parameters, simulate

HOURS = (7.5, 13, 19)
START = "2026-07-01T00:00:00+08:00"


@pytest.fixture(scope="module")
def records() -> list[Record]:
    return list(simulate(Parameters(households=80, days=12, seed=4)).records())


def _root(component: dict[str, str], node: str) -> str:
    while component[node] != node:
        node = component[node]
    return node


def _person(name: str) -> str:
    return "p-" + name * 32


def _record(topic: str, key: str, body: bytes = b"{}", received: str = "2026-07-01T01:00:00.000Z") -> Record:
    return Record(topic, key.encode(), body, (("ce_receivedtime", received.encode()),))


def test_strangers_travel_together_and_the_connected_wait_for_each_other() -> None:
    anna, ben, carol = _person("a"), _person("b"), _person("c")
    care = b'{"cared_for_person_id": "%s"}' % ben.encode()
    told = [
        _record("welfare.register", anna, care),
        _record("hospital.admissions", anna),
        _record("hospital.admissions", carol),
        _record("hospital.admissions", ben),
    ]
    cut = slabs(told, components(told))
    assert cut == ((told[0], told[2]), (told[1],), (told[3],))


def test_what_units_declare_comes_first_and_by_itself() -> None:
    told = [
        _record("hospital.admissions", _person("a")),
        _record("respite.vacancies", "home-1"),
        _record("units.declarations", "units", b'{"every_seconds": 86400}'),
        _record("units.declarations", "ssp-decc-1"),
        _record("units.declarations", "ssp-decc-2"),
    ]
    assert slabs(told, components(told)) == ((told[3], told[4]), tuple(told[:3]))


def test_an_incident_waits_for_who_moves_into_its_block_before_it() -> None:
    flat = b'{"address": {"address_unit_id": "unit-1", "block_id": "block-1"}}'
    told = [
        _record("housing.tenancies", "T1", flat),
        _record("community.observations", "block-1", b'{"block_id": "block-1", "kind": "fire"}'),
        _record("housing.tenancies", "T2", flat.replace(b"-1", b"-2")),
    ]
    assert slabs(told, components(told)) == ((told[0], told[2]), (told[1],))


def test_one_key_of_one_topic_is_not_cut() -> None:
    anna = _person("a")
    told = [_record("hospital.admissions", anna, b'{"visit_id": "%d"}' % number) for number in range(5)]
    assert slabs(told, components(told)) == (tuple(told),)


def test_a_month_keeps_everything_and_everybodys_order(records: list[Record]) -> None:
    cut = list(steps(records, HOURS, START))
    flat = [record for step in cut for slab in step.slabs for record in slab]
    assert sorted(map(repr, flat)) == sorted(map(repr, records))
    for lane in {(record.topic, record.key) for record in records}:
        mine = [record for record in records if (record.topic, record.key) == lane]
        assert [record for record in flat if (record.topic, record.key) == lane] == mine


def test_no_slab_has_two_lanes_of_one_component(records: list[Record]) -> None:
    component = components(records)
    for step in steps(records, HOURS, START):
        for slab in step.slabs:
            lanes: defaultdict[str, set[tuple[str, bytes]]] = defaultdict(set)
            for record in slab:
                if record.key.startswith(b"p-") and record.key.decode() in component:
                    lanes[_root(component, record.key.decode())].add((record.topic, record.key))
            assert all(len(found) == 1 for found in lanes.values())


def test_every_record_comes_after_the_tick_that_reveals_it_and_moments_grow(records: list[Record]) -> None:
    cut = list(steps(records, HOURS, START))
    moments = [step.as_of for step in cut]
    assert moments == sorted(set(moments))
    for step in cut:
        for slab in step.slabs:
            assert all((receipt(record) or "") <= step.as_of for record in slab)


def test_a_stamp_that_cannot_be_read_is_none() -> None:
    assert receipt(_record("hospital.admissions", "k", received="yesterday")) is None
    assert receipt(Record("hospital.admissions", b"k", b"")) is None
