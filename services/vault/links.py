"""Which ids are one person, as the flag behind a task says it. The vault follows merges by this, and by nothing else: a
unit is told of who its own task's flag is about, and a merge that is taken back ends with that flag's next revision."""

import json
from collections.abc import Iterable
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.flags import ERASED, OPEN, UNLINKED, Flag
from services.runtime.erasure import fingerprint
from services.runtime.fold import Record
from services.vault.tables import ERASED as MARKS
from services.vault.tables import LINKED

__all__ = ["NOBODY_ELSE", "TOPIC", "Linked", "forget", "linked_with", "take"]

TOPIC = "risk.flags"
"""What it reads."""


class Linked(NamedTuple):
    """The other ids of a task's subject. `stands`: the flag is open, and so still says what holds now. One that has
    ended does not say when a merge is taken back: by it nobody is told of, but whoever is protected stays protected."""

    ids: tuple[str, ...]
    stands: bool


NOBODY_ELSE = Linked((), False)


async def take(connection: AsyncConnection, record: Record) -> None:
    """Takes in one revision of a flag; the highest counts, in whatever order they come. Raises ValueError for what is
    no flag."""
    flag = Flag.model_validate_json(record.value)
    known = (await connection.execute(select(LINKED.c.revision).where(LINKED.c.flag_id == flag.flag_id))).scalar()
    if known is not None and known >= flag.revision:
        return
    row: dict[str, Any] = {
        "flag_id": flag.flag_id,
        "revision": flag.revision,
        "stands": flag.status in OPEN,
        "heir": flag.superseded_by,
        "groups": json.dumps(await _groups(connection, flag)),
    }
    if known is None:
        await connection.execute(LINKED.insert(), row)
    else:
        await connection.execute(LINKED.update().where(LINKED.c.flag_id == flag.flag_id), row)


async def _groups(connection: AsyncConnection, flag: Flag) -> list[list[str]]:
    """The groups that count: with the flag's subject in them (a carer's are no business of its tasks), of ids that were
    not erased since. What a flag had linked in error still stands in its last revision."""
    mine = [ids for ids in flag.linked if flag.subject in ids]
    if not mine or flag.cause in (UNLINKED, ERASED):
        return []
    marks = {fingerprint(one) for ids in mine for one in ids}
    query = select(MARKS.c.mark).where(MARKS.c.mark.in_(marks), MARKS.c.at >= flag.as_of)
    gone = set((await connection.execute(query)).scalars())
    return [ids for ids in mine if gone.isdisjoint(map(fingerprint, ids))]


async def linked_with(connection: AsyncConnection, flag_id: str, subject: str) -> Linked:
    """The ids that the newest revision of a task's flag links with the task's subject. Where another flag tells the
    need now, that one's: of two who are merged, it is the one that knows of the merge."""
    latest, seen = None, set[str]()
    following: str | None = flag_id
    while following is not None and following not in seen:
        seen.add(following)
        row = (await connection.execute(select(LINKED).where(LINKED.c.flag_id == following))).first()
        latest, following = (row, row.heir) if row is not None else (latest, None)
    if latest is None:
        return NOBODY_ELSE
    ids = {one for group in json.loads(latest.groups) if subject in group for one in group} - {subject}
    return Linked(tuple(sorted(ids)), latest.stands)


async def forget(connection: AsyncConnection, ids: Iterable[str]) -> None:
    """Drops every group with one of these ids in it. The revision stays, so that an older one cannot bring it back."""
    gone = frozenset(ids)
    rows = (await connection.execute(select(LINKED.c.flag_id, LINKED.c.groups).where(LINKED.c.groups != "[]"))).all()
    for row in rows:  # few flags are about somebody who was merged
        groups: list[list[str]] = json.loads(row.groups)
        left = [group for group in groups if gone.isdisjoint(group)]
        if left != groups:
            news = {"groups": json.dumps(left)}
            await connection.execute(LINKED.update().where(LINKED.c.flag_id == row.flag_id), news)
