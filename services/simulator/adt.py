"""One message of a hospital's admission system, before it is written as HL7 v2 or as a feed record."""

from dataclasses import dataclass

__all__ = ["TRIGGERS", "Adt"]

TRIGGERS = {
    "A01": "hospital.admitted",
    "A02": "hospital.transferred",
    "A03": "hospital.discharged",
    "A04": "hospital.ed_registered",
    "A05": "hospital.preadmitted",
    "A08": "hospital.corrected",
    "A11": "hospital.admission_cancelled",
    "A12": "hospital.transfer_cancelled",
    "A13": "hospital.discharge_cancelled",
    "A21": "hospital.leave_started",
    "A22": "hospital.leave_ended",
    "A37": "identity.unmerged",
    "A40": "identity.merged",
}
"""What the simulated hospitals send. The door reads more (A06, A07, A14, A31, A34)."""


@dataclass(frozen=True, slots=True)
class Adt:
    """Times are seconds since 1970 in UTC; `batch` is when the morning batch that carries it comes in.

    `control` is MSH-10 and `sequence` MSH-13; `admitted` and `discharged` are the visit's times as known to
    the sender at the time of the message."""

    trigger: str
    hkid: str
    hospital: str
    visit: str
    occurred: int
    recorded: int
    batch: int
    admitted: int | None = None
    discharged: int | None = None
    deceased: bool = False
    retired_hkid: str = ""
    control: str = ""
    sequence: int = 0
