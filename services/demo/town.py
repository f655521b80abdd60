"""The demo's units with systems of their own, what they need of Kithline's adapters, desk and vault, and the synthetic
people's names in that vault. All other units are simulated inside the line."""

import base64
import secrets
from collections.abc import Mapping
from pathlib import Path

import httpx
import yaml
from nacl.public import PrivateKey

from services.adapters.webhook.signing import Signer, secret_of
from services.demo.at_rest import Shelf
from services.demo.outside.by_desk import DeskUnit
from services.demo.outside.by_fhir import FhirUnit
from services.demo.outside.by_webhook import WebhookUnit
from services.demo.outside.unit import OutsideUnit
from services.demo.processes import free_ports
from services.desk.app import open_desk
from services.desk.settings import DeskSettings
from services.directory import Directory
from services.runtime.now import now
from services.runtime.settings import Settings
from services.runtime.vault_client import VaultAccess, VaultClient
from services.simulator import Simulation
from services.simulator.conduct import Conduct
from services.simulator.identities import identities
from services.vault.credentials import give_out
from services.vault.settings import VaultSettings, open_vault

__all__ = ["Town"]

BY_WEBHOOK = ("hotline-182183", "alarm-provider-1")
BY_FHIR = ("ssp-decc-2", "ssp-iccmw")
AT_THE_DESK = ("ssp-care-team-01", "ssp-care-team-02", "ssp-care-team-03", "ssp-ifsc-1")
OFFICE = "ssp-district-office"
"""Nobody plays it at the desk; its account is there to look around with after the month."""

_PAUSE_SECONDS = 0.05
"""Between two looks of the adapters for what units do not know yet: a month lasts a minute here."""


