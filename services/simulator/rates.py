"""How real units answered, as published; the simulated units and the tests stand on these. (Sources: the
Social Welfare Department's papers to the Legislative Council and the district councils, 2024-2025.)"""

__all__ = [
    "CONFIRMED_URGENT_SHARE",
    "DECLINE_SHARE",
    "DOOR_OPENS_SHARE",
    "HOTLINE_TOPIC_SHARES",
    "NO_ARRANGEMENT_SHARE",
    "REFERRED_AFTER_VISIT_SHARE",
    "REFERRED_AFTER_VISIT_SHARE_LATER",
    "WISHES_ALARM_SHARE",
]

NO_ARRANGEMENT_SHARE = 3 / 2_100
"""Published: of about 2,100 admission notices in four months, 3 had no care arranged (0.14 %)."""

CONFIRMED_URGENT_SHARE = 2 / 430
"""Published: of over 430 notices in the first two months (to 11 September 2025), 2 were confirmed to need
emergency support."""

DOOR_OPENS_SHARE = 0.38
"""Published, of one effort: doors that open at a first visit."""

REFERRED_AFTER_VISIT_SHARE = 400 / 5_000
"""Published: over 5,000 households visited in two districts (mid-July to end of August 2025), over 400
referred."""

REFERRED_AFTER_VISIT_SHARE_LATER = 1_800 / 27_000
"""Published: later visits, 6.7 %."""

DECLINE_SHARE = 0.1
"""Assumed: units decline 5-15 % of what they are asked."""

WISHES_ALARM_SHARE = 0.1
"""Assumed: visited elderly households without an emergency alarm that wish one."""

HOTLINE_TOPIC_SHARES = {"emotional": 0.37, "community_services": 0.19, "care": 0.14}
"""Published: what callers of the carer hotline need; the rest is not broken down."""
