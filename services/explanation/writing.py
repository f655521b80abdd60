"""An explanation as lines: plain text for pipes and files, or runs with a style for a terminal. Pure."""

from collections.abc import Iterator

from contracts.flags import Verdict
from services.explanation.document import Explanation, Item
from services.explanation.terms import Both, Lang, of

__all__ = ["Run", "lines", "plain"]

_MARKS: dict[Verdict | None, tuple[Both, str]] = {
    "met": (("[met]", "［符合］"), "green"),
    "not_met": (("[not met]", "［不符合］"), "yellow"),
    "unknown": (("[unknown]", "［未知］"), "magenta"),
    "error": (("[error]", "［出錯］"), "bold red"),
}

Run = tuple[str, str]
"""(text, style as `rich` names it); a line is a list of runs."""


def plain(explanation: Explanation, lang: Lang) -> str:
    """The explanation as text without any control characters, a line each."""
    return "\n".join("".join(text for text, _ in line) for line in lines(explanation, lang)) + "\n"


def lines(explanation: Explanation, lang: Lang) -> Iterator[list[Run]]:
    """The explanation line by line, without line ends."""
    yield [(explanation.title, "bold")]
    for line in explanation.glance:
        yield [("  " + line, "")]
    for section in explanation.sections:
        yield []
        yield [(section.heading, "bold cyan")]
        for item in section.items:
            yield from _item(item, "  ", lang)


def _item(item: Item, indent: str, lang: Lang) -> Iterator[list[Run]]:
    line: list[Run] = [(indent, "")]
    if item.mark is not None:
        mark, style = _MARKS[item.mark]
        line += [(of(mark, lang), style), (" ", "")]
    yield [*line, (item.text, "bold" if item.mark is None else "")]
    for detail in item.details:
        yield [(indent + "    " + detail, "dim")]
    for part in item.parts:
        yield from _item(part, indent + "  ", lang)
