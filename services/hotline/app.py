"""`hotline.contacts` in, facts out."""

import faust

from services.hotline.contacts import PROCESSOR
from services.runtime.app import create_app

__all__ = ["app"]


def app() -> faust.App:
    """The service."""
    return create_app("hotline", (PROCESSOR,))
