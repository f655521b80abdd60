"""Secrets that a machine makes for itself."""

import os
import secrets

from platformdirs import user_data_path

__all__ = ["machine_key"]

_BYTES = 32


def machine_key() -> bytes:
    """A key for trials on this machine: made once, readable by this user only, the same for every later run.

    Where the user's data folder cannot be used, a new one each time."""
    path = user_data_path("kithline") / "trial.key"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            # written aside and linked into place: of two runs at once, both read the key of the first
            aside = path.with_name(f".trial.key.{os.getpid()}")
            aside.touch(mode=0o600)
            aside.write_bytes(secrets.token_bytes(_BYTES))
            try:
                os.link(aside, path)
            except FileExistsError:
                pass
            finally:
                aside.unlink()
        key = path.read_bytes()
    except OSError:
        key = b""
    return key if len(key) == _BYTES else secrets.token_bytes(_BYTES)
