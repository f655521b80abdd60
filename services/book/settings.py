"""Where a unit book is: the setting that its owners share."""

from typing import ClassVar

from platformdirs import user_data_path
from pydantic import Field

from services.runtime.environment import FromEnvironment

__all__ = ["BookSettings"]


class BookSettings(FromEnvironment):
    """Of whoever has a unit book. `FILE`: its name where nothing else is said."""

    FILE: ClassVar[str]

    store: str | None = Field(
        default=None,
        description="Of the unit book: `sqlite:///FILE` or `postgresql://user:password@host/name`; a file in this "
        "user's data folder unless set. It belongs to one Kafka cluster: another cluster, another store.",
    )

    @property
    def dsn(self) -> str:
        """The store's, with the default in place."""
        if self.store is not None:
            return self.store
        folder = user_data_path("kithline")
        folder.mkdir(parents=True, exist_ok=True)
        return f"sqlite:///{folder / self.FILE}"
