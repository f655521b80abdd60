"""Who a pseudonym is: what the vault takes in, and what it tells a unit that has accepted a task. On no topic, ever."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from .ids import Token
from .instants import Instant
from .model import Code

__all__ = [
    "PURPOSES",
    "REFUSALS",
    "Disclosure",
    "Identity",
    "OpenIdentity",
    "Purpose",
    "Refusal",
    "RefusalCode",
    "Subject",
    "Telephone",
    "Written",
]

Subject = Annotated[str, StringConstraints(pattern=r"^(p-[0-9a-f]{32}|[ch]-[0-9a-f-]{36})$")]
"""What a task can be for: a person's pseudonym, an unidentified contact, or a household."""

Telephone = Annotated[str, StringConstraints(pattern=r"^\+[0-9]{6,15}$")]
"""E.164, without spaces: `+852` and eight digits."""

_Line = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]


class _Identifying(BaseModel):
    """No error about such a model quotes what it holds."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Written(_Identifying):
    """A name or an address as it is written in Traditional Chinese, in English, or in both."""

    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [{"required": [one], "properties": {one: {"type": "string"}}} for one in ("zh_hant", "en")]
        }
    )

    zh_hant: _Line | None = None
    en: _Line | None = None

    @model_validator(mode="after")
    def _in_some_language(self) -> "Written":
        if self.zh_hant is None and self.en is None:
            raise ValueError("zh_hant or en: one of them has to be there")
        return self


class Identity(_Identifying):
    """One line of what the vault takes in: who a pseudonym is, and how to reach them. Of two lines about one subject
    the later `as_of` counts, in whatever order they come."""

    subject: Subject
    as_of: Instant = Field(description="When the source knew it.")
    name: Written | None = None
    telephones: list[Telephone] = Field(default=[], max_length=5, description="The best one first.")
    address: Written | None = None
    language: Code = Field(default="yue", description="The language to speak, ISO 639: yue, cmn, en, ur …")
    protected: bool = Field(
        default=False, description="Nobody may learn where they are but a named officer: violence, a child at risk."
    )


Purpose = Literal["call", "visit", "install_alarm"]
"""What the identity is needed for; what is told follows from it (`deploy/policy/disclosure.yaml`)."""
PURPOSES: tuple[Purpose, ...] = Purpose.__args__  # type: ignore[attr-defined]


class OpenIdentity(_Identifying):
    """What a unit asks of the vault (`POST /v1/resolve`). Ids are those of the unit's own namespace, as the task
    brought them. `person`, where given, must be the task's. `unit` is needed where the credential acts for several."""

    task: str = Field(pattern=r"^t-[a-z2-7]{26}$")
    person: str | None = Field(default=None, pattern=r"^p-[a-z2-7]{26}$")
    purpose: Purpose
    lawful_basis: Code = Field(description="The task's own: who asks says on which basis they act.")
    actor: Token = Field(description="Who asks: the officer's number in the unit, never a name.")
    unit: Token | None = None


class Disclosure(_Identifying):
    """The least that the purpose needs. `entry` is the number of the audit's entry about it."""

    task: str
    person: str
    purpose: Purpose
    protected: bool
    entry: int
    language: Code
    name: Written | None = None
    telephones: list[Telephone] = []
    address: Written | None = None


RefusalCode = Literal[
    "bad_credential",
    "not_your_right",
    "not_your_unit",
    "invalid",
    "too_large",
    "unknown_task",
    "not_accepted",
    "ended",
    "another_person",
    "another_basis",
    "purpose_not_allowed",
    "protected",
    "nothing_held",
    "too_many",
    "locked_out",
    "unreadable",
    "unavailable",
]

REFUSALS: dict[RefusalCode, tuple[int, str]] = {
    "bad_credential": (401, "No such credential. Send `Authorization: Bearer …` with the one that the vault gave out."),
    "not_your_right": (403, "This credential does not carry the right that this needs."),
    "not_your_unit": (403, "This credential does not act for that unit; a credential of several units names one."),
    "invalid": (422, "The request is not as the contract has it; `at` says where."),
    "too_large": (413, "The request is larger than the vault takes; send it in parts."),
    "unknown_task": (404, "Your unit holds no such task. Tasks have ids of your unit's own namespace."),
    "not_accepted": (
        409,
        "Your unit has not accepted this task. Accept it; the vault hears of it in seconds.",
    ),
    "ended": (409, "This task has ended; who it was about is not told any more."),
    "another_person": (409, "The task is not about this person."),
    "another_basis": (409, "The task rests on another lawful basis; send the one that it names."),
    "purpose_not_allowed": (403, "Units of your kind do not get what this purpose needs."),
    "protected": (403, "The address is protected: only a named officer of your unit may open it, at a desk."),
    "nothing_held": (404, "The vault holds no identity of this person. Ask the district's duty officer."),
    "too_many": (429, "Your unit has opened far more than its open tasks need. This stands in the audit."),
    "locked_out": (429, "Too many refusals: this credential rests for a while. This stands in the audit."),
    "unreadable": (409, "This letter is not sealed to the vault's key, or is not one at all."),
    "unavailable": (503, "The vault cannot answer now; what it cannot log it does not tell. Try again."),
}
"""Every refusal: HTTP status, and what it says to people. It never says more than the asker may know: a task of another
unit and one that does not exist are refused alike."""


class Refusal(BaseModel):
    """The body of every answer that is not a disclosure."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    refused: RefusalCode
    says: str
    at: list[str] = Field(default=[], description="For `invalid`: the fields that are wrong.")
