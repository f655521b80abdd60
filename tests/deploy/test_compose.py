"""docker-compose.yml, the image and Prometheus' targets, as far as can be told without a Docker engine."""

import base64
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from compose_spec import PyCompose
from nacl.public import PrivateKey
from pydantic import SecretStr

import services
from services.book.naming import namespace_key
from services.commands.broker import DEFAULT_PORT
from services.desk.settings import DeskSettings
from services.runtime.kafka_dev import kafka_version
from services.runtime.kafka_dev.nodes import Ports, configuration
from services.runtime.settings import WEB_ORDER, Settings
from services.runtime.vault_client import VaultAccess
from services.runtime.vault_log import read_private_key
from services.vault.settings import VaultSettings

ROOT = Path(services.__file__).parents[1]

_PINNED = re.compile(r"^[a-z/-]+:v?\d+\.\d+(\.\d+)?(-[a-z-]+)?$")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    return loaded


def _runs(compose: dict[str, Any]) -> dict[str, tuple[str, ...]]:
    """Compose service → the services of the line that it runs."""
    return {
        name: tuple(service["command"][1:])
        for name, service in compose["services"].items()
        if service.get("command", [None])[0] == "run"
    }


def test_it_is_a_compose_file(compose: dict[str, Any]) -> None:
    """A strict reader of the specification: unknown keys and wrong values are errors."""
    read = PyCompose.from_json(json.dumps(compose))
    assert {*read.service_names()} == {*compose["services"]}


def test_the_strict_reader_is_strict() -> None:
    with pytest.raises(ValueError, match="often"):
        PyCompose.from_json(json.dumps({"services": {"a": {"image": "b", "restart": "often"}}}))


