"""How real units answered, as published; the simulated units and the tests stand on these. (Sources: the
Social Welfare Department's papers to the Legislative Council and the district councils, 2024-2025.)"""

__all__ = [
    "DECLINE_SHARE",
    "DOOR_OPENS_SHARE",
    "HOTLINE_TOPIC_SHARES",
    "NO_ARRANGEMENT_SHARE",
    "REFERRED_AFTER_VISIT_SHARE",
    "WISHES_ALARM_SHARE",
]

NO_ARRANGEMENT_SHARE = 3 / 2_100
"""Published: of about 2,100 admission notices in four months, 3 had no care arranged (0.14 %)."""

DOOR_OPENS_SHARE = 0.38
"""Published, of one effort: doors that open at a first visit."""

REFERRED_AFTER_VISIT_SHARE = 400 / 5_000
"""Published: over 5,000 households visited in two districts (mid-July to end of August 2025), over 400
referred."""

DECLINE_SHARE = 0.1
"""Assumed: units decline 5-15 % of what they are asked."""

WISHES_ALARM_SHARE = 0.1
"""Assumed: visited elderly households without an emergency alarm that wish one."""

HOTLINE_TOPIC_SHARES = {"emotional": 0.37, "community_services": 0.19, "care": 0.14}
"""Published: what callers of the carer hotline need; the rest is not broken down."""
