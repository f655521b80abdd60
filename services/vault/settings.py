"""The vault's own settings, from the environment (`KITHLINE_VAULT_…`)."""

from pathlib import Path

from platformdirs import user_data_path
from pydantic import Field, SecretStr, TypeAdapter
from pydantic_settings import SettingsConfigDict

from services.book.naming import namespace_key
from services.book.store import Store
from services.runtime.environment import FromEnvironment
from services.runtime.errors import Problem
from services.runtime.now import now
from services.runtime.settings import Settings
from services.runtime.yaml_file import read
from services.vault.disclosure import Policy
from services.vault.keys import VaultKey
from services.vault.tables import METADATA
from services.vault.vault import Vault

__all__ = ["VaultSettings", "load_policy", "open_vault"]


class VaultSettings(FromEnvironment):
    """Where the vault keeps what it holds, with which key, and where it answers."""

    model_config = SettingsConfigDict(env_prefix="KITHLINE_VAULT_", env_ignore_empty=True)

    key_file: Path | None = Field(
        default=None,
        description="The vault's private key (`kithline deadletters keys --out FILE`): letters are sealed to its "
        "public half, and identities at rest under a key derived from it. Whoever loses it loses both.",
    )
    dsn: SecretStr | None = Field(
        default=None, description="`sqlite:///FILE` or `postgresql://…`. None: a SQLite file in the user's data folder."
    )
    bind: str = Field(default="127.0.0.1", description="`0.0.0.0` in a container. Anywhere else: behind TLS only.")
    port: int = Field(default=6190, ge=1, le=65_535, description="Of the API. Health pages have a port of their own.")

    def key(self) -> VaultKey:
        """The key. Raises Problem where there is none."""
        if self.key_file is None:
            raise Problem(
                "the vault has no key: set KITHLINE_VAULT_KEY_FILE to its private key "
                "(`kithline deadletters keys --out vault.key` makes one and prints the public half)"
            )
        return VaultKey.of_file(self.key_file)

    def store(self) -> Store:
        """The store; nothing is opened yet. A SQLite file is made here, for this user only. Raises Problem."""
        dsn = self.dsn.get_secret_value() if self.dsn else f"sqlite:///{user_data_path('kithline') / 'vault.db'}"
        scheme, _, place = dsn.partition(":///")
        if scheme == "sqlite" and place:
            try:
                Path(place).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                Path(place).touch(mode=0o600)
            except OSError as fault:
                raise Problem(f"the vault's store {place} cannot be made: {fault.strerror}") from None
        return Store(dsn, METADATA)


def load_policy(policy: Path) -> Policy:
    """Who is told what, of `disclosure.yaml`. Raises Problem."""
    return read(policy / "disclosure.yaml", TypeAdapter(Policy))


def open_vault(own: VaultSettings, settings: Settings) -> Vault:
    """The vault of these settings; its store is not opened yet. Raises Problem."""
    namespace = namespace_key(settings.namespace_key)
    key, policy = own.key(), load_policy(settings.policy_dir)
    return Vault(own.store(), key, policy, namespace, now)
