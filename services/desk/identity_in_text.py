"""Whether a short note says who somebody is. Pure.

It cannot find every name: that is why notes stay at the desk, are short, and most of what there is to say has codes.
"""

import re

from services.runtime.hkid import holds_hkid

__all__ = ["Told", "identity_in"]

Told = str
"""What kind of identity: `hkid`, `telephone`, `email`, `name` or `address`."""

_SEPARATED = re.compile(r"(?<=\d)[\s\-.‐‑–()]{1,2}(?=\d)")
_TELEPHONE = re.compile(r"\d{8,}")
_DATE = re.compile(r"(?<!\d)20\d\d-\d\d-\d\d(?!\d)")
_EMAIL = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+|@[A-Za-z0-9_.]{4,}")
_TITLED = re.compile(
    r"\b(?:Mr|Mrs|Ms|Miss|Madam|Mdm|Dr)\b\.?\s+[A-Z]"
    r"|[\u4e00-\u9fff](?:先生|太太|女士|小姐|婆婆|伯伯|公公|師奶|姑娘|醫生)"
)
_NAMED = re.compile(r"\b(?:named|name is|called)\s+[A-Z]|(?:叫做|名叫|姓名|姓)\s*[:：]?\s*[\u4e00-\u9fff]")
_ADDRESS = re.compile(
    r"\b(?:flat|room|rm|block|floor|house)\b\.?\s*(?:[A-Z]\b|\d)|\b\d{1,2}/F\b"
    r"|[\dA-Za-z一二三四五六七八九十]+\s*(?:樓|室|座|號)",
    re.IGNORECASE,
)

_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}


def identity_in(text: str) -> list[Told]:
    """The kinds of identity that this text seems to hold; empty where none is seen. Digits may be full-width, or set
    apart by blanks and hyphens."""
    plain = text.translate(_FULL_WIDTH)
    joined = _SEPARATED.sub("", _DATE.sub("", plain))
    shouted = re.sub(r"(?<=[A-Za-z])[\s\-]+(?=\d)", "", joined).upper()
    found = {
        "hkid": holds_hkid(plain.encode()) or holds_hkid(shouted.encode()),
        "telephone": _TELEPHONE.search(joined) is not None,
        "email": _EMAIL.search(plain) is not None,
        "name": _TITLED.search(plain) is not None or _NAMED.search(plain) is not None,
        "address": _ADDRESS.search(plain) is not None,
    }
    return [kind for kind, holds in found.items() if holds]
