"""`housing.tenancies` in, facts out; and `places`, which tells households what is known of their flat."""

import faust

from services.housing import places, tenancy
from services.runtime.app import create_app

__all__ = ["app"]


def app() -> faust.App:
    """The service."""
    return create_app("housing", (tenancy.PROCESSOR, places.PROCESSOR))
