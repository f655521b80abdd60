"""A bar chart as inline SVG: with a title and a description for those who do not see it, and numbers beside the bars,
so that nothing depends on colour or length alone. Pure.

Written by hand: the libraries that draw charts bring a script, a font or very much code for thirty rectangles.
"""

from collections.abc import Sequence
from typing import NamedTuple
from xml.etree.ElementTree import Element, SubElement

__all__ = ["Bar", "bar_chart"]

_WIDTH, _ROW, _BAR = 720, 26, 16
_LABELS, _NUMBERS = 300, 80
_BARS = _WIDTH - _LABELS - _NUMBERS


class Bar(NamedTuple):
    """One bar; None: its number is not shown, and no length may tell it."""

    label: str
    value: int | None


def bar_chart(name: str, title: str, bars: Sequence[Bar], not_shown: str) -> Element:
    """The chart. `name` is unique on its page; `not_shown` is what stands beside a bar without a number."""
    height = len(bars) * _ROW + 8
    svg = Element(
        "svg",
        {
            "class": "chart",
            "viewBox": f"0 0 {_WIDTH} {height}",
            "role": "img",
            "aria-labelledby": f"{name}-title {name}-words",
        },
    )
    SubElement(svg, "title", id=f"{name}-title").text = title
    said = "; ".join(f"{bar.label}: {not_shown if bar.value is None else bar.value}" for bar in bars)
    SubElement(svg, "desc", id=f"{name}-words").text = said
    most = max((bar.value for bar in bars if bar.value is not None), default=0) or 1
    for number, bar in enumerate(bars):
        top = number * _ROW + 4
        middle = str(top + _BAR / 2)
        line = SubElement(svg, "g", {"aria-hidden": "true"})
        attributes = {"x": str(_LABELS - 10), "y": middle, "class": "label", "text-anchor": "end"}
        SubElement(line, "text", attributes).text = bar.label
        length = 0.0 if bar.value is None else round(bar.value / most * _BARS, 1)
        if length:
            place = {"x": str(_LABELS), "y": str(top), "width": str(length), "height": str(_BAR), "class": "bar"}
            SubElement(line, "rect", place)
        attributes = {"x": str(_LABELS + length + 6), "y": middle, "class": "number"}
        SubElement(line, "text", attributes).text = not_shown if bar.value is None else f"{bar.value:,}"
    axis = {"x1": str(_LABELS), "x2": str(_LABELS), "y1": "0", "y2": str(height), "class": "axis"}
    SubElement(svg, "line", axis)
    return svg
