"""What is known of households in, explained flags out."""

import faust

from services.correlator.household import correlator
from services.policy import load_rules, load_sources
from services.runtime.app import create_app
from services.runtime.settings import Settings

__all__ = ["app"]


def app() -> faust.App:
    """The service. Raises Problem for a wrong policy file."""
    policy = Settings().policy_dir
    return create_app("correlator", (correlator(load_rules(policy), load_sources(policy)),))
