"""Puts the FHIR server together, for the units whose channel is `fhir`."""

import re

import httpx

from services.adapters.channel import Channel, Ground
from services.adapters.fhir.access import Access
from services.adapters.fhir.notifying import Notifier
from services.adapters.fhir.people import People
from services.adapters.fhir.reading import load_models
from services.adapters.fhir.routes import Server
from services.adapters.fhir.tasks import Tasks
from services.runtime.errors import Problem
from services.runtime.vault_client import VaultAccess, VaultClient

__all__ = ["fhir"]

_ID = re.compile(r"[A-Za-z0-9.-]{1,64}")
"""What FHIR takes as a resource's id: ours of a unit becomes one of an Organization."""

_WAIT_SECONDS = 5.0
"""How long a unit that has answered waits for what becomes of it: mostly some tenths of a second. What takes longer is
told as under way (202)."""


def fhir(ground: Ground) -> Channel:
    """The channel. Raises Problem for a unit's id or a token that cannot be used."""
    load_models()
    tokens, hosts = {}, {}
    for unit in ground.units:
        if not _ID.fullmatch(unit.id):
            raise Problem(f"unit {unit.id} cannot be reached by FHIR: its id has other characters than A-Z a-z 0-9 - .")
        connection = ground.connections[unit.id].fhir
        assert connection is not None
        tokens[unit.id] = (unit, [key.secret() for key in connection.keys])
        hosts[unit.id] = connection.notify_hosts
    access = VaultAccess()
    vault = VaultClient(access) if access.url is not None else None
    people, tasks = People(ground.book, vault), Tasks(ground.book, _WAIT_SECONDS)
    server = Server(ground.book, Access(tokens), people, tasks, hosts)
    # no redirects: where a notification goes was checked once
    client = httpx.AsyncClient(follow_redirects=False)
    notifier = Notifier(ground.book, ground.directory, hosts, ground.adapters.pause_seconds, client)
    return Channel(server.routes(), (notifier,))
