"""The base of everything that we publish ourselves: nothing unknown is written."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

__all__ = ["Bilingual", "Code", "Published"]

Code = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_.-]{0,63}$")]
"""A word of the vocabulary: lower case, digits, `_.-`."""


class Published(BaseModel):
    """Published by Kithline; unknown fields are an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Bilingual(Published):
    """A text for people, in English and Traditional Chinese. Written by policy, never by a feed."""

    en: str
    zh_hant: str

    def of(self, lang: str) -> str:
        """The text in `en` or `zh-Hant`."""
        return self.zh_hant if lang == "zh-Hant" else self.en
