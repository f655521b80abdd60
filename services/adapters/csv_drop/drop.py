"""Writes the files of tasks, takes the return files: for every unit whose channel is `csv`."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from contracts.identity import Disclosure, OpenIdentity
from contracts.instants import EPOCH, day_of, plus
from contracts.lifecycle import is_withheld
from services.adapters.channel import Rounds
from services.adapters.connections import Csv
from services.adapters.csv_drop import form
from services.adapters.csv_drop.folder import Folder
from services.adapters.csv_drop.form import Returned, Unreadable
from services.book.book import PENDING, Book, Held
from services.calendar.digest import digest
from services.runtime.errors import Problem
from services.runtime.fold import Refused
from services.runtime.logs import logger
from services.runtime.metrics import DELIVERIES
from services.runtime.vault_client import VaultClient, VaultRefused

__all__ = ["CsvDrop", "Place"]

_log = logger(__name__)

_ACCEPTED = frozenset({"accepted", "in-progress", "on-hold"})
_NOT_YET = frozenset({"not_accepted", "unknown_task", "unavailable"})
"""Refusals of the vault that pass: it hears of an acceptance some seconds later than we."""
_ASK_AGAIN_ROUNDS = 20
_WAITING = "still being taken"


@dataclass(frozen=True, slots=True)
class Place:
    """A unit and its folder."""

    unit: str
    connection: Csv
    folder: Folder


class CsvDrop(Rounds):
    """A round: each unit's file of today where something has changed, then its return files."""

    def __init__(self, book: Book, places: Sequence[Place], vault: VaultClient | None, pause: float) -> None:
        super().__init__("csv", pause)
        self._book = book
        self._places = places
        self._vault = vault
        self._days: dict[str, str] = {}
        self._ask_again: dict[str, int] = {}

    async def on_stop(self) -> None:
        """Lets go of the vault."""
        await super().on_stop()
        if self._vault is not None:
            await self._vault.close()

    async def round(self) -> None:
        """One round over all units."""
        now = await self._book.clock()
        if now == EPOCH:
            return  # before the first tick nobody can say which day it is
        for place in self._places:
            await self._publish(place, now)
            for name, content in (await asyncio.to_thread(place.folder.dropped)).items():
                await self._take(place, name, content)

    async def _publish(self, place: Place, now: str) -> None:
        untold = [one for one in await self._book.untold([place.unit]) if not _withheld(one)]
        today = day_of(now).isoformat()
        rounds = self._ask_again.get(place.unit, 0)
        if rounds:
            self._ask_again[place.unit] = rounds - 1
        if not untold and self._days.get(place.unit) == today and rounds != 1:
            return
        open_tasks = [one for one in await self._book.all_held(place.unit) if not _withheld(one)]
        lately = await self._book.all_held(place.unit, ended=True, since=plus(now, days=-1))
        ended = [one for one in lately if _ended_today(one, today)]
        rows = await self._rows(place, open_tasks, ended, now, today)
        await asyncio.to_thread(place.folder.publish, today, form.write(rows))
        if self._days.get(place.unit) != today:
            before = (day_of(now) - timedelta(days=place.connection.kept_days)).isoformat()
            await asyncio.to_thread(place.folder.forget, before)
        self._days[place.unit] = today
        shown = {one.ref for one in open_tasks}
        for one in untold:
            if one.ref in shown or not one.open:
                await self._book.tell(one.unit, one.ref, one.revision)
        DELIVERIES.labels("adapters", "csv", "delivered").inc(len(untold))

    async def _rows(
        self, place: Place, open_tasks: Sequence[Held], ended: Sequence[Held], now: str, today: str
    ) -> list[dict[str, str]]:
        known: Mapping[str, Mapping[str, str]] = {}
        if place.connection.identity is not None and self._vault is not None:
            before = await asyncio.to_thread(place.folder.published, today)
            known = form.identities(before) if before is not None else {}
        shown = digest([one.task for one in open_tasks], now)
        lists = {
            task.task_id: name
            for name, tasks in (("overdue", shown.overdue), ("due_today", shown.due_today), ("new", shown.new))
            for task in tasks
        }
        rows = []
        for one in open_tasks:
            view = await self._book.shown(one)
            identity = known.get(one.ref) if one.task.status in _ACCEPTED else None
            identity = identity or await self._identity(place, one)
            rows.append(form.row(view, lists.get(one.task.task_id, "open"), identity))
        rows += [form.row(one.view, "ended") for one in ended]
        place_of = {f"{words[0]} {words[1]}": number for number, words in enumerate(form.LISTS.values())}
        return sorted(rows, key=lambda cells: (place_of[cells["list"]], cells["contact_by"], cells["task"]))

    async def _identity(self, place: Place, one: Held) -> Mapping[str, str] | None:
        """The columns that tell who it is about: of an accepted task, and never of one that is protected."""
        purpose = place.connection.identity
        if purpose is None or self._vault is None or one.task.status not in _ACCEPTED:
            return None
        asked = OpenIdentity(
            task=one.ref,
            person=one.view["for"],
            purpose=purpose,
            lawful_basis=one.task.lawful_basis,
            actor="csv-drop",
            unit=one.unit,
        )
        try:
            told = await self._vault.resolve(asked)
        except VaultRefused as refused:
            code = refused.refusal.refused
            _log.info("the vault does not tell", unit=one.unit, task=one.ref, code=code)
            if code in _NOT_YET:
                self._ask_again[place.unit] = _ASK_AGAIN_ROUNDS
            return None
        except Problem as problem:
            _log.warning("a file of tasks goes out without identities", unit=one.unit, why=str(problem))
            self._ask_again[place.unit] = _ASK_AGAIN_ROUNDS
            return None
        return None if told.protected else _columns(told)

    async def _take(self, place: Place, name: str, content: bytes) -> None:
        """A return file: done once it is known of each row whether it was taken."""
        try:
            rows = form.read(content)
        except Unreadable as fault:
            await self._finish(place, name, [("1", "", str(fault))])
            return
        wrong: list[tuple[str, str, str]] = []
        waiting: set[str] = set()
        followed: dict[str, str] = {}
        for one in rows:
            if one.task in waiting:
                continue  # rows about one task go in their order
            try:
                if await self._answer(place, one, followed.get(one.task)):
                    followed[one.task] = one.key
                else:
                    waiting.add(one.task)
            except Refused as refused:
                wrong.append((str(one.line), one.task, refused.detail))
        if not waiting:
            await self._finish(place, name, wrong)

    async def _answer(self, place: Place, one: Returned, after: str | None) -> bool:
        """Whether a row has been taken; False: it is under way. `after`: the row before it in the same file about the
        same task; what that made of the task, whoever filled in the file knew. Raises Refused with what is wrong."""
        if one.wrong is not None:
            raise Refused("invalid", one.wrong)
        given = await self._book.given(f"{place.unit}:{one.key}")
        if given is None:
            said = {**one.said, "expected_revision": await self._seen(place, one, after)}
            try:
                await self._book.answer(place.unit, one.task, said, one.key, "csv-drop")
            except Refused as refused:
                if _WAITING in refused.detail:
                    return False
                raise
            return False
        if given.state in PENDING:
            return False
        if given.state == "refused":
            raise Refused("illegal_transition", given.detail or given.reason or "refused")
        return True

    async def _seen(self, place: Place, one: Returned, after: str | None) -> int:
        assert one.revision is not None
        if after is not None:
            held = await self._book.held(place.unit, one.task)
            if held is not None and held.task.update_id == f"{place.unit}:{after}":
                return held.revision
        return one.revision

    async def _finish(self, place: Place, name: str, wrong: Sequence[tuple[str, str, str]]) -> None:
        errors = form.lines([("line", "task", "what is wrong"), *wrong]) if wrong else None
        await asyncio.to_thread(place.folder.finish, name, errors)
        _log.info("a return file was taken", unit=place.unit, wrong=len(wrong))


def _withheld(one: Held) -> bool:
    """A duty officer decides first whether the unit may be told."""
    return one.open and one.told == 0 and is_withheld(one.task)


def _ended_today(one: Held, today: str) -> bool:
    return not one.open and one.told != 0 and day_of(one.changed_at).isoformat() == today


def _columns(told: Disclosure) -> dict[str, str]:
    def written(parts: object) -> str:
        texts = (getattr(parts, "zh_hant", None), getattr(parts, "en", None))
        return " ".join(text for text in texts if text)

    return {
        "name": written(told.name),
        "telephone": " ".join(number.replace("+", "") for number in told.telephones),
        "address": written(told.address),
        "language": told.language,
    }
