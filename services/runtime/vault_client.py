"""How everybody else asks the vault: units' adapters and desks for an identity, operators for a sealed letter.

What comes back is shown or sent on, and kept nowhere: not in a book, not in a log.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
from pydantic import BaseModel, Field, SecretStr, ValidationError
from pydantic_settings import SettingsConfigDict

from contracts.deadletters import DeadLetter
from contracts.identity import Disclosure, Identity, OpenIdentity, Refusal
from services.runtime.environment import FromEnvironment
from services.runtime.errors import Problem

__all__ = ["VaultAccess", "VaultClient", "VaultRefused"]

_AT_ONCE = 500
"""Identities in one request of a load."""


class VaultAccess(FromEnvironment):
    """Where the vault is, and with which credential it is asked (`KITHLINE_VAULT_URL`, `KITHLINE_VAULT_TOKEN` or
    `KITHLINE_VAULT_TOKEN_FILE`)."""

    model_config = SettingsConfigDict(env_prefix="KITHLINE_VAULT_", env_ignore_empty=True)

    url: str | None = Field(default=None, description="Of the vault's API, for example http://127.0.0.1:6190.")
    token: SecretStr | None = Field(default=None, description="The credential that the vault gave out.")
    token_file: Path | None = Field(default=None, description="…or a file that holds it.")
    ca_file: Path | None = Field(default=None, description="The certificate that the vault's is signed by.")
    timeout_seconds: float = Field(default=10, gt=0)

    def credential(self) -> str:
        """The token. Raises Problem where there is none."""
        if self.token is not None:
            return self.token.get_secret_value()
        if self.token_file is None:
            raise Problem(
                "no credential for the vault: set KITHLINE_VAULT_TOKEN or KITHLINE_VAULT_TOKEN_FILE "
                "(`kithline vault credentials add` gives one out)"
            )
        try:
            return self.token_file.read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError):
            raise Problem(f"cannot read the vault's credential in {self.token_file}") from None


class VaultRefused(Exception):
    """The vault said no: `refusal` has the code for programs and the sentence for people, both without identity."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(f"{refusal.refused}: {refusal.says}")
        self.refusal = refusal


class VaultClient:
    """One connection pool. Use as an async context manager, or call `close`."""

    def __init__(self, access: VaultAccess, transport: httpx.AsyncBaseTransport | None = None) -> None:
        """Raises Problem without an address or a credential. `transport`: another way than the network, for tests."""
        if access.url is None:
            raise Problem("where is the vault? Set KITHLINE_VAULT_URL, for example to http://127.0.0.1:6190")
        self._url = access.url
        self._client = httpx.AsyncClient(
            base_url=access.url,
            headers={"Authorization": f"Bearer {access.credential()}"},
            timeout=access.timeout_seconds,
            transport=transport,
            verify=str(access.ca_file) if access.ca_file else True,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, _: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Lets go of the connections."""
        await self._client.aclose()

    async def resolve(self, request: OpenIdentity) -> Disclosure:
        """Who the task is about: the least that the purpose needs. Raises VaultRefused, or Problem: nobody answers."""
        return Disclosure.model_validate(await self._ask("POST", "/v1/resolve", request))

    async def load(self, identities: Iterable[Identity]) -> int:
        """Hands identities over; returns how many were new or newer than what was held."""
        taken, part = 0, []
        for identity in identities:
            part.append(identity.model_dump(mode="json"))
            if len(part) == _AT_ONCE:
                taken += await self._load(part)
                part = []
        return taken + (await self._load(part) if part else 0)

    async def _load(self, part: list[Any]) -> int:
        return int((await self._ask("PUT", "/v1/identities", {"identities": part}))["taken"])

    async def same_person(self, ids: list[str]) -> None:
        """Says that all these pseudonyms are one person; each resolves as the others do."""
        await self._ask("PUT", "/v1/aliases", {"ids": ids})

    async def apart(self, person: str) -> None:
        """Takes a merge back: the pseudonym stands for itself again."""
        await self._ask("POST", "/v1/aliases/apart", {"id": person})

    async def open_letter(self, letter_id: str, letter: DeadLetter, purpose: str, actor: str) -> Mapping[str, Any]:
        """`key`, `value` and `headers` of a sealed dead letter, in base64."""
        said = {"id": letter_id, "letter": letter.model_dump(mode="json"), "purpose": purpose, "actor": actor}
        return await self._ask("POST", "/v1/letters/open", said)

    async def subject_access(self, ids: list[str], actor: str) -> Mapping[str, Any]:
        """What the vault holds of a person, in kind, and who opened it when and what for."""
        return await self._ask("POST", "/v1/subjects/access", {"ids": ids, "actor": actor})

    async def erase(self, ids: list[str], actor: str, at: str) -> int:
        """Erases what was known up to `at`; returns how many identities went."""
        return int((await self._ask("POST", "/v1/subjects/erase", {"ids": ids, "actor": actor, "at": at}))["erased"])

    async def _ask(self, method: str, path: str, body: BaseModel | Mapping[str, Any]) -> Mapping[str, Any]:
        said = body.model_dump(mode="json") if isinstance(body, BaseModel) else body
        try:
            answer = await self._client.request(method, path, json=said)
        except (httpx.HTTPError, httpx.InvalidURL) as fault:
            raise Problem(
                f"the vault at {self._url} does not answer ({type(fault).__name__}); is it running?"
            ) from None
        if answer.is_success:
            content: Mapping[str, Any] = answer.json()
            return content
        try:
            raise VaultRefused(Refusal.model_validate_json(answer.content))
        except ValidationError:
            raise Problem(
                f"{self._url} answered {answer.status_code}, and not as the vault does; is it the vault?"
            ) from None
