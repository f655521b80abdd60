"""Reads the dashboards: which queries they make."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import services

ROOT = Path(services.__file__).parents[1]

DASHBOARDS = sorted((ROOT / "deploy/grafana/dashboards").glob("*.json"))


def load(path: Path) -> dict[str, Any]:
    """One dashboard."""
    loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return loaded


def queries(window: str = "1m") -> Iterator[tuple[str, str]]:
    """(panel, query) of all dashboards, with Grafana's own variable filled in."""
    for path in DASHBOARDS:
        for panel in load(path)["panels"]:
            for target in panel.get("targets", ()):
                name = f"{path.stem}: {panel['title']} {target['refId']}"
                yield name, target["expr"].replace("$__rate_interval", window)
