"""`units.declarations` and `respite.vacancies` in; what holds of each unit out, to every partition."""

import faust

from services.runtime.app import create_app
from services.units import intake, vacancies

__all__ = ["app"]


def app() -> faust.App:
    """The service."""
    return create_app("units", (intake.PROCESSOR, vacancies.PROCESSOR))
