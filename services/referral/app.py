"""Flags, answers and officers' decisions in, tasks out; and what people found, back to the correlator."""

import faust

from contracts.instants import in_hong_kong
from services.policy import load_clocks, load_directory
from services.referral.desk import Desk
from services.runtime.app import create_app
from services.runtime.logs import logger
from services.runtime.now import now
from services.runtime.settings import Settings

__all__ = ["app"]

log = logger(__name__)


def app() -> faust.App:
    """The service. Raises Problem for a wrong policy file."""
    policy = Settings().policy_dir
    clocks = load_clocks(policy)
    if not clocks.calendar.knows(year := in_hong_kong(now()).year):
        log.warning("no general holidays are known; kithline policy holidays makes the file anew", year=year)
    return create_app("referral", (Desk(load_directory(policy), clocks).processor(),))
