"""How each unit is reached: `channels.yaml`. It holds no secret, only where each secret is."""

import os
from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, model_validator

from contracts.identity import Purpose
from contracts.ids import Token
from services.directory import Unit
from services.runtime.errors import Problem
from services.runtime.yaml_file import line_of, read

__all__ = ["Connection", "Csv", "Fhir", "Key", "Webhook", "read_connections"]

_LEAST_BYTES = 32
"""A secret of an HMAC or a token should not be shorter than what it guards (RFC 2104: the hash's length)."""


class _Written(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Key(_Written):
    """One secret that a unit and we share: its id, which travels, and where the secret itself is."""

    id: Token
    env: str | None = Field(default=None, pattern=r"^[A-Z][A-Z0-9_]*$")
    file: Path | None = None

    @model_validator(mode="after")
    def _is_in_one_place(self) -> Self:
        if (self.env is None) == (self.file is None):
            raise ValueError("a key names where its secret is: `env: VARIABLE` or `file: PATH`, one of the two")
        return self

    def secret(self) -> bytes:
        """The secret's bytes, without white space around it. Raises Problem where it is missing or too short."""
        where = f"the environment variable {self.env}" if self.env else f"the file {self.file}"
        try:
            text = os.environ[self.env].encode() if self.env else Path(self.file or "").read_bytes()
        except KeyError:
            raise Problem(f"the secret of key {self.id}: {where} is not set") from None
        except OSError as fault:
            raise Problem(f"the secret of key {self.id}: {where} cannot be read ({fault.strerror})") from None
        secret = text.strip()
        if len(secret) < _LEAST_BYTES:
            raise Problem(
                f"the secret of key {self.id}: {where} holds {len(secret)} characters; it needs {_LEAST_BYTES} or more "
                "(`openssl rand -hex 32`)"
            )
        return secret


def _two_at_most(keys: list[Key]) -> list[Key]:
    if len({key.id for key in keys}) != len(keys):
        raise ValueError("two keys have the same id; give each an id of its own")
    return keys


Keys = Annotated[list[Key], Field(min_length=1, max_length=2), AfterValidator(_two_at_most)]
"""Both are good; the first signs what we send. To change it: add the new one second, tell the unit, put it first, take
the old one out."""


def _http(url: str) -> str:
    parts = urlsplit(url.replace("{unit}", "unit"))
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.fragment:
        raise ValueError("is no address of the web: http(s)://host[:port]/path, without a user in it")
    if parts.scheme == "http" and parts.hostname not in ("127.0.0.1", "localhost", "::1"):
        raise ValueError("http without encryption is only for this machine; use https")
    return url


class Webhook(_Written):
    """The unit's system takes each task by POST. `{unit}` in the address stands for the unit's id."""

    url: Annotated[str, AfterValidator(_http)]
    keys: Keys
    timeout_seconds: float = Field(default=10, gt=0, le=60)
    at_once: int = Field(default=4, ge=1, le=64, description="Requests to one unit at the same time.")
    give_up_hours: float = Field(default=24, gt=0, le=240, description="On the units' clock, since the first attempt.")


class Fhir(_Written):
    """The unit's system asks for its tasks (FHIR R4), with a bearer token that is one of the keys' secrets; and may be
    notified where it says, on one of these hosts."""

    keys: Keys
    notify_hosts: list[str] = []


class Csv(_Written):
    """A folder of files: tasks in `out`, answers back in `in`. Relative to KITHLINE_ADAPTERS_CSV_FOLDER; `{unit}`: the
    unit's id."""

    folder: str = "{unit}"
    identity: Purpose | None = Field(
        default=None,
        description="What the vault is asked for, to fill in who an accepted task is about; null: nothing.",
    )
    kept_days: int = Field(default=7, ge=1, le=90, description="Files of tasks older than that are removed.")


class Connection(_Written):
    """How some units are reached: by exactly one of the forms."""

    units: str = Field(min_length=1, description="A unit's id, or a pattern of ids with * and ?.")
    webhook: Webhook | None = None
    fhir: Fhir | None = None
    csv: Csv | None = None

    @property
    def channel(self) -> str:
        """As the directory calls it."""
        return next(name for name in ("webhook", "fhir", "csv") if getattr(self, name) is not None)

    @model_validator(mode="after")
    def _is_one_form(self) -> Self:
        if sum(form is not None for form in (self.webhook, self.fhir, self.csv)) != 1:
            raise ValueError("say one of webhook, fhir and csv")
        return self


def read_connections(path: Path, units: Iterable[Unit], everybody: Iterable[str]) -> dict[str, Connection]:
    """How each of `units` is reached: the first entry whose pattern fits. `everybody`: the ids of the directory.
    Raises Problem with file and line."""
    entries = read(path, TypeAdapter(list[Connection]))
    found: dict[str, Connection] = {}
    for unit in units:
        for number, entry in enumerate(entries):
            if fnmatchcase(unit.id, entry.units):
                if entry.channel != unit.channel:
                    raise Problem(
                        f"{path}:{line_of(path, number, 'units')}: {unit.id} takes its tasks by {unit.channel} "
                        f"(units.yaml), and is reached by {entry.channel} here; change one of the two"
                    )
                found[unit.id] = entry
                break
        else:
            raise Problem(
                f"{path}:1: unit {unit.id} takes its tasks by {unit.channel} (units.yaml), and nothing here says how "
                f"it is reached; add `- {{units: {unit.id}, {unit.channel}: …}}`"
            )
    for number, entry in enumerate(entries):
        if not any(fnmatchcase(unit, entry.units) for unit in everybody):
            where = f"{path}:{line_of(path, number, 'units')}"
            raise Problem(f"{where}: no unit's id fits {entry.units!r}; check its spelling")
    return found
