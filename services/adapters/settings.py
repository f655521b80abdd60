"""Settings of the adapters, from the environment (`KITHLINE_ADAPTERS_…`). How each unit is reached is in a file."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from services.book.settings import BookSettings

__all__ = ["AdapterSettings"]


class AdapterSettings(BookSettings):
    """What differs from one installation to the next, beside `services.runtime.settings`."""

    model_config = SettingsConfigDict(env_prefix="KITHLINE_ADAPTERS_")
    FILE = "adapters.sqlite3"

    channels: Path | None = Field(
        default=None, description="The file that says how each unit is reached; `channels.yaml` of the policy folder."
    )
    bind: str = Field(default="127.0.0.1", description="Where units' answers (and FHIR requests) come in.")
    port: int = Field(default=6180, ge=1, le=65_535)
    pause_seconds: float = Field(default=0.5, gt=0, description="Between two looks for what units do not know yet.")
    csv_folder: Path | None = Field(default=None, description="Where the folders of units with CSV files are.")
