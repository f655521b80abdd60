"""The dashboards are valid, and name no datasource, metric, label or topic that does not exist."""

import re
from typing import Any

import promql_parser
import pytest
import yaml
from prometheus_client import REGISTRY

from services.runtime import metrics
from services.runtime.topics import topics
from tests.deploy.dashboards import DASHBOARDS, ROOT, load, queries

_QUERIES = [*queries()]


def _declared() -> dict[str, set[str]]:
    """Metric name as Prometheus stores it → its labels."""
    ours = [vars(metrics)[name] for name in metrics.__all__]
    found: dict[str, set[str]] = {}
    for metric in ours:
        for described in metric.describe():
            labels = {*(getattr(metric, "_labelnames", None) or described._labelnames)}
            endings = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count")}.get(described.type, ("",))
            found.update({described.name + ending: labels | {"le"} for ending in endings})
    return found


def _selectors(node: Any) -> list[promql_parser.VectorSelector]:
    """All selectors of a parsed query."""
    if isinstance(node, promql_parser.VectorSelector):
        return [node]
    if isinstance(node, promql_parser.MatrixSelector):
        return [node.vector_selector]
    inner = [getattr(node, name, None) for name in ("expr", "lhs", "rhs", "param")]
    parts = [part for part in inner if part is not None and not isinstance(part, str)]
    arguments = getattr(node, "args", None) or []
    return [selector for part in [*parts, *arguments] for selector in _selectors(part)]


def test_there_is_the_dashboard_of_the_line_and_every_panel_explains_itself() -> None:
    titles = {load(path)["title"] for path in DASHBOARDS}
    assert "The line" in titles
    for path in DASHBOARDS:
        panels = load(path)["panels"]
        assert len({panel["id"] for panel in panels}) == len(panels)
        for panel in panels:
            assert panel["type"] == "row" or len(panel["description"]) > 20, panel["title"]


def test_the_datasource_is_the_provisioned_one() -> None:
    file = ROOT / "deploy/grafana/provisioning/datasources/prometheus.yaml"
    [source] = yaml.safe_load(file.read_text(encoding="utf-8"))["datasources"]
    for path in DASHBOARDS:
        for panel in load(path)["panels"]:
            for part in (panel, *panel.get("targets", ())) if panel["type"] != "row" else ():
                assert part["datasource"] == {"type": source["type"], "uid": source["uid"]}


def test_compose_mounts_what_is_provisioned() -> None:
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))["services"]
    mounted = [volume.split(":")[1] for volume in compose["grafana"]["volumes"]]
    file = ROOT / "deploy/grafana/provisioning/dashboards/kithline.yaml"
    [provider] = yaml.safe_load(file.read_text(encoding="utf-8"))["providers"]
    assert provider["options"]["path"] in mounted
    [source] = yaml.safe_load(
        (ROOT / "deploy/grafana/provisioning/datasources/prometheus.yaml").read_text(encoding="utf-8")
    )["datasources"]
    host, port = source["url"].removeprefix("http://").split(":")
    assert compose[host]["ports"] == [f"127.0.0.1:{port}:{port}"]
    home = compose["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert home.removeprefix(provider["options"]["path"] + "/") in {path.name for path in DASHBOARDS}


@pytest.mark.parametrize(("name", "query"), _QUERIES, ids=[name for name, _ in _QUERIES])
def test_a_query_names_only_metrics_labels_and_topics_that_exist(name: str, query: str) -> None:
    declared = _declared()
    selectors = _selectors(promql_parser.parse(query))
    assert selectors
    for selector in selectors:
        assert selector.name in declared
        matchers = selector.matchers.matchers
        assert {matcher.name for matcher in matchers} <= declared[selector.name]
        for matcher in matchers:
            if matcher.name == "topic":
                _check_topics(matcher)


def _check_topics(matcher: Any) -> None:
    """Each alternative of a pattern names at least one topic of the table."""
    for alternative in matcher.value.split("|"):
        pattern = alternative if "Re" in str(matcher.op) else re.escape(alternative)
        assert any(re.fullmatch(pattern, topic) for topic in topics()), alternative


def test_what_is_declared_is_registered() -> None:
    """`kithline_…` metrics come from services/runtime/metrics.py and nowhere else."""
    registered = {metric.name for metric in REGISTRY.collect() if metric.name.startswith("kithline_")}
    ours = {described.name for name in metrics.__all__ for described in vars(metrics)[name].describe()}
    assert registered == ours
