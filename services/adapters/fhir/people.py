"""A Patient with name, telephone and address: told by the vault for one accepted task and purpose, kept nowhere."""

from collections.abc import Mapping

from pydantic import ValidationError

from contracts.identity import PURPOSES, REFUSALS, OpenIdentity
from services.adapters.fhir.mapping import Resource, patient
from services.adapters.fhir.outcome import Fault
from services.book.book import Book, Held
from services.directory import Unit
from services.runtime.errors import Problem
from services.runtime.vault_client import VaultClient, VaultRefused

__all__ = ["People"]

_CODES = {401: "login", 403: "forbidden", 404: "not-found", 409: "business-rule", 422: "invalid", 429: "throttled"}
_AT_WORK = ("accepted", "in-progress", "on-hold")


class People:
    """Asks the vault; without one (None), says so."""

    def __init__(self, book: Book, vault: VaultClient | None) -> None:
        self._book = book
        self._vault = vault

    async def patient(self, unit: Unit, name: str, said: Mapping[str, str]) -> Resource:
        """Who `name` is, for `unit`. `said`: `purpose`, `actor` and, where there are several tasks about the person,
        `task`. Raises Fault."""
        about = [one for one in await self._book.all_held(unit.id, ended=True) if one.view["for"] == name]
        if not about:
            raise Fault(404, "not-found", "your unit has no task for such a Patient")
        if self._vault is None:
            raise Fault(
                501,
                "not-supported",
                "this installation has no vault behind its FHIR server, so names and addresses cannot be told here; "
                "ask for them where your unit was told to (the operator sets KITHLINE_VAULT_URL)",
            )
        request = self._request(unit, name, _chosen(about, said.get("task")), said)
        try:
            return patient(name, await self._vault.resolve(request))
        except VaultRefused as refused:
            code = refused.refusal.refused
            status = REFUSALS[code][0]
            if code in ("bad_credential", "not_your_right", "not_your_unit"):
                # ours, not the unit's: it can do nothing about it
                raise Fault(
                    502, "exception", f"the vault does not believe this server: {refused.refusal.says}"
                ) from None
            raise Fault(status, _CODES.get(status, "processing"), refused.refusal.says) from None
        except Problem as problem:
            raise Fault(503, "transient", f"{problem}") from None

    @staticmethod
    def _request(unit: Unit, name: str, task: Held, said: Mapping[str, str]) -> OpenIdentity:
        missing = [one for one in ("purpose", "actor") if not said.get(one)]
        if missing:
            known = ", ".join(PURPOSES)
            says = f"say purpose ({known}) and actor (the officer's number, no name): both stand in the vault's audit"
            raise Fault(400, "required", says, *missing)
        try:
            return OpenIdentity.model_validate(
                {
                    "task": task.ref,
                    "person": name,
                    "purpose": said["purpose"],
                    "lawful_basis": task.view["lawful_basis"],
                    "actor": said["actor"],
                    "unit": unit.id,
                }
            )
        except ValidationError as fault:
            where = [str(one["loc"][0]) for one in fault.errors(include_input=False, include_url=False)]
            raise Fault(400, "value", f"not as the vault takes it: {', '.join(where)}", *where) from None


def _chosen(about: list[Held], task: str | None) -> Held:
    if task is not None:
        named = [one for one in about if one.ref == task]
        if not named:
            raise Fault(404, "not-found", "your unit has no such task for this person", "task")
        return named[0]
    at_work = [one for one in about if one.open and one.view["status"] in _AT_WORK]
    if len(at_work) > 1:
        raise Fault(400, "required", "several tasks of yours are about this person; say which: task=t-…", "task")
    return at_work[0] if at_work else about[-1]
