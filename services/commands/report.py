"""`kithline report`: the figures that the department gives its district councils, as a page or a sheet."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services.commands.explain import Language
from services.runtime.errors import Problem

if TYPE_CHECKING:
    from services.explanation.cases import Cases
    from services.report.tables import Report

__all__ = ["register", "report_from"]


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @app.command()
    def report(
        first: Annotated[str, typer.Option("--from", metavar="DAY", help="First day in Hong Kong, 2026-07-01.")],
        last: Annotated[str, typer.Option("--to", metavar="DAY", help="Last day, included.")],
        out: Annotated[Path, typer.Option(help="File to write: .html (a page) or .csv (a sheet).")],
        district: Annotated[
            str | None, typer.Option(help="Code of the district, for example SSP. Not given: the territory.")
        ] = None,
        lang: Annotated[Language, typer.Option(help="English or Traditional Chinese.")] = Language.en,
        source: Annotated[
            Path | None, typer.Option("--source", help="What `kithline replay` wrote. Not given: the topics, live.")
        ] = None,
        policy: Annotated[Path | None, typer.Option(help="Policy folder (default: the repository's).")] = None,
    ) -> None:
        """Count notices, needs, visits and referrals of a period; small counts are hidden."""
        import asyncio

        from contracts.instants import day_of
        from services.commands.explain import read_cases, read_live_cases
        from services.report.page import page
        from services.report.sheet import sheet
        from services.report.words import day
        from services.runtime.now import now
        from services.runtime.settings import Settings

        if out.suffix not in (".html", ".csv"):
            raise Problem(f"--out {out}: give the file the ending .html or .csv")
        settings = Settings()
        days = _day("--from", first), _day("--to", last)
        cases = asyncio.run(read_live_cases(settings)) if source is None else read_cases(source)
        made = report_from(cases, policy or settings.policy_dir, *days, district)
        known = day_of(now() if source is None else cases.as_of())
        written = sheet(made, lang.value) if out.suffix == ".csv" else page(made, day(known, lang.value), lang.value)
        try:
            out.write_bytes(written)
        except OSError as fault:
            raise Problem(f"cannot write {out}: {fault.strerror}") from None
        told = sum(table.total.territory or 0 for table in made.programmes)
        typer.echo(f"{told} cases in the territory from {days[0]} to {days[1]}, written to {out}", err=True)


def report_from(cases: "Cases", policy: Path, first: date, last: date, district: str | None) -> "Report":
    """The report of all flags and tasks of a source. Raises Problem for a district that nobody knows."""
    from pydantic import TypeAdapter

    from services.report.figures import count
    from services.report.programmes import Programmes
    from services.report.tables import report_of
    from services.report.words import DISTRICTS
    from services.runtime.yaml_file import read

    if last < first:
        raise Problem(f"--to {last} lies before --from {first}; name the earlier day first")
    programmes = read(policy / "report.yaml", TypeAdapter(Programmes))
    flags = [revisions[-1] for revisions in cases.flags.values()]
    figures = count(flags, cases.tasks.values(), programmes, first, last)
    if district is not None and district not in figures.districts() and district not in DISTRICTS:
        known = ", ".join(code for code in DISTRICTS)
        raise Problem(f"--district {district}: no district has this code; there are {known}")
    return report_of(figures, programmes, district)


def _day(option: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Problem(f"{option} {text}: not a day; write it as 2026-07-01") from None
