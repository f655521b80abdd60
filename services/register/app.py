"""`welfare.register` in, facts out."""

import faust

from services.register.welfare import PROCESSOR
from services.runtime.app import create_app

__all__ = ["app"]


def app() -> faust.App:
    """The service."""
    return create_app("register", (PROCESSOR,))
