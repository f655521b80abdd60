"""Flags, answers and officers' decisions in, tasks out; and what people found, back to the correlator."""

import faust

from services.policy import load_clocks, load_directory
from services.referral.desk import Desk
from services.runtime.app import create_app
from services.runtime.settings import Settings

__all__ = ["app"]


def app() -> faust.App:
    """The service. Raises Problem for a wrong policy file."""
    policy = Settings().policy_dir
    return create_app("referral", (Desk(load_directory(policy), load_clocks(policy)).processor(),))
