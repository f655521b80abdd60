"""`kithline replay`: a feed or a recorded log through the services' own folds, without Kafka."""

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @app.command()
    def replay(
        file: Annotated[Path, typer.Argument(help="Records, a JSON line each.")],
        out: Annotated[Path, typer.Option(help="Flags and tasks in their final revision, a JSON line each.")],
        policy: Annotated[Path | None, typer.Option(help="Policy folder (default: the repository's).")] = None,
        as_of: Annotated[str | None, typer.Option(help="ISO 8601; default: the last receipt time in FILE.")] = None,
        jobs: Annotated[
            int | None, typer.Option(min=1, help="Processes; default: as many as there are cores, and FILE is worth.")
        ] = None,
    ) -> None:
        """Run a feed or recorded log through the services' own folds, in file order, without Kafka.

        Households that have nothing to do with each other are shared out over processes; what comes of it is the same.
        """
        from contracts.instants import canonical
        from services.replay import replay as run
        from services.runtime.errors import Problem
        from services.runtime.settings import Settings

        try:
            instant = canonical(as_of) if as_of else None
        except ValueError as fault:
            raise Problem(f"--as-of: {fault}") from None
        outcome = run(file, policy or Settings().policy_dir, instant, jobs)
        try:
            out.write_bytes(b"".join(outcome.lines()))
        except OSError as fault:
            raise Problem(f"cannot write {out}: {fault.strerror}") from None
        fed = sum(outcome.inputs.values())
        typer.echo(
            f"{fed} feed records ({outcome.duplicates} duplicates, {outcome.dead_letters} dead letters): "
            f"{len(outcome.flags)} flags, {len(outcome.tasks)} tasks written to {out}",
            err=True,
        )
