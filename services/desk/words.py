"""What the desk says, in each language: one catalogue a language, the same keys in each. Pure."""

from collections.abc import Mapping
from typing import Any

from services.explanation import terms
from services.explanation.terms import Both, Lang, of

__all__ = ["LANGUAGES", "Words", "language"]

LANGUAGES: tuple[Lang, ...] = ("zh-Hant", "en")


class Words:
    """The texts of one language. Codes of contracts have their words in `services.explanation.terms`, or here."""

    def __init__(self, lang: Lang, texts: Mapping[str, str]) -> None:
        self.lang = lang
        self._texts = texts

    def __call__(self, key: str, **values: Any) -> str:
        """The text of a key, with its values in place."""
        text = self._texts[key]
        return text.format(**values) if values else text

    def code(self, table: str, code: str) -> str:
        """A code's words: the desk's own (`table.code`) or the explanation's; the code where nobody has any."""
        if (own := self._texts.get(f"{table}.{code}")) is not None:
            return own
        words: Mapping[str, Both] = getattr(terms, table.upper(), {})
        return of(words[code], self.lang) if code in words else code

    def has(self, table: str, code: str) -> bool:
        """Whether a code has words."""
        return f"{table}.{code}" in self._texts or code in getattr(terms, table.upper(), {})


def language(chosen: str | None, accepted: str) -> Lang:
    """The language of a page: what was chosen, else what the browser asks for (`Accept-Language`), else Chinese."""
    if chosen in LANGUAGES:
        return chosen
    wanted: list[tuple[float, int, Lang]] = []
    for place, entry in enumerate(accepted.split(",")):
        tag, _, rest = entry.strip().partition(";")
        lang = _known(tag.strip().lower())
        if lang is not None:
            wanted.append((-_quality(rest), place, lang))
    return min(wanted)[2] if wanted else "zh-Hant"


def _known(tag: str) -> Lang | None:
    if tag == "en" or tag.startswith("en-"):
        return "en"
    return "zh-Hant" if tag in ("zh", "yue") or tag.startswith(("zh-", "yue-")) else None


def _quality(rest: str) -> float:
    try:
        return float(rest.replace(" ", "").removeprefix("q="))
    except ValueError:
        return 1.0
