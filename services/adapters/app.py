"""Tasks out to the units, each in the way it can take them; their answers back in.

Units that KITHLINE_SIMULATED_UNITS names answer by themselves (a processor). Of the others, those with a channel of
ours (webhook, fhir, csv) are served from the book; what the desk shows is the desk's.
"""

from collections.abc import Callable, Mapping

import faust
from mode.types import ServiceT
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.applications import Starlette

from services.adapters.channel import Channel, Ground
from services.adapters.connections import read_connections
from services.adapters.csv_drop.channel import csv_drop
from services.adapters.fhir.channel import fhir
from services.adapters.settings import AdapterSettings
from services.adapters.simulated_unit import SimulatedUnits, simulated
from services.adapters.tables import METADATA
from services.adapters.webhook.channel import webhook
from services.book.book import Book
from services.book.naming import namespace_key
from services.book.opened import Opened
from services.book.taking import Beside
from services.directory import Directory, Unit
from services.policy import load_directory
from services.runtime.app import create_app
from services.runtime.errors import Problem
from services.runtime.fold import Record
from services.runtime.http import HttpService
from services.runtime.settings import Settings

__all__ = ["app"]

_MAKERS: Mapping[str, Callable[[Ground], Channel]] = {"webhook": webhook, "fhir": fhir, "csv": csv_drop}
"""The directory's channels that are ours, and who makes each."""

_NAME = "adapters-book"
"""Of the book's consumer group; the simulated units' processor has the group `adapters`."""


def app() -> faust.App:
    """The service. Raises Problem for a wrong setting, policy file or secret."""
    settings, adapters = Settings(), AdapterSettings()
    directory = load_directory(settings.policy_dir)
    played = simulated(settings.simulated_units, directory.units.values())
    served = [unit for unit in directory.units.values() if unit.channel in _MAKERS and unit.id not in played]
    processors = (SimulatedUnits(units=played).processor(),) if played else ()
    if not served:
        return create_app("adapters", processors, settings)
    book, http, others = _channels(served, directory, settings, adapters)
    opened = Opened(book.store.open, book.store.close)
    line = create_app("adapters", processors, settings, others=[opened, book.inbox, book.outbox, *others, http])
    line.checks["book"] = lambda: book.inbox.ready and book.outbox.ready
    line.checks["http"] = lambda: http.ready
    return line


def _channels(
    served: list[Unit], directory: Directory, settings: Settings, adapters: AdapterSettings
) -> tuple[Book, HttpService, list[ServiceT]]:
    file = adapters.channels or settings.policy_dir / "channels.yaml"
    if not file.exists():
        some = ", ".join(unit.id for unit in served[:3]) + (", …" if len(served) > 3 else "")
        raise Problem(
            f"{some} take their tasks by webhook, fhir or csv (units.yaml), and there is no {file} that says how they "
            "are reached: write it (docs/how-to/connect-by-webhook.md), or let them answer by themselves with "
            "KITHLINE_SIMULATED_UNITS"
        )
    key = namespace_key(settings.namespace_key)
    names = frozenset(unit.id for unit in served)
    connections = read_connections(file, served, directory.units)
    titles = {unit.id: unit.name for unit in directory.units.values()}
    beside = Beside(METADATA, (), _nothing)
    book = Book(_NAME, adapters.dsn, key, settings, names.__contains__, beside, titles, directory.stale_hours)
    channels = [
        make(Ground(book, units, {unit.id: connections[unit.id] for unit in units}, directory, settings, adapters))
        for name, make in _MAKERS.items()
        if (units := [unit for unit in served if unit.channel == name])
    ]
    web = Starlette(routes=[route for channel in channels for route in channel.routes])
    http = HttpService("the adapters' door", web, adapters.bind, adapters.port)
    return book, http, [service for channel in channels for service in channel.services]


async def _nothing(_: AsyncConnection, __: Record, ___: str) -> None:
    """Our own tables follow from what we do, not from records."""