def test_docker_compose_accepts_it() -> None:
    docker = shutil.which("docker")
    if docker is None or subprocess.run([docker, "compose", "version"], capture_output=True, check=False).returncode:
        pytest.skip("no `docker compose` on this machine; the strict reader has read the file")
    done = subprocess.run(
        [docker, "compose", "-f", "docker-compose.yml", "config", "--quiet"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_every_service_of_the_line_runs_once(compose: dict[str, Any]) -> None:
    running = [service for names in _runs(compose).values() for service in names]
    assert sorted(running) == sorted(WEB_ORDER)


def test_everything_named_is_there(compose: dict[str, Any]) -> None:
    volumes, networks, names = compose["volumes"], compose["networks"], compose["services"]
    for service in names.values():
        assert {*service["networks"]} <= {*networks}
        assert {*service.get("depends_on", ())} <= {*names}
        for volume in service.get("volumes", ()):
            source = volume.split(":")[0]
            assert (ROOT / source).exists() if source.startswith(".") else source in volumes, source
        if build := service.get("build"):
            assert (ROOT / build["dockerfile"]).exists()


def test_images_are_pinned_by_version_and_kafka_is_the_one_we_develop_on(compose: dict[str, Any]) -> None:
    images = {service["image"] for service in compose["services"].values()}
    assert all(_PINNED.match(image) for image in images), images
    assert f"apache/kafka:{kafka_version()}" in images
    dockerfile = (ROOT / "deploy/docker/Dockerfile").read_text(encoding="utf-8")
    assert all(_PINNED.match(base) for base in re.findall(r"^FROM (\S+)", dockerfile, re.MULTILINE))


def test_nothing_is_reachable_from_other_machines(compose: dict[str, Any]) -> None:
    ports = [port for service in compose["services"].values() for port in service.get("ports", ())]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_topics_are_applied_before_any_service_starts(compose: dict[str, Any]) -> None:
    names = compose["services"]
    assert names["topics"]["command"] == ["topics", "apply"]
    assert names["topics"]["depends_on"] == {"kafka": {"condition": "service_healthy"}}
    for name in _runs(compose):
        assert names[name]["depends_on"] == {"topics": {"condition": "service_completed_successfully"}}, name


def test_kafka_has_a_listener_for_containers_and_one_for_this_machine(compose: dict[str, Any]) -> None:
    kafka = compose["services"]["kafka"]
    told = dict(item.split("://") for item in kafka["environment"]["KAFKA_ADVERTISED_LISTENERS"].split(","))
    listening = dict(item.split("://") for item in kafka["environment"]["KAFKA_LISTENERS"].split(","))
    assert told == {"INSIDE": "kafka:19092", "HOST": f"127.0.0.1:{DEFAULT_PORT}"}
    assert all(listening[name].split(":")[1] == address.split(":")[1] for name, address in told.items())
    assert kafka["ports"] == [f"127.0.0.1:{DEFAULT_PORT}:{DEFAULT_PORT}"]
    assert kafka["healthcheck"]["test"][-3:] == ["--bootstrap-server", told["INSIDE"], "--list"]
    for name in ("topics", *_runs(compose)):
        assert compose["services"][name]["environment"]["KITHLINE_KAFKA"] == told["INSIDE"]


def test_kafka_looks_for_dead_transactions_as_often_as_the_one_we_develop_on(
    compose: dict[str, Any], tmp_path: Path
) -> None:
    setting = "transaction.abort.timed.out.transaction.cleanup.interval.ms"
    ours = configuration(1, (Ports(1, 2),), tmp_path, {})
    value = compose["services"]["kafka"]["environment"][f"KAFKA_{setting.replace('.', '_').upper()}"]
    assert f"{setting}={value}\n" in ours
    assert f"`{setting}={value}`" in (ROOT / "docs/how-to/run-the-line.md").read_text(encoding="utf-8")


def test_settings_in_the_environment_are_settings(compose: dict[str, Any]) -> None:
    known = {f"KITHLINE_{name.upper()}" for name in Settings.model_fields}
    known |= {f"KITHLINE_VAULT_{name.upper()}" for model in (VaultSettings, VaultAccess) for name in model.model_fields}
    known |= {f"KITHLINE_DESK_{name.upper()}" for name in DeskSettings.model_fields}
    for name in ("topics", *_runs(compose)):
        environment = compose["services"][name]["environment"]
        assert {*environment} <= known
        plain = {key.removeprefix("KITHLINE_").lower(): value for key, value in environment.items()}
        Settings.model_validate(plain)


def test_the_example_key_of_the_vault_is_a_pair(compose: dict[str, Any]) -> None:
    private = PrivateKey(read_private_key(ROOT / "deploy/docker/example-vault.key"))
    public = base64.b64encode(bytes(private.public_key)).decode()
    assert compose["services"]["feeds"]["environment"]["KITHLINE_VAULT_PUBLIC_KEY"] == (
        f"${{KITHLINE_VAULT_PUBLIC_KEY:-{public}}}"
    )


def test_the_vault_is_reached_by_those_who_ask_it_and_by_nobody_else(compose: dict[str, Any]) -> None:
    names = compose["services"]
    vault = names["vault"]
    assert vault["networks"] == ["identity"]
    there = {name for name, service in names.items() if "identity" in service["networks"]}
    assert there <= {"vault", "adapters", "desk", "kafka", "prometheus"}
    # its store and its key are nobody else's
    mounts = {name: {str(one).split(":")[0] for one in service.get("volumes", ())} for name, service in names.items()}
    assert [name for name in names if "vault" in mounts[name]] == ["vault"]
    assert [name for name, service in names.items() if "secrets" in service] == ["vault"]


def test_units_own_ids_are_made_with_one_key(compose: dict[str, Any]) -> None:
    key = "KITHLINE_NAMESPACE_KEY"
    said = [service.get("environment", {}) for service in compose["services"].values()]
    (one,) = {environment[key] for environment in said if key in environment}
    assert namespace_key(SecretStr(one.removeprefix("${KITHLINE_NAMESPACE_KEY:-").removesuffix("}")))


def test_health_is_asked_on_the_ports_that_the_services_have(compose: dict[str, Any]) -> None:
    for name, running in _runs(compose).items():
        asked = compose["services"][name]["healthcheck"]["test"]
        assert asked[:3] == ["CMD", "python", "/app/ready.py"]
        assert asked[3:] == [str(Settings().web_port_of(service)) for service in running], name


def test_prometheus_asks_every_service_where_it_answers(compose: dict[str, Any]) -> None:
    loaded = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yml").read_text(encoding="utf-8"))
    containers = {service: name for name, running in _runs(compose).items() for service in running}
    targets = {
        group["labels"]["service"]: group["targets"]
        for job in loaded["scrape_configs"]
        for group in job["static_configs"]
    }
    assert targets == {service: [f"{containers[service]}:{Settings().web_port_of(service)}"] for service in WEB_ORDER}


def test_the_image_has_the_locked_versions_and_no_tools_of_developers() -> None:
    def pins(path: str) -> set[str]:
        text = (ROOT / path).read_text(encoding="utf-8")
        return {line.split(" ")[0] for line in text.splitlines() if re.match(r"[a-z]", line)}

    image = pins("deploy/docker/requirements.lock")
    assert image < pins("requirements.lock")
    names = {pin.split("==")[0] for pin in image}
    assert {"faust-streaming", "aiokafka", "pydantic"} <= names
    assert not {"pytest", "mypy", "ruff"} & names
