"""Secrets that nobody needs to keep."""

import secrets

__all__ = ["throw_away_key"]


def throw_away_key() -> bytes:
    """A key for one trial run: what it makes can be joined with nothing else, and nobody can undo it."""
    return secrets.token_bytes(32)
