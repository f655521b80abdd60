"""CSV at the door: one row, one event. Columns are documented in docs/how-to/produce-events.md.

Columns that we do not know are not read, so a name in one of them never gets anywhere.
"""

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta, timezone

from contracts.events import FEEDS
from contracts.instants import milliseconds, write
from services.doors.books import Outcome, Produced, Refused
from services.doors.door import Door, DoorProblem
from services.doors.identity import IdentityProblem
from services.runtime.fold import Record

__all__ = ["COLUMNS", "read_rows"]

_COMMON = ("event_type", "event_id", "occurred_at", "recorded_at", "sequence")
_ADDRESS = ("address_unit_id", "block_id", "estate_id", "district")
_FROM = tuple("from_" + name for name in _ADDRESS)

COLUMNS: dict[str, tuple[str, ...]] = {
    "hospital.admissions": (
        *_COMMON, "hkid", "visit_id", "hospital", "deceased", "admitted_at", "discharged_at", "retired_hkid",
    ),
    "housing.tenancies": (
        *_COMMON, "tenancy_id", "household_tenancy_id", *_ADDRESS, *_FROM, "members", "hkid", "role", "birth_year",
        "reason", "as_of",
    ),
    "welfare.register": (
        *_COMMON, "hkid", "cared_for_hkid", "basis", "cared_for_group", "cohort", "absence_id", "starts_at", "ends_at",
        "reason", "service", "scope", "confidence", "district", "birth_year",
    ),
}  # fmt: skip
"""The columns of each feed; the first four are always needed, the others as the type of the event needs them."""

_HONG_KONG = timezone(timedelta(hours=8))
_TRUE, _FALSE = ("yes", "y", "true", "1"), ("no", "n", "false", "0", "")


class Row:
    """One row; every reading names its column when it fails, and quotes nothing."""

    def __init__(self, cells: Mapping[str, str], door: Door) -> None:
        self._cells = cells
        self._door = door

    def text(self, column: str) -> str | None:
        text = self._cells.get(column, "").strip()
        if any("\ud800" <= letter <= "\udfff" for letter in text):
            raise DoorProblem(f"column {column} is not UTF-8")
        return text or None

    def need(self, column: str) -> str:
        text = self.text(column)
        if text is None:
            raise DoorProblem(f"column {column} is empty" if column in self._cells else f"column {column} is missing")
        return text

    def visit(self, column: str) -> str:
        return self._door.pseudonyms.visit(self.need(column))

    def person(self, column: str) -> str:
        return self.pseudonym(column, self.need(column))

    def pseudonym(self, column: str, hkid: str) -> str:
        try:
            return self._door.pseudonyms.of(hkid)
        except IdentityProblem as problem:
            raise DoorProblem(f"column {column} {problem}") from None

    def instant(self, column: str) -> str:
        """ISO 8601; without an offset Hong Kong's time, a mere date its first moment."""
        try:
            moment = datetime.fromisoformat(self.need(column))
            return write(moment if moment.tzinfo else moment.replace(tzinfo=_HONG_KONG))
        except (ValueError, OverflowError) as fault:
            if isinstance(fault, DoorProblem):
                raise
            raise DoorProblem(f"column {column} is not an ISO 8601 time") from None

    def instant_or_none(self, column: str) -> str | None:
        return self.instant(column) if self.text(column) else None

    def whole(self, column: str, text: str | None = None) -> int:
        text = self.need(column) if text is None else text
        if not re.fullmatch(r"[0-9]{1,15}", text):
            raise DoorProblem(f"column {column} is not a whole number")
        return int(text)

    def yes(self, column: str) -> bool:
        text = (self.text(column) or "").lower()
        if text not in _TRUE + _FALSE:
            raise DoorProblem(f"column {column} is neither yes nor no")
        return text in _TRUE

    def address(self, prefix: str = "") -> dict[str, str]:
        return {name: self.need(prefix + name) for name in _ADDRESS}

    def members(self) -> list[dict[str, object]]:
        """`HKID role birth_year; HKID role birth_year`."""
        out = []
        for number, part in enumerate(self.need("members").split(";"), 1):
            words = part.split()
            if len(words) != 3:
                raise DoorProblem(f"column members: member {number} is not `HKID role birth_year`")
            year = self.whole("members", words[2])
            out.append({"person_id": self.pseudonym("members", words[0]), "role": words[1], "birth_year": year})
        return out


Said = dict[str, object]


def _hospital(row: Row, kind: str) -> tuple[str, Said]:
    subject = row.person("hkid")
    if kind.startswith("identity."):
        retired = row.person("retired_hkid")
        if retired == subject:
            raise DoorProblem("column retired_hkid names the same person as hkid")
        return subject, {"retired_person_id": retired}
    said: Said = {"visit_id": row.visit("visit_id")}
    if kind == "hospital.corrected":
        times = {name: row.instant_or_none(name) for name in ("admitted_at", "discharged_at")}
        said |= {"hospital": row.text("hospital"), **times}
        if not any(said[name] for name in ("hospital", *times)) and not row.yes("deceased"):
            raise DoorProblem(
                "columns hospital, admitted_at, discharged_at and deceased are all empty: nothing is corrected"
            )
    else:
        said["hospital"] = row.need("hospital")
    if kind in ("hospital.discharged", "hospital.corrected"):
        said["deceased"] = row.yes("deceased")
    return subject, said


