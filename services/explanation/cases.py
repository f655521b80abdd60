"""Finds what somebody asks about: a flag, a task, or all flags of a person or household. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from contracts.flags import OPEN
from contracts.instants import EPOCH
from services.correlator.rules import LEVELS
from services.runtime.errors import Problem

__all__ = ["PREFIX", "Case", "Cases"]

PREFIX = 6
"""So many characters of an id are enough, where no other id begins with them."""

_MANY = 5

Raw = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Case:
    """One flag with its tasks and its revisions (oldest first); `task`: the one that was asked about. A task whose flag
    the source does not have stands alone."""

    flag: Raw | None
    tasks: list[Raw]
    history: list[Raw]
    task: Raw | None = None


@dataclass
class Cases:
    """All flags and tasks of a source. `where` names it to people."""

    where: str
    flags: dict[str, list[Raw]] = field(default_factory=dict)
    tasks: dict[str, Raw] = field(default_factory=dict)

    def add_flag(self, flag: Raw) -> None:
        """Takes a revision in, in any order and any multiplicity."""
        revisions = self.flags.setdefault(flag["flag_id"], [])
        if all(known["revision"] != flag["revision"] for known in revisions):
            revisions.append(flag)
            revisions.sort(key=lambda known: int(known["revision"]))

    def add_task(self, task: Raw) -> None:
        """Takes a revision in; the highest stays."""
        known = self.tasks.get(task["task_id"])
        if known is None or known["revision"] < task["revision"]:
            self.tasks[task["task_id"]] = task

    def add_line(self, line: Raw) -> bool:
        """Takes one line of a replay's output in. Returns whether it is a flag or a task."""
        raw = {name: value for name, value in line.items() if name != "kind"}
        match line.get("kind"):
            case "flag":
                self.add_flag(raw)
            case "task":
                self.add_task(raw)
            case _:
                return False
        return True

    def as_of(self) -> str:
        """When the source knew of last: the latest instant at which a flag was looked at."""
        return max((flag["as_of"] for flag in self._latest()), default=EPOCH)

    def find(self, wanted: str) -> list[Case]:
        """The cases of an id, or of the only id that begins so; of a person or household the open flags first, then
        by level. Raises Problem where nothing is found, or where several ids begin so."""
        name = self._full(wanted)
        if name in self.flags:
            return [self._case(name)]
        if name in self.tasks:
            task = self.tasks[name]
            if task["flag_id"] in self.flags:
                return [self._case(task["flag_id"], task)]
            return [Case(None, [task], [], task)]
        mine = [last for last in self._latest() if name == last["household_id"] or name in _subject_ids(last)]
        mine.sort(key=lambda f: (f["status"] not in OPEN, -LEVELS.index(f["level"]), f["episode_at"], f["flag_id"]))
        return [self._case(last["flag_id"]) for last in mine]

    def _full(self, wanted: str) -> str:
        subjects: set[str] = {one for last in self._latest() for one in (last["household_id"], *_subject_ids(last))}
        known = {*self.flags, *self.tasks, *subjects}
        if wanted in known:
            return wanted
        begins = sorted(name for name in known if name.startswith(wanted)) if len(wanted) >= PREFIX else []
        if len(begins) == 1:
            return begins[0]
        if begins:
            shown = ", ".join(begins[:_MANY]) + (", …" if len(begins) > _MANY else "")
            raise Problem(f"{len(begins)} ids in {self.where} begin with {wanted}: {shown}; give more of it")
        raise Problem(
            f"nothing is known of {wanted} in {self.where} ({len(self.flags)} flags and {len(self.tasks)} tasks "
            f"searched); give the id of a flag, task, person or household that had a flag, or its first {PREFIX} "
            "characters or more"
        )

    def _told_under(self, flag_id: str) -> list[str]:
        """The flag, and those under which the same need was told after it."""
        names = [flag_id]
        while revisions := self.flags.get(names[-1]):
            further = revisions[-1].get("superseded_by")
            if revisions[-1].get("status") != "superseded" or further in names or further is None:
                break
            names.append(further)
        return names

    def _latest(self) -> Iterable[Raw]:
        return (revisions[-1] for revisions in self.flags.values())

    def _case(self, flag_id: str, task: Raw | None = None) -> Case:
        revisions = self.flags[flag_id]
        mine = [one for one in self.tasks.values() if flag_id in self._told_under(one["flag_id"])]
        return Case(revisions[-1], mine, revisions, task)


def _subject_ids(flag: Raw) -> set[str]:
    """Every id of the person whom a flag is about, as far as it was known when it was written: an old id still
    resolves."""
    others = [ids for ids in flag.get("linked", ()) if flag["subject"] in ids]
    return {flag["subject"], *(one for ids in others for one in ids)}
