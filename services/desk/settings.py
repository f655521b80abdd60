"""Settings of the desk, from the environment (`KITHLINE_DESK_…`)."""

from typing import Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import SettingsConfigDict

from services.book.settings import BookSettings

__all__ = ["DeskSettings"]

_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class DeskSettings(BookSettings):
    """What differs from one installation to the next, beside `services.runtime.settings`."""

    model_config = SettingsConfigDict(env_prefix="KITHLINE_DESK_")
    FILE = "desk.sqlite3"

    bind: str = Field(default="127.0.0.1", description="`0.0.0.0` in a container, behind what ends TLS.")
    port: int = Field(default=6200, ge=1, le=65_535)
    public_url: str | None = Field(
        default=None,
        description="Under which address browsers reach the desk. With https:// its cookies never travel in the clear.",
    )
    session_hours: float = Field(default=10, gt=0, le=24, description="A working day; then one signs in again.")

    oidc_issuer: str | None = Field(default=None, description="Of the department's sign-in, for example https://id…")
    oidc_client_id: str | None = None
    oidc_client_secret: SecretStr | None = Field(default=None, description="Unset: a public client (PKCE alone).")
    oidc_unit_claim: str = Field(default="kithline_unit", description="The claim that names the account's unit.")
    oidc_role_claim: str = Field(default="kithline_role", description="…and its role: worker or officer.")

    @model_validator(mode="after")
    def _oidc_is_whole(self) -> Self:
        if self.oidc_issuer is None:
            return self
        if self.oidc_client_id is None or self.public_url is None:
            raise ValueError("oidc_issuer needs oidc_client_id and public_url too")
        issuer = urlsplit(self.oidc_issuer)
        # Who somebody is comes over this connection: its TLS is what proves it.
        if issuer.scheme != "https" and issuer.hostname not in _LOOPBACK:
            raise ValueError("oidc_issuer must be https://")
        return self

    @property
    def address(self) -> str:
        """Where a browser finds the desk."""
        return self.public_url or f"http://{'127.0.0.1' if self.bind == '0.0.0.0' else self.bind}:{self.port}"

    @property
    def secure(self) -> bool:
        """Whether cookies are for https only."""
        return self.address.startswith("https://")
