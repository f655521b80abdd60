"""The facts that a rule may name: documented functions of a candidate, each with the evidence behind its value. Each
theme has a module of its own, whose functions register themselves. Pure."""

from collections.abc import Mapping

from services.correlator.facts import absence, contacts, deaths, hospital, household, incidents, reports, support
from services.correlator.facts.seen import (
    FACTS,
    IDS,
    NEEDS,
    NUMBER,
    READS,
    RETURNS,
    YES_NO,
    FactFunction,
    Returns,
    Seen,
)

__all__ = [
    "FACTS",
    "IDS",
    "NAMES",
    "NEEDS",
    "NUMBER",
    "READS",
    "RETURNS",
    "THEMES",
    "YES_NO",
    "FactFunction",
    "Returns",
    "Seen",
]

THEMES = (absence, contacts, deaths, hospital, household, incidents, reports, support)

NAMES: Mapping[str, str] = {name: (function.__doc__ or "").split(".")[0] for name, function in FACTS.items()}
"""Every fact's name with the first sentence of its documentation."""