def _housing(row: Row, kind: str) -> tuple[str, Said]:
    tenancy = row.need("tenancy_id")
    said: Said = {"tenancy_id": tenancy, "household_tenancy_id": row.text("household_tenancy_id")}
    match kind:
        case "housing.tenancy_started" | "housing.snapshot_asserted":
            said |= {"address": row.address(), "members": row.members()}
            if kind == "housing.snapshot_asserted":
                said["as_of"] = row.instant("as_of")
        case "housing.tenancy_ended":
            said |= {"address": row.address(), "reason": row.text("reason") or "other"}
        case "housing.member_added":
            person = {"person_id": row.person("hkid"), "role": row.need("role"), "birth_year": row.whole("birth_year")}
            said["member"] = person
        case "housing.member_removed":
            said |= {"person_id": row.person("hkid"), "reason": row.text("reason") or "other"}
        case _:
            said |= {"from_unit": row.address("from_"), "to_unit": row.address()}
    return tenancy, said


def _register(row: Row, kind: str) -> tuple[str, Said]:
    subject = row.person("hkid")
    said: Said
    match kind.split(".")[1]:
        case "care_relationship_asserted" | "care_relationship_ended" as name:
            cared_for = row.person("cared_for_hkid")
            if cared_for == subject:
                raise DoorProblem("column cared_for_hkid names the same person as hkid")
            said = {"cared_for_person_id": cared_for, "basis": row.need("basis")}
            if name == "care_relationship_asserted":
                said["cared_for_group"] = row.need("cared_for_group")
        case "cohort_asserted" | "cohort_ended":
            said = {"cohort": row.need("cohort")}
        case "care_absence_planned" | "care_absence_cancelled":
            times = {name: row.instant(name) for name in ("starts_at", "ends_at")}
            if times["ends_at"] <= times["starts_at"]:
                raise DoorProblem("column ends_at is not after starts_at")
            said = {**times, "absence_id": row.need("absence_id"), "reason": row.need("reason")}
        case "service_enrolled" | "service_ended" | "service_applied_for" | "service_application_withdrawn":
            said = {"kind": row.need("service")}
        case "consent_granted" | "consent_withdrawn":
            said = {"scope": row.need("scope")}
        case "residence_asserted":
            born = row.whole("birth_year") if row.text("birth_year") else None
            said = {"district": row.need("district"), "birth_year": born}
        case _:
            said = {"confidence": row.need("confidence")}
    return subject, said


_READERS: dict[str, Callable[[Row, str], tuple[str, Said]]] = {
    "hospital.admissions": _hospital,
    "housing.tenancies": _housing,
    "welfare.register": _register,
}


def read_rows(content: bytes, door: Door) -> Iterator[tuple[int, Outcome]]:
    """The outcome of each row with its number, the header being row 1."""
    # bytes that are no UTF-8 survive as surrogates, so that they cost their row and not the file
    text = content.decode("utf-8-sig", "surrogateescape")
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    header: list[str] | None = None
    number = 0
    while True:
        number += 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield number, Refused("not readable as CSV from here to the end of the file (an open quote?)")
            return
        if not any(cell.strip() for cell in cells):
            continue
        if header is None:
            header = [name.strip().lower() for name in cells]
            missing = [name for name in COLUMNS[door.topic][:4] if name not in header]
            if missing or len(set(header)) < len(header):
                what = f"has no column {', '.join(missing)}" if missing else "names a column twice"
                yield number, Refused(f"the header {what}; nothing in this file was read")
                return
            continue
        yield number, _outcome(header, cells, door)


def _outcome(header: list[str], cells: list[str], door: Door) -> Outcome:
    try:
        if len(cells) != len(header):
            raise DoorProblem(f"the row has {len(cells)} cells, the header {len(header)}")
        return Produced((_event(Row(dict(zip(header, cells, strict=True)), door), door),))
    except DoorProblem as problem:
        return Refused(str(problem))


def _event(row: Row, door: Door) -> Record:
    kind = _kind(row.need("event_type"), door.topic)
    identity, recorded = row.need("event_id"), row.instant("recorded_at")
    subject, said = _READERS[door.topic](row, kind)
    return door.event(
        kind,
        said,
        identity=identity,
        subject=subject,
        time=row.instant("occurred_at"),
        recorded=recorded,
        # without a number of the sender's own, of two rows recorded at one moment the ids decide
        sequence=row.whole("sequence") if row.text("sequence") else milliseconds(recorded) * 10,
        where={name: f"column {column}" for name, column in _columns(door.topic).items()},
    )


def _kind(text: str, topic: str) -> str:
    """The type by its full name or its last part."""
    types = {name for name in FEEDS[topic].types if name != "feed.heartbeat"}
    by_last_part = {name.rsplit(".", 1)[1]: name for name in types}
    kind = by_last_part.get(text.lower().rsplit(".", 1)[-1])
    if kind is None or text.lower() not in (kind, kind.rsplit(".", 1)[1]):
        raise DoorProblem(f"column event_type is no event of {topic}")
    return kind


def _columns(topic: str) -> dict[str, str]:
    """Our field names to the columns that fill them, for the wording of refusals."""
    return {name: name for name in COLUMNS[topic]} | {"id": "event_id", "kind": "service", "subject": "tenancy_id"}
