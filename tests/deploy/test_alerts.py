"""The alerts name metrics that exist, Prometheus reads them, and each feed's silence is one."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

import services
from contracts.events import FEEDS
from services.admission.hospital import PROCESSOR
from services.line import line_processors
from services.runtime import metrics
from services.runtime.fold import Turn
from services.runtime.folding import MemoryStore
from tests.scenario import AS_OF, expand
from tests.scenarios.memory import POLICY

ROOT = Path(services.__file__).parents[1]
ALERTS = yaml.safe_load((ROOT / "deploy/prometheus/alerts.yml").read_text(encoding="utf-8"))
RULES: list[dict[str, Any]] = [rule for group in ALERTS["groups"] for rule in group["rules"]]


@pytest.mark.parametrize("rule", RULES, ids=[rule["alert"] for rule in RULES])
def test_an_alert_names_only_metrics_that_exist(rule: dict[str, Any]) -> None:
    ours = {
        described.name + ("_total" if described.type == "counter" else "")
        for name in metrics.__all__
        for described in vars(metrics)[name].describe()
    }
    named = set(re.findall(r"kithline_\w+", rule["expr"]))
    assert named
    assert named <= ours


@pytest.mark.skipif(shutil.which("promtool") is None, reason="no promtool on this machine (Debian: prometheus)")
def test_they_ring_when_they_should_and_no_more() -> None:
    tried = subprocess.run(
        ["promtool", "test", "rules", "alerts_test.yml"], cwd=ROOT / "deploy/prometheus", capture_output=True, text=True
    )
    assert tried.returncode == 0, tried.stdout + tried.stderr


def test_prometheus_reads_them() -> None:
    prometheus = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yml").read_text(encoding="utf-8"))
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    assert prometheus["rule_files"] == ["alerts.yml"]
    mounted = compose["services"]["prometheus"]["volumes"]
    assert "./deploy/prometheus/alerts.yml:/etc/prometheus/alerts.yml:ro" in mounted


def test_a_feed_that_falls_silent_is_an_alarm() -> None:
    """Every feed's processor tells when its last heartbeat came; one that never came is missed too."""
    silent, never = RULES[0]["expr"], RULES[1]["expr"]
    assert "time() - kithline_feed_heartbeat_timestamp" in silent
    for processor in line_processors(POLICY):
        if FEEDS.keys() & {*processor.inputs}:
            assert re.search(rf'processor=~"[a-z|]*\b{processor.name}\b', never)


def test_a_heartbeat_is_noted_and_the_latest_counts() -> None:
    turn = Turn(AS_OF, MemoryStore())
    for day in (12, 14, 13):
        (record,) = expand([{"type": "feed.heartbeat", "subject": "anna", "at": f"2026-07-{day}"}])
        PROCESSOR.fold(record, turn)
    assert turn.heartbeat == "2026-07-14T23:00:00.000Z"
    assert turn.outputs == []
