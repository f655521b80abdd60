"""What the desk's pages stand on, put together once."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import httpx
from mode import Service
from sqlalchemy import Row

from contracts.control import OfficerDecision
from services.book.book import Book
from services.book.outbox import Letter, Outbox
from services.book.posting import posting
from services.correlator.rules import Rule
from services.desk.accounts import Accounts
from services.desk.beside import BESIDE
from services.desk.settings import DeskSettings
from services.desk.tables import decisions
from services.desk.words import Words
from services.directory import Directory, Unit
from services.referral.policy import Clocks
from services.referral.waves import DECISIONS, decision_record
from services.runtime.settings import Settings
from services.runtime.vault_client import VaultClient

__all__ = ["Desk"]


@dataclass
class Desk:
    """The book of all units (officers see what nobody has in hand, wherever it was meant to go; `web` sees to it that a
    unit sees its own only), the directory, the rules, words in each language, and the way to the vault, if there is
    one."""

    settings: DeskSettings
    line: Settings
    key: bytes
    directory: Directory
    rules: Mapping[str, Rule]
    clocks: Clocks
    words: Mapping[str, Words]
    vault: VaultClient | None = None
    oidc_transport: httpx.AsyncBaseTransport | None = None
    """Another way to the issuer than the network, for tests."""

    def __post_init__(self) -> None:
        names = {unit.id: unit.name for unit in self.directory.units.values()}
        self.book = Book(
            "desk", self.settings.dsn, self.key, self.line, lambda _: True, BESIDE, names, self.directory.stale_hours
        )
        self.accounts = Accounts(self.book.store, self.directory)

    @cached_property
    def decided(self) -> Outbox:
        """Sends what officers decide."""
        return Outbox("desk-decisions", DECISIONS, self.line, posting(self.book.store, decisions, _letter))

    @property
    def services(self) -> tuple[Service, ...]:
        """What runs beside the pages."""
        return (self.book.inbox, self.book.outbox, self.decided)

    def unit(self, name: str) -> Unit | None:
        """A unit of the directory."""
        return self.directory.unit(name)


def _letter(row: Row[Any]) -> Letter:
    record = decision_record(OfficerDecision.model_validate_json(row.record))
    return Letter(row.number, record.key, record.value, record.headers)
