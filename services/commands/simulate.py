"""`kithline simulate`: a synthetic district's feeds as JSON lines, and its true needs beside them."""

from pathlib import Path
from typing import Annotated

import typer

from services.runtime.errors import Problem

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("simulate")(simulate)


def simulate(
    out: Annotated[
        Path, typer.Option(help="File of JSON lines, in order of receipt; FILE.truth is written beside it.")
    ],
    households: Annotated[int, typer.Option(min=1, help="Public rental households.")] = 2000,
    days: Annotated[int, typer.Option(min=1, help="Days from 1 July 2026.")] = 30,
    seed: Annotated[int, typer.Option(help="The same seed gives the same bytes.")] = 1,
    hl7: Annotated[
        Path | None, typer.Option(help="Folder: also write the hospital feed as HL7 v2 morning batch files.")
    ] = None,
    identities: Annotated[
        Path | None, typer.Option(help="File: also write who these people are, for `kithline vault load`.")
    ] = None,
    published: Annotated[
        bool,
        typer.Option(help="Published rates only; by default some are turned up so that a month shows something."),
    ] = False,
    bad_share: Annotated[float, typer.Option(min=0, max=1, help="Share of bad records.")] = 0.005,
) -> None:
    """Simulate a district's five feeds: admissions, tenancies, calls, the register, observations.

    Nobody in it exists: identity card numbers have wrong check digits on purpose.
    """
    from services.simulator import Parameters, write_simulation
    from services.simulator import simulate as run

    parameters = Parameters(households=households, days=days, seed=seed, bad_share=bad_share)
    if published:
        parameters = parameters.published()
    simulation = run(parameters)
    try:
        count = write_simulation(simulation, out)
    except OSError as fault:
        raise Problem(f"cannot write {out}: {fault.strerror}") from None
    typer.echo(
        f"{count} records in {out}, {len(simulation.truth)} true needs and bad records in {out}.truth",
        err=True,
    )
    if identities is not None:
        from services.simulator.identities import identities as who_they_are
        from services.simulator.identities import write_identities

        try:
            known = write_identities(identities, who_they_are(simulation))
        except OSError as fault:
            raise Problem(f"cannot write {identities}: {fault.strerror}") from None
        typer.echo(f"{known} identities in {identities}", err=True)
    if hl7 is not None:
        from services.simulator.hl7_batches import write_hospital_batches

        batches = write_hospital_batches(hl7, simulation)
        typer.echo(f"{len(batches)} HL7 v2 batch files in {hl7}", err=True)
