"""Facts about persons in, what each household should know of them out."""

import faust

from services.people.person import PROCESSOR
from services.runtime.app import create_app

__all__ = ["app"]


def app() -> faust.App:
    """The service."""
    return create_app("people", (PROCESSOR,))
