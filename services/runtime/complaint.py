"""What a model finds wrong with something, in a line for whoever has to mend it. Pure."""

from pydantic import ValidationError

__all__ = ["complaint"]

_SHOWN = 5


def complaint(error: ValidationError, whole: str = "record") -> str:
    """What is wrong and where, without quoting a value (it could hold an identity). `whole`: how to call the place of
    a fault that has none of its own (empty: not at all)."""
    parts = []
    for fault in error.errors(include_url=False, include_input=False, include_context=False)[:_SHOWN]:
        where = ".".join(map(str, fault["loc"])) or whole
        what = fault["msg"].removeprefix("Value error, ")
        parts.append(f"{where}: {what}" if where else what)
    return "; ".join(parts)
