"""What an explanation consists of, before it is written for a terminal or for a pipe. Pure."""

from dataclasses import dataclass

from contracts.flags import Verdict

__all__ = ["Explanation", "Item", "Section"]


@dataclass(frozen=True, slots=True)
class Item:
    """One statement, with what stands behind it."""

    text: str
    mark: Verdict | None = None
    details: tuple[str, ...] = ()
    parts: tuple["Item", ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """One question and its answers."""

    heading: str
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """A flag or a task, explained: its title, what it is at a glance, and the questions that it answers."""

    title: str
    glance: tuple[str, ...]
    sections: tuple[Section, ...]
