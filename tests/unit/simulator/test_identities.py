"""Who the synthetic people are: the same for the same seed, reachable by nobody, in form."""

import hashlib
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from contracts.identity import Identity
from contracts.ids import household_of_tenancy
from services.commands.vault import read_identities
from services.doors.identity import has_identity
from services.simulator import Parameters, Simulation, simulate
from services.simulator.identities import UNASSIGNED, identities, write_identities


@pytest.fixture(scope="module")
def month() -> Simulation:
    return simulate(Parameters(households=400, seed=3))


@pytest.fixture(scope="module")
def people(month: Simulation) -> list[Identity]:
    return list(identities(month))


def test_everybody_and_every_household_is_there_once(month: Simulation, people: list[Identity]) -> None:
    subjects = [one.subject for one in people]
    assert len(set(subjects)) == len(subjects)
    homes = {household_of_tenancy(one.home.tenancy) for one in month.everybody if one.home}
    assert set(subjects) == {one.person_id for one in month.everybody} | homes


def test_no_telephone_can_be_anybodys(people: list[Identity]) -> None:
    numbers = [number for one in people for number in one.telephones]
    assert UNASSIGNED == "+8520"  # a subscriber's number in Hong Kong begins with 2 to 9
    assert len(numbers) > 400
    assert all(re.fullmatch(r"\+8520[0-9]{7}", number) for number in numbers)
    own = [number for number in numbers if number.startswith("+85209")]
    assert len(set(own)) == len(own)


def test_names_and_addresses_are_written_as_here(people: list[Identity]) -> None:
    named = [one for one in people if one.subject.startswith("p-")]
    for one in named:
        assert one.name is not None and one.address is not None
        if one.name.zh_hant is not None:
            assert re.fullmatch(r"[一-鿿]{3,4}", one.name.zh_hant)
            assert re.fullmatch(r"[A-Z]+( [A-Z]+)? [A-Z][a-z]+ [A-Z][a-z]+", one.name.en or "")
        assert one.address.zh_hant is not None and one.address.zh_hant.endswith("室")
    languages = {one.language for one in named}
    assert {"yue", "cmn"} < languages
    assert {one.language for one in named if one.name and one.name.zh_hant} <= {"yue", "cmn"}


def test_who_lives_together_shares_an_address_and_a_telephone(month: Simulation, people: list[Identity]) -> None:
    by_id = {one.subject: one for one in people}
    for person in month.everybody:
        if person.home is not None:
            home, own = by_id[household_of_tenancy(person.home.tenancy)], by_id[person.person_id]
            assert own.address == home.address
            assert home.telephones[0] in own.telephones


def test_no_line_holds_an_identity_card_number_and_the_vault_reads_every_line(
    people: list[Identity], tmp_path: Path
) -> None:
    file = tmp_path / "people.jsonl"
    assert write_identities(file, people) == len(people)
    assert not has_identity(file.read_bytes())
    assert file.stat().st_mode & 0o077 == 0
    assert list(read_identities(file)) == people


def test_the_same_seed_gives_the_same_bytes_in_another_process(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from services.simulator import *; "
        "from services.simulator.identities import *; "
        "write_identities(Path(sys.argv[1]), identities(simulate(Parameters(households=60, days=5, seed=9))))"
    )
    digests = set()
    for number, salt in enumerate(("1", "4711")):
        file = tmp_path / f"{number}.jsonl"
        environment = os.environ | {"PYTHONHASHSEED": salt, "TZ": "America/Caracas", "LC_ALL": "C"}
        subprocess.run([sys.executable, "-c", code, str(file)], check=True, env=environment)
        digests.add(hashlib.sha256(file.read_bytes()).hexdigest())
    assert len(digests) == 1
