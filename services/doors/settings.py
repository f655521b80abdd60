"""The door's own settings: the key of the pseudonyms, and nothing that another service would need."""

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from services.doors.identity import DEMO_KEY, DEMO_NAMESPACE, Pseudonyms
from services.runtime.environment import FromEnvironment
from services.runtime.errors import Problem
from services.runtime.secret import machine_key

__all__ = ["DoorSettings", "has_key", "pseudonyms"]

_SHORTEST_KEY = 32


class DoorSettings(FromEnvironment):
    """From the environment, `KITHLINE_PSEUDONYM_…`."""

    model_config = SettingsConfigDict(env_prefix="KITHLINE_PSEUDONYM_")

    key: SecretStr | None = Field(default=None, description="The secret key of this zone; at least 32 characters.")
    key_epoch: int = Field(default=1, ge=1, description="Goes up with each new key.")
    namespace: str = Field(default=DEMO_NAMESPACE, min_length=1)


def pseudonyms(synthetic: bool, trial: bool = False) -> Pseudonyms:
    """The maker of pseudonyms for real people (key from the environment) or for synthetic ones (public key).

    A `trial` without a key gets a secret one of this machine, and takes any check digit: trials are made with the
    invented patients of some vendor, and what a trial makes goes nowhere. Raises Problem where there is no key
    otherwise: nothing is ever hashed with a default that outsiders know."""
    if synthetic:
        return Pseudonyms(DEMO_KEY, digits="wrong")
    settings = DoorSettings()
    if settings.key is None and trial:
        return Pseudonyms(machine_key(), settings.namespace, settings.key_epoch, "any")
    if settings.key is None:
        raise Problem(
            "KITHLINE_PSEUDONYM_KEY is not set: set it to the secret key of this zone, "
            "or use --synthetic for people who do not exist"
        )
    key = settings.key.get_secret_value().encode()
    if len(key) < _SHORTEST_KEY:
        raise Problem(f"KITHLINE_PSEUDONYM_KEY is too short: it needs at least {_SHORTEST_KEY} characters")
    if key == DEMO_KEY:
        raise Problem("KITHLINE_PSEUDONYM_KEY is the public key of the demonstration: make one of your own")
    return Pseudonyms(key, settings.namespace, settings.key_epoch)


def has_key() -> bool:
    """Whether this zone's key is set."""
    return DoorSettings().key is not None
