"""`community.observations` in, facts out."""

import faust

from services.community.observations import PROCESSOR
from services.runtime.app import create_app

__all__ = ["app"]


def app() -> faust.App:
    """The service."""
    return create_app("community", (PROCESSOR,))
