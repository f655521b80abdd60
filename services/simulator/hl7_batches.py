"""The same hospital events as the hospitals would send them: an HL7 v2 batch file every morning.

These files carry what such files carry (names, wards, diagnoses), all invented, and HKIDs with a wrong check
digit: the door must drop the former and take the latter only when it is opened for synthetic people.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from contracts.instants import parse
from services.simulator.adt import Adt
from services.simulator.dice import Dice
from services.simulator.hospital import BATCH_HOUR
from services.simulator.people import Person
from services.simulator.simulation import Simulation
from services.simulator.wire import DAY, HOUR, instant, midnight

__all__ = ["Batch", "write_hospital_batches"]

_FAMILY = ("CHAN", "LEE", "WONG", "CHEUNG", "LAU", "HO", "LAM", "YEUNG", "NG", "TSANG")
_GIVEN = ("SIU MING", "MEI LING", "KA YAN", "WAI MAN", "YUK LAN", "KWOK KEUNG", "SUK FONG", "CHI KEUNG")
_WARDS = ("A3", "B5", "C7", "D2", "E6")
_DIAGNOSES = ("J18.9^Pneumonia^I10", "S72.0^Fracture of neck of femur^I10", "I50.9^Heart failure^I10")


@dataclass(frozen=True, slots=True)
class Batch:
    """One morning's file and when it came in at the door."""

    path: Path
    received_at: str
    messages: int


def write_hospital_batches(directory: Path, simulation: Simulation) -> list[Batch]:
    """Writes the batch files and returns them in the order of the mornings; quiet mornings have one too."""
    directory.mkdir(parents=True, exist_ok=True)
    first = midnight(simulation.parameters.start) + BATCH_HOUR * HOUR
    mornings: dict[str, list[Adt]] = {instant(first + day * DAY): [] for day in range(simulation.parameters.days)}
    for arrival in simulation.arrivals:
        if arrival.adt is not None:
            mornings[arrival.received].append(arrival.adt)
    return [_write(directory, received, mornings[received], simulation) for received in sorted(mornings)]


def _write(directory: Path, received: str, messages: list[Adt], simulation: Simulation) -> Batch:
    sent = parse(received).astimezone(UTC)
    made = _time(int(sent.timestamp()))
    path = directory / f"hospital-{sent + timedelta(hours=8):%Y-%m-%d}.hl7"
    header = rf"|^~\&|CMS|HA|KITHLINE|SWD|{made}"
    lines = [f"FHS{header}||{path.name}", f"BHS{header}"]
    for message in messages:
        lines += _message(message, made, simulation.people.get(message.hkid), simulation.parameters.seed)
    lines += [f"BTS|{len(messages)}", "FTS|1"]
    path.write_bytes("".join(line + "\r" for line in lines).encode())
    return Batch(path, received, len(messages))


def _message(message: Adt, made: str, person: Person | None, seed: int) -> list[str]:
    """The segments of one message. Times with and without offset take turns: both are in use."""
    dice = Dice(seed, message.hkid)  # a person keeps the name
    offset = message.sequence % 2 == 0
    trigger, structure = message.trigger, "ADT_A39" if message.trigger == "A40" else f"ADT_{message.trigger}"
    segments = [
        rf"MSH|^~\&|CMS|{message.hospital}|KITHLINE|SWD|{made}||ADT^{trigger}^{structure}|{message.control}|T|2.5"
        rf"|{message.sequence}|||||UNICODE UTF-8",
        f"EVN|{trigger}|{_time(message.recorded, offset)}||||{_time(message.occurred, offset)}",
        _patient(message, dice, person, offset),
    ]
    if message.trigger == "A40":
        segments.append(f"MRG|{_id(message.retired_hkid)}")
    elif message.trigger == "A37":
        segments.append(f"PID|2||{_id(message.retired_hkid)}||{dice.pick(_FAMILY)}^{dice.pick(_GIVEN)}")
    else:
        segments.append(_visit(message, dice, offset))
    if message.trigger == "A01":
        segments.append(f"DG1|1||{dice.pick(_DIAGNOSES)}")
    return segments


def _patient(message: Adt, dice: Dice, person: Person | None, offset: bool) -> str:
    fields = [""] * 31
    fields[0:2] = "PID", "1"
    fields[3] = f"{_id(message.hkid)}~{dice.between(100000, 999999)}^^^{message.hospital}^PI"
    fields[5] = f"{dice.pick(_FAMILY)}^{dice.pick(_GIVEN)}^^^^^L~陳^大文^^^^^L"
    fields[7] = f"{person.birth_year if person else 1950}0101"
    fields[8] = dice.pick("FM")
    if message.deceased:
        fields[29:31] = _time(message.occurred, offset), "Y"
    return "|".join(fields).rstrip("|")


def _visit(message: Adt, dice: Dice, offset: bool) -> str:
    fields = [""] * 46
    fields[0:3] = "PV1", "1", "E" if message.trigger == "A04" else "P" if message.trigger == "A05" else "I"
    fields[3] = f"{dice.pick(_WARDS)}^{dice.between(1, 30):02d}^A^{message.hospital}"
    fields[10] = "MED"
    fields[19] = f"{message.visit}^^^{message.hospital}^VN"
    fields[44] = "" if message.admitted is None else _time(message.admitted, offset)
    fields[45] = "" if message.discharged is None else _time(message.discharged, offset)
    return "|".join(fields).rstrip("|")


def _id(hkid: str) -> str:
    return f"{hkid}^^^HKSARG^NNHKG"


def _time(seconds: int, offset: bool = True) -> str:
    local = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds, hours=8)
    return f"{local:%Y%m%d%H%M%S}" + ("+0800" if offset else "")
