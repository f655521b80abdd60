"""`kithline policy holidays`: Hong Kong's general holidays as data, from the `holidays` library.

The line reads the file and never the library: what was due stays due when a package is upgraded.
"""

from pathlib import Path
from typing import Annotated

import typer

from services.runtime.errors import Problem

__all__ = ["general_holidays", "write_holidays"]

_HEAD = """\
# Hong Kong's general holidays (General Holidays Ordinance, cap. 149), Sundays apart. Made by
#   kithline policy holidays --from {first} --to {last} --out deploy/policy/holidays.yaml
# with holidays {version}. Compare a new year with the Gazette, and add what the Government declares for one time only.
# `estimated: true`: reckoned, and not yet published.
first_year: {first}
last_year: {last}
days:
"""

_ESTIMATED = "推定"


def general_holidays(first: int, last: int) -> str:
    """The text of `holidays.yaml` for these years. Raises Problem for years that the library does not know."""
    from importlib.metadata import version

    import holidays

    years = range(first, last + 1)
    if not years:
        raise Problem(f"--to {last} is before --from {first}; name the first year, then the last")
    # What the library calls `public` are the statutory holidays, fewer than the general ones that offices keep; those
    # it calls `optional`. Its weekend is Sunday alone, so `is_working_day` is not asked: the week is in hours.yaml.
    english, chinese = (
        holidays.country_holidays("HK", years=years, language=language, categories="optional")
        for language in ("en_HK", "zh_HK")
    )
    lines = []
    for day, name in sorted(chinese.items()):
        mark = ", estimated: true" if _ESTIMATED in name or "estimated" in english[day] else ""
        lines.append(f"  - {{day: {day}, en: {_quoted(english[day])}, zh-Hant: {_quoted(name)}{mark}}}\n")
    if missing := [year for year in years if not any(day.year == year for day in chinese)]:
        raise Problem(f"the holidays library (version {version('holidays')}) knows no general holidays of {missing[0]}")
    return _HEAD.format(first=first, last=last, version=version("holidays")) + "".join(lines)


def write_holidays(
    first: Annotated[int, typer.Option("--from", help="The first year.")],
    last: Annotated[int, typer.Option("--to", help="The last year.")],
    out: Annotated[Path | None, typer.Option(help="The file to write. Not given: standard output.")] = None,
) -> None:
    """Write Hong Kong's general holidays of some years as policy data (holidays.yaml)."""
    text = general_holidays(first, last)
    if out is None:
        typer.echo(text, nl=False)
        return
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as fault:
        raise Problem(f"{out}: cannot be written ({fault.strerror}); name another file with --out") from None
    typer.echo(f"{text.count('day:')} general holidays of {first} to {last} in {out}; compare them with the Gazette")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', "'") + '"'