class Town:
    """Use: `prepare`, start the services with `environment`, `move_in`, then `act` and `at_rest`; `stop`."""

    def __init__(self, folder: Path, settings: Settings, directory: Directory, vault: PrivateKey) -> None:
        """`folder`: where the stores, secrets and logs of the demo are; `vault`: the vault's private key."""
        self._folder = folder
        self._directory = directory
        self._settings = settings
        first = free_ports(3 + len(BY_WEBHOOK), 6300)
        self._adapters, self.desk, self._vault = (f"http://127.0.0.1:{first + number}" for number in range(3))
        self._keys = {unit: f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}" for unit in BY_WEBHOOK}
        self._tokens = {unit: secrets.token_hex(32) for unit in BY_FHIR}
        self._webhooks = {unit: first + 3 + number for number, unit in enumerate(BY_WEBHOOK)}
        self.accounts = {unit: (f"demo.{unit}", _password()) for unit in (*AT_THE_DESK, OFFICE)}
        self._key_file = folder / "vault.key"
        self._key_file.touch(mode=0o600)
        self._key_file.write_text(base64.b64encode(bytes(vault)).decode())
        self._public = base64.b64encode(bytes(vault.public_key)).decode()
        self._namespace = secrets.token_hex(32)
        self._loading = ""
        self._asking: dict[str, str] = {}
        self._units: list[OutsideUnit] = []
        self._shelves = (
            Shelf(f"sqlite:///{folder / 'adapters.sqlite3'}", BY_WEBHOOK),
            Shelf(f"sqlite:///{folder / 'desk.sqlite3'}"),
        )

    @property
    def environment(self) -> Mapping[str, str]:
        """What the services are told."""
        outside = {*BY_WEBHOOK, *BY_FHIR, *AT_THE_DESK}
        return {
            "KITHLINE_SIMULATED_UNITS": ",".join(unit for unit in self._directory.units if unit not in outside),
            "KITHLINE_NAMESPACE_KEY": self._namespace,
            "KITHLINE_ADAPTERS_STORE": f"sqlite:///{self._folder / 'adapters.sqlite3'}",
            "KITHLINE_ADAPTERS_CHANNELS": str(self._folder / "channels.yaml"),
            "KITHLINE_ADAPTERS_PORT": _port(self._adapters),
            "KITHLINE_ADAPTERS_PAUSE_SECONDS": str(_PAUSE_SECONDS),
            "KITHLINE_DESK_STORE": f"sqlite:///{self._folder / 'desk.sqlite3'}",
            "KITHLINE_DESK_PORT": _port(self.desk),
            "KITHLINE_VAULT_DSN": f"sqlite:///{self._folder / 'vault.sqlite3'}",
            "KITHLINE_VAULT_KEY_FILE": str(self._key_file),
            "KITHLINE_VAULT_PORT": _port(self._vault),
            "KITHLINE_VAULT_URL": self._vault,
            "KITHLINE_VAULT_PUBLIC_KEY": self._public,
            **{_variable(unit): secret for unit, secret in (self._keys | self._tokens).items()},
        }

    @property
    def own(self) -> Mapping[str, Mapping[str, str]]:
        """What one service alone is told: with which credential it asks the vault."""
        return {service: {"KITHLINE_VAULT_TOKEN": token} for service, token in self._asking.items()}

    async def prepare(self) -> None:
        """Writes how units are reached, opens their accounts at the desk, gives out the vault's credentials."""
        channels = [self._webhook(unit) for unit in BY_WEBHOOK] + [self._fhir(unit) for unit in BY_FHIR]
        (self._folder / "channels.yaml").write_text(yaml.safe_dump(channels, sort_keys=False))
        settings = Settings(
            kafka=self._settings.kafka, policy_dir=self._settings.policy_dir, namespace_key=self._namespace
        )
        desk = open_desk(settings, DeskSettings(store=f"sqlite:///{self._folder / 'desk.sqlite3'}"))
        await desk.book.store.open()
        for unit, (name, password) in self.accounts.items():
            await desk.accounts.add(unit, name, "officer" if unit == OFFICE else "worker", password)
        await desk.book.store.close()
        own = VaultSettings(key_file=self._key_file, dsn=f"sqlite:///{self._folder / 'vault.sqlite3'}")
        vault = open_vault(own, settings)
        await vault.store.open()
        async with vault.store.write() as transaction:
            self._loading = await give_out(transaction, ["load"], [], attended=False, at=now())
            for service, attended in (("adapters", False), ("desk", True)):  # at the desk, people sign in
                self._asking[service] = await give_out(transaction, ["resolve"], ["*"], attended=attended, at=now())
        await vault.store.close()

    async def move_in(self, simulation: Simulation) -> int:
        """Once the services are ready: people's names go to the vault, and the units begin their work. Returns how many
        names."""
        access = VaultAccess(url=self._vault, token=self._loading)
        async with VaultClient(access) as client:
            known = await client.load(identities(simulation))
        conduct, (_, desk) = Conduct(), self._shelves
        for unit in BY_WEBHOOK:
            signer = Signer("demo", secret_of(self._keys[unit].encode(), "demo"))
            self._units.append(WebhookUnit(unit, self._webhooks[unit], self._adapters, signer, conduct))
        for unit in BY_FHIR:
            kind = self._directory.units[unit].kind
            self._units.append(FhirUnit(unit, kind, self._adapters, self._tokens[unit], conduct))
        for unit in AT_THE_DESK:
            self._units.append(DeskUnit(unit, self.desk, self.accounts[unit], desk.seen, conduct))
        for one in self._units:
            await one.start()
        return known

    async def act(self, now: str) -> int:
        """Every unit gives the answers that are due; returns how many."""
        return sum([await one.act(now) for one in self._units])

    def leave_the_desk(self) -> None:
        """From now on the demo fills in no more forms at the desk: whoever looks at it may."""
        self._units = [one for one in self._units if one.unit not in AT_THE_DESK]

    async def at_rest(self) -> bool:
        """Whether nothing is under way between Kithline and these units."""
        return all([await shelf.at_rest() for shelf in self._shelves])

    def words(self, unit: str) -> str:
        """What a unit is called."""
        name = self._directory.units[unit].name
        return f"{name.en} {name.zh_hant}"

    async def stop(self) -> None:
        """The units end their work."""
        for one in self._units:
            await one.stop()
        for shelf in self._shelves:
            await shelf.close()

    def _webhook(self, unit: str) -> Mapping[str, object]:
        url = f"http://127.0.0.1:{self._webhooks[unit]}/tasks"
        return {"units": unit, "webhook": {"url": url, "keys": [{"id": "demo", "env": _variable(unit)}]}}

    @staticmethod
    def _fhir(unit: str) -> Mapping[str, object]:
        return {"units": unit, "fhir": {"keys": [{"id": "demo", "env": _variable(unit)}]}}


def _variable(unit: str) -> str:
    return f"DEMO_KEY_{unit.upper().replace('-', '_')}"


def _port(url: str) -> str:
    return str(httpx.URL(url).port)


def _password() -> str:
    """Good for one demo on one machine."""
    return "-".join(secrets.token_hex(2) for _ in range(4))
