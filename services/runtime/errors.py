"""Errors that are meant for the person at the keyboard."""

__all__ = ["Problem"]


class Problem(Exception):
    """Says what is wrong, where, and how to mend it, in one line. The command line prints it and exits with 2."""
