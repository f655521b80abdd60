"""What is said instead of an answer: an OperationOutcome that says what, where and how to mend it. Pure."""

from collections.abc import Sequence
from typing import Any

__all__ = ["Fault", "operation_outcome"]


class Fault(Exception):
    """A request that is refused. `status`: of HTTP; `code`: of FHIR's IssueType; `at`: the elements, as FHIRPath."""

    def __init__(self, status: int, code: str, says: str, *at: str) -> None:
        super().__init__(says)
        self.status = status
        self.code = code
        self.says = says
        self.at: Sequence[str] = at

    @property
    def outcome(self) -> dict[str, Any]:
        """As a resource."""
        return operation_outcome("error", self.code, self.says, self.at)


def operation_outcome(severity: str, code: str, says: str, at: Sequence[str] = ()) -> dict[str, Any]:
    """One issue."""
    issue: dict[str, Any] = {"severity": severity, "code": code, "diagnostics": says}
    if at:
        issue["expression"] = list(at)
    return {"resourceType": "OperationOutcome", "issue": [issue]}
