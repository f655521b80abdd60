"""Settings come from the environment; ports follow the order of the services."""

import pytest

from services.line import SERVICES
from services.runtime.errors import Problem
from services.runtime.partitions import partition_of
from services.runtime.settings import BESIDE_THE_LINE, WEB_ORDER, Settings


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
