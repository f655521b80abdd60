"""Settings of the adapters, from the environment (`KITHLINE_ADAPTERS_…`). How each unit is reached is in a file."""

from pathlib import Path
from typing import Any

from platformdirs import user_data_path
from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.runtime.errors import Problem

__all__ = ["AdapterSettings"]


class AdapterSettings(BaseSettings):
    """What differs from one installation to the next, beside `services.runtime.settings`."""

    model_config = SettingsConfigDict(env_prefix="KITHLINE_ADAPTERS_", extra="ignore")

    store: str | None = Field(
        default=None,
        description="Of the unit book: `sqlite:///FILE` or `postgresql://user:password@host/name`; a file in this "
        "user's data folder unless set. It belongs to one Kafka cluster: another cluster, another store.",
    )
    channels: Path | None = Field(
        default=None, description="The file that says how each unit is reached; `channels.yaml` of the policy folder."
    )
    bind: str = Field(default="127.0.0.1", description="Where units' answers (and FHIR requests) come in.")
    port: int = Field(default=6180, ge=1, le=65_535)
    pause_seconds: float = Field(default=0.5, gt=0, description="Between two looks for what units do not know yet.")
    csv_folder: Path | None = Field(default=None, description="Where the folders of units with CSV files are.")

    def __init__(self, **values: Any) -> None:
        """Raises Problem naming the variable that is wrong."""
        try:
            super().__init__(**values)
        except ValidationError as fault:
            wrong = "; ".join(
                f"KITHLINE_ADAPTERS_{'.'.join(map(str, e['loc'])).upper()}: {e['msg']}" for e in fault.errors()
            )
            raise Problem(f"settings from the environment: {wrong}") from None

    @property
    def dsn(self) -> str:
        """The store's, with the default in place."""
        if self.store is not None:
            return self.store
        folder = user_data_path("kithline")
        folder.mkdir(parents=True, exist_ok=True)
        return f"sqlite:///{folder / 'adapters.sqlite3'}"
