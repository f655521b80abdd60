"""Templates and catalogues, and how a page is made of them."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from pydantic import TypeAdapter
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from contracts.instants import EPOCH
from services.desk.urgency import left
from services.desk.words import LANGUAGES, Words
from services.explanation.terms import Lang, hong_kong_time
from services.runtime.yaml_file import read

if TYPE_CHECKING:
    from services.desk.accounts import Who
    from services.desk.desk import Desk

__all__ = ["STATIC", "load_words", "page"]

_HERE = Path(__file__).parent
STATIC = _HERE / "static"


@cache
def _environment() -> Environment:
    loader = FileSystemLoader(_HERE / "templates")
    return Environment(
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )


def load_words() -> dict[str, Words]:
    """The catalogues, by language."""
    adapter: TypeAdapter[Mapping[str, str]] = TypeAdapter(Mapping[str, str])
    return {lang: Words(lang, read(_HERE / "words" / f"{lang}.yaml", adapter)) for lang in LANGUAGES}


def page(
    template: str,
    lang: Lang,
    who: "Who | None",
    request: Request,
    status: int,
    values: Mapping[str, Any],
    desk: "Desk",
) -> Response:
    """Makes a page. A template knows `t` (a text), `code` (a code's words), `time` (an instant in Hong Kong) and
    `span` (how much time is left, or over)."""
    words = desk.words[lang]
    unit = desk.unit(who.unit) if who is not None else None

    def span(milliseconds: int) -> str:
        kind, big, small = left(milliseconds)
        return words(f"span.{kind}", big=big, small=small)

    text = (
        _environment()
        .get_template(template)
        .render(
            t=words,
            code=words.code,
            time=lambda instant: hong_kong_time(instant, lang) if instant > EPOCH else words("time.unknown"),
            span=span,
            lang=lang,
            languages=LANGUAGES,
            who=who,
            unit_name=unit_name(desk, who.unit, lang) if who is not None else "",
            is_office=unit is not None and unit.kind == "district_office",
            here=request.url.path,
            here_quoted=quote(request.url.path),
            **values,
        )
    )
    return HTMLResponse(text, status_code=status)


def unit_name(desk: "Desk", unit: str, lang: Lang) -> str:
    """A unit's name for people; its id where it has none, or is a queue."""
    known = desk.unit(unit)
    return unit if known is None else known.name.of(lang)
