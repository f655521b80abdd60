"""`kithline ingest`: the doors through which producers' own files become feed records."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services.runtime.errors import Problem

if TYPE_CHECKING:
    from services.doors.books import Books

__all__ = ["register"]


class HospitalFormat(StrEnum):
    hl7v2 = "hl7v2"
    csv = "csv"


class TableFormat(StrEnum):
    csv = "csv"


Paths = Annotated[list[Path], typer.Argument(help="Files, or folders of files (read by name).")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="No Kafka: write the records to --out as JSON lines.")]
Out = Annotated[Path | None, typer.Option(help="With --dry-run: where the records go.")]
Report = Annotated[Path | None, typer.Option("--json", help="Write what was read, produced, ignored and refused.")]
ReceivedAt = Annotated[str | None, typer.Option(help="Stamp of receipt (ISO 8601) instead of this moment.")]
Synthetic = Annotated[
    bool, typer.Option("--synthetic", help="People who do not exist: public key, and check digits must be wrong.")
]
Kafka = Annotated[str | None, typer.Option(help="host:port of the cluster instead of KITHLINE_KAFKA.")]

_FEEDS = {
    "hospital": ("hospital.admissions", "ha-cms"),
    "housing": ("housing.tenancies", "hd-tenancies"),
    "register": ("welfare.register", "swd-register"),
}
"""Topic and source of each door."""


def register(app: typer.Typer) -> None:
    """Adds the commands `ingest hospital`, `ingest housing` and `ingest register`."""
    group = typer.Typer(
        help="Doors for producers: their files in, feed records without identity out.", no_args_is_help=True
    )
    group.command("hospital")(hospital)
    group.command("housing")(housing)
    group.command("register")(welfare_register)
    app.add_typer(group, name="ingest")


def hospital(
    paths: Paths,
    form: Annotated[HospitalFormat, typer.Option("--format", help="HL7 v2.3-2.8 ADT, or CSV.")],
    dry_run: DryRun = False,
    out: Out = None,
    report: Report = None,
    received_at: ReceivedAt = None,
    synthetic: Synthetic = False,
    kafka: Kafka = None,
    source: Annotated[str, typer.Option(help="Name of the system behind this feed.")] = _FEEDS["hospital"][1],
) -> None:
    """Admissions, discharges, transfers, corrections and merged identities of hospitals."""
    _ingest("hospital", paths, form.value, dry_run, out, report, received_at, synthetic, kafka, source)


def housing(
    paths: Paths,
    form: Annotated[TableFormat, typer.Option("--format")],
    dry_run: DryRun = False,
    out: Out = None,
    report: Report = None,
    received_at: ReceivedAt = None,
    synthetic: Synthetic = False,
    kafka: Kafka = None,
    source: Annotated[str, typer.Option(help="Name of the system behind this feed.")] = _FEEDS["housing"][1],
) -> None:
    """Tenancies and who lives in them."""
    _ingest("housing", paths, form.value, dry_run, out, report, received_at, synthetic, kafka, source)


def welfare_register(
    paths: Paths,
    form: Annotated[TableFormat, typer.Option("--format")],
    dry_run: DryRun = False,
    out: Out = None,
    report: Report = None,
    received_at: ReceivedAt = None,
    synthetic: Synthetic = False,
    kafka: Kafka = None,
    source: Annotated[str, typer.Option(help="Name of the system behind this feed.")] = _FEEDS["register"][1],
) -> None:
    """Who cares for whom, cohorts, services, planned absences, consent, deaths."""
    _ingest("register", paths, form.value, dry_run, out, report, received_at, synthetic, kafka, source)


def _ingest(
    feed: str,
    paths: list[Path],
    form: str,
    dry_run: bool,
    out: Path | None,
    report: Path | None,
    received_at: str | None,
    synthetic: bool,
    kafka: str | None,
    source: str,
) -> None:
    from contracts.instants import canonical
    from services.doors.books import Books
    from services.doors.door import Door
    from services.doors.reading import files_of, read_files
    from services.doors.settings import has_key, pseudonyms
    from services.runtime.now import now

    if dry_run != (out is not None):
        raise Problem("--dry-run and --out FILE belong together: give both, or neither to send to Kafka")
    try:
        stamp = canonical(received_at) if received_at else now()
    except ValueError:
        raise Problem(
            "--received-at is not an ISO 8601 time with an offset, such as 2026-07-01T07:00:00+08:00"
        ) from None
    if dry_run and not synthetic and not has_key():
        typer.echo(
            "KITHLINE_PSEUDONYM_KEY is not set: this dry run uses a trial key and takes any check digit",
            err=True,
        )
    door = Door(_FEEDS[feed][0], source, pseudonyms(synthetic, trial=dry_run), stamp)
    books = Books()
    records = read_files(files_of(paths), form, door, books)
    if out is not None:
        from services.runtime.lines import write_lines

        try:
            write_lines(out, records)
        except OSError as fault:
            raise Problem(f"cannot write {out}: {fault.strerror}") from None
    else:
        import asyncio

        from services.runtime.sender import send
        from services.runtime.settings import Settings

        asyncio.run(send(records, [door.topic], Settings(kafka=kafka) if kafka else Settings()))
    _report(books, report)


def _report(books: "Books", report: Path | None) -> None:
    import orjson

    if report is not None:
        try:
            report.write_bytes(orjson.dumps(books.as_json(), option=orjson.OPT_INDENT_2) + b"\n")
        except OSError as fault:
            raise Problem(f"cannot write {report}: {fault.strerror}") from None
    ignored = ", ".join(f"{reason} {count}" for reason, count in sorted(books.ignored.items()))
    typer.echo(
        f"read {books.read}: produced {books.produced}, ignored {books.ignored.total()}"
        + (f" ({ignored})" if ignored else "")
        + f", refused {len(books.refused)}",
        err=True,
    )
    for refusal in books.refused[:20]:
        typer.echo(f"  {refusal['path']}:{refusal['record']}: {refusal['reason']}", err=True)
    if len(books.refused) > 20:
        typer.echo(f"  and {len(books.refused) - 20} more; --json FILE lists all", err=True)
    for remark in books.remarks:
        typer.echo(f"  {remark['path']}: {remark['reason']}", err=True)
