"""Scenarios are written in the short forms in which rules tell their examples."""

from services.short_forms import AS_OF, NAMES, SOURCES, Short, address, expand, person, resend

__all__ = ["AS_OF", "NAMES", "SOURCES", "Short", "address", "expand", "person", "resend"]
