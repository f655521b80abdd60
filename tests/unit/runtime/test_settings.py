"""Settings come from the environment; ports follow the order of the services."""

from pathlib import Path

import pytest

from services.adapters.settings import AdapterSettings
from services.desk.settings import DeskSettings
from services.doors.settings import DoorSettings
from services.line import SERVICES
from services.runtime.environment import FromEnvironment
from services.runtime.errors import Problem
from services.runtime.partitions import partition_of
from services.runtime.settings import BESIDE_THE_LINE, WEB_ORDER, Settings
from services.runtime.vault_client import VaultAccess
from services.vault.settings import VaultSettings


def test_every_service_has_a_port_of_its_own() -> None:
    beside = WEB_ORDER[len(SERVICES) :]
    assert (*SERVICES, *beside) == WEB_ORDER
    assert set(beside) == BESIDE_THE_LINE
    ports = [Settings(web_port=7000).web_port_of(name) for name in WEB_ORDER]
    assert ports == list(range(7000, 7000 + len(WEB_ORDER)))


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KITHLINE_KAFKA", "kafka:9092")
    monkeypatch.setenv("KITHLINE_CLOCK", "commanded")
    settings = Settings()
    assert (settings.kafka, settings.clock) == ("kafka:9092", "commanded")


@pytest.mark.parametrize(
    ("key", "hashed"),
    # From Kafka's own UtilsTest.testMurmur2.
    [(b"21", -973932308), (b"foobar", -790332482), (b"a-little-bit-long-string", -985981536), (b"abc", 479470107)],
)
def test_keys_go_where_kafkas_default_partitioner_puts_them(key: bytes, hashed: int) -> None:
    assert partition_of(key, 1009) == (hashed & 0x7FFFFFFF) % 1009


@pytest.mark.parametrize("kafka", ["", "kafka", "kafka:", ":9092", "kafka:xx", "bad host:9092", "a:1,b", "kafka:70000"])
def test_a_cluster_that_is_no_host_and_port_is_a_clear_error(kafka: str) -> None:
    with pytest.raises(Problem, match=r"KITHLINE_KAFKA: .* is not host:port"):
        Settings(kafka=kafka)


def test_clusters_are_named_by_host_and_port() -> None:
    for kafka in ("127.0.0.1:9092", "a:1,b:2", "a:1, b:2", "[::1]:9092"):
        assert Settings(kafka=kafka).kafka == kafka


@pytest.mark.parametrize(
    ("settings", "variable"),
    [
        (Settings, "KITHLINE_STALL_SECONDS"),
        (AdapterSettings, "KITHLINE_ADAPTERS_PORT"),
        (DeskSettings, "KITHLINE_DESK_SESSION_HOURS"),
        (DoorSettings, "KITHLINE_PSEUDONYM_KEY_EPOCH"),
        (VaultAccess, "KITHLINE_VAULT_TIMEOUT_SECONDS"),
        (VaultSettings, "KITHLINE_VAULT_PORT"),
    ],
)
def test_a_wrong_one_is_named_as_it_is_set(
    settings: type[FromEnvironment], variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, "many")
    with pytest.raises(Problem, match=rf"environment: {variable}: Input should be"):
        settings()


def test_a_book_is_where_it_is_said_or_in_its_owners_own_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    for settings, name in ((AdapterSettings, "adapters"), (DeskSettings, "desk")):
        assert settings(store="sqlite:///x").dsn == "sqlite:///x"
        place = Path(settings().dsn.removeprefix("sqlite:///"))
        assert (place.name, place.parent.is_dir()) == (f"{name}.sqlite3", True)
        assert place.is_relative_to(tmp_path)
