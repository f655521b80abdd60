"""What all settings share: they are read from the environment, and a wrong one is named as it is written there."""

from typing import Any

from pydantic import ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.runtime.errors import Problem

__all__ = ["FromEnvironment"]


class FromEnvironment(BaseSettings):
    """Settings of one part, each `<env_prefix><NAME>`."""

    model_config = SettingsConfigDict(extra="ignore", hide_input_in_errors=True)

    def __init__(self, **values: Any) -> None:
        """Raises Problem naming the variable that is wrong."""
        try:
            super().__init__(**values)
        except ValidationError as fault:
            prefix = self.model_config.get("env_prefix", "")
            errors = fault.errors(include_input=False, include_url=False)
            # a fault of several together has no place of its own
            wrong = "; ".join(f"{prefix}{'.'.join(map(str, e['loc'])).upper() or '…'}: {e['msg']}" for e in errors)
            raise Problem(f"settings from the environment: {wrong.replace('Value error, ', '')}") from None
