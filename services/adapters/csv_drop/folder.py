"""The folder of one unit: `out` (a file of tasks a day), `in` (files that the unit drops), `done` (those taken, each
with what was wrong in it). A file that is half written is never seen under its name, neither ours nor theirs."""

import os
import re
from pathlib import Path

from services.runtime.errors import Problem

__all__ = ["Folder"]

_DAY = re.compile(r"tasks-(\d{4}-\d{2}-\d{2})\.csv")


class Folder:
    """Made where it is missing. Raises Problem where that cannot be."""

    def __init__(self, place: Path) -> None:
        self.out, self.into, self.done = place / "out", place / "in", place / "done"
        self._seen: dict[str, tuple[int, int]] = {}
        try:
            for folder in (self.out, self.into, self.done):
                folder.mkdir(parents=True, exist_ok=True)
        except OSError as fault:
            raise Problem(f"{place}: the folder for a unit's files cannot be made ({fault.strerror})") from None

    def publish(self, day: str, content: bytes) -> None:
        """The file of a day, whole or not at all."""
        _replace(self.out / f"tasks-{day}.csv", content)

    def published(self, day: str) -> bytes | None:
        """The file of a day as it is; None where there is none."""
        try:
            return (self.out / f"tasks-{day}.csv").read_bytes()
        except FileNotFoundError:
            return None

    def forget(self, before: str) -> None:
        """Removes files of tasks of earlier days."""
        for path in self.out.iterdir():
            if (found := _DAY.fullmatch(path.name)) is not None and found[1] < before:
                path.unlink(missing_ok=True)

    def dropped(self) -> dict[str, bytes]:
        """The return files that are whole, by name: those that have not changed since the last look."""
        now: dict[str, tuple[int, int]] = {}
        found: dict[str, bytes] = {}
        for path in sorted(self.into.glob("*.csv")):
            if path.name.startswith((".", "~")) or not path.is_file():
                continue
            state = path.stat()
            now[path.name] = (state.st_size, state.st_mtime_ns)
            if self._seen.get(path.name) == now[path.name]:
                found[path.name] = path.read_bytes()
        self._seen = now
        return found

    def finish(self, name: str, errors: bytes | None) -> None:
        """Moves a return file to `done`, with what was wrong in it beside it. One of the same name stays."""
        stem, number = Path(name).stem, 1
        target = self.done / name
        while target.exists():
            number += 1
            target = self.done / f"{stem}-{number}.csv"
        if errors is not None:
            _replace(target.with_suffix(".errors.csv"), errors)
        (self.into / name).rename(target)
        self._seen.pop(name, None)


def _replace(path: Path, content: bytes) -> None:
    aside = path.with_name(f".{path.name}.part")
    with aside.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)
