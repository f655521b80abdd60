"""The vault's process: reads the tasks, answers at its own port. Its health pages are where every service has them."""

from services.book.inbox import Inbox
from services.book.opened import Opened
from services.runtime.app import LineApp, create_app
from services.runtime.http import HttpService
from services.runtime.logs import logger
from services.runtime.settings import Settings
from services.vault.http import door
from services.vault.keys import VaultKey
from services.vault.settings import VaultSettings, open_vault
from services.vault.tables import OFFSETS
from services.vault.vault import TOPICS

__all__ = ["app"]

_log = logger(__name__)


def app(settings: Settings | None = None, own: VaultSettings | None = None) -> LineApp:
    """The service."""
    settings, own = settings or Settings(), own or VaultSettings()
    vault = open_vault(own, settings)
    _compare_keys(own.key(), settings)
    inbox = Inbox("vault", TOPICS, settings, vault.store, OFFSETS, vault.take)
    http = HttpService("vault", door(vault), own.bind, own.port)
    made = create_app("vault", settings=settings, others=(Opened(vault.open, vault.store.close), inbox, http))
    vault.is_current = lambda: inbox.current
    made.checks["tasks"] = lambda: inbox.current
    made.checks["http"] = lambda: http.ready
    return made


def _compare_keys(key: VaultKey, settings: Settings) -> None:
    if settings.vault_public_key is not None and settings.vault_public_key != key.public:
        _log.warning("KITHLINE_VAULT_PUBLIC_KEY is not this vault's: dead letters sealed to it stay shut")
