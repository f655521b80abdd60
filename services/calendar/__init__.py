"""Service hours: when units are open, Hong Kong's general holidays, and how time passes by them. Pure, and shared: the
referral desk counts its clocks by it, whoever shows tasks to people says by it what is due today.

Hong Kong has had no summer time since 1979. Typhoon and black-rain closures are not in it: they are known hours before
at best, and a task that is due must not wait for the weather unless a person says so.
"""

from services.calendar.digest import Digest, digest, next_digest
from services.calendar.hours import ROUND_THE_CLOCK, Holiday, Holidays, Week
from services.calendar.service_time import Calendar
from services.calendar.span import Span, TimeOfDay

__all__ = [
    "ROUND_THE_CLOCK",
    "Calendar",
    "Digest",
    "Holiday",
    "Holidays",
    "Span",
    "TimeOfDay",
    "Week",
    "digest",
    "next_digest",
]
