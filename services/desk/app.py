"""The desk: its book beside Kafka, and the pages for units and officers."""

from services.book.naming import namespace_key
from services.book.opened import Opened
from services.desk import acting, listing, officers, showing, signing_in
from services.desk.desk import Desk
from services.desk.settings import DeskSettings
from services.desk.templates import load_words
from services.desk.web import Page, make_app
from services.policy import load_clocks, load_directory, load_rules
from services.runtime.app import LineApp, create_app
from services.runtime.http import HttpService
from services.runtime.settings import Settings
from services.runtime.vault_client import VaultAccess, VaultClient

__all__ = ["PAGES", "app", "open_desk"]

PAGES: tuple[Page, ...] = (*signing_in.PAGES, *listing.PAGES, *showing.PAGES, *acting.PAGES, *officers.PAGES)
"""Every page of the desk, each with who may have it."""


def open_desk(line: Settings, settings: DeskSettings) -> Desk:
    """What the pages stand on. Raises Problem."""
    access = VaultAccess()
    return Desk(
        settings,
        line,
        namespace_key(line.namespace_key),
        load_directory(line.policy_dir),
        {rule.id: rule for rule in load_rules(line.policy_dir)},
        load_clocks(line.policy_dir),
        load_words(),
        VaultClient(access) if access.url else None,
    )


def app() -> LineApp:
    """The service."""
    line, settings = Settings(), DeskSettings()
    desk = open_desk(line, settings)
    pages = HttpService("desk", make_app(desk, PAGES), settings.bind, settings.port)
    store, vault = desk.book.store, desk.vault
    opened = Opened(store.open, store.close, *(() if vault is None else (vault.close,)))
    made = create_app("desk", settings=line, others=(opened, *desk.services, pages))
    made.checks["pages"] = lambda: pages.ready
    made.checks["inbox"] = lambda: desk.book.inbox.ready
    made.checks["outbox"] = lambda: desk.book.outbox.ready and desk.decided.ready
    return made
