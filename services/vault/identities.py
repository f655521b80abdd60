"""Identities at rest: sealed, the later word of two about one subject, and which ids are one person."""

from collections.abc import Iterable, Sequence

from sqlalchemy import delete, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.identity import Identity
from services.runtime.erasure import fingerprint
from services.vault.keys import VaultKey
from services.vault.links import NOBODY_ELSE, Linked
from services.vault.tables import ALIASES, ERASED, IDENTITIES

__all__ = ["Identities"]


class Identities:
    """What is held of subjects, under the vault's key. Each call is part of its caller's transaction."""

    def __init__(self, key: VaultKey) -> None:
        self._key = key

    async def put(self, connection: AsyncConnection, identities: Sequence[Identity]) -> int:
        """Takes in (at most some thousand) identities, each if it is newer than what is held and than an erasure;
        returns how many were."""
        marks = {fingerprint(one.subject): one.subject for one in identities}
        held = select(IDENTITIES.c.subject, IDENTITIES.c.as_of).where(IDENTITIES.c.subject.in_(marks.values()))
        latest = {row.subject: row.as_of for row in await connection.execute(held)}
        for row in await connection.execute(select(ERASED).where(ERASED.c.mark.in_(marks))):
            latest[marks[row.mark]] = max(row.at, latest.get(marks[row.mark], ""))
        taken = 0
        news: dict[str, Identity] = {}
        for one in identities:
            if one.as_of > latest.get(one.subject, ""):
                latest[one.subject], news[one.subject] = one.as_of, one
                taken += 1
        if news:
            rows = [
                {"subject": subject, "as_of": one.as_of, "sealed": self._key.seal(_content(one), subject)}
                for subject, one in news.items()
            ]
            await connection.execute(delete(IDENTITIES).where(IDENTITIES.c.subject.in_(news)))
            await connection.execute(IDENTITIES.insert(), rows)
        return taken

    async def of(self, connection: AsyncConnection, subject: str, linked: Linked = NOBODY_ELSE) -> Identity | None:
        """Who this is, under whichever of the person's ids it is held: their own first, else the latest. The ids are
        those that an operator has said and those that are `linked`. Protected where any of them is, or whoever an
        operator has said to be the same as one of them. Raises Problem where it does not open."""
        ids = await self.ids(connection, subject)
        may_tell = {*ids, *(linked.ids if linked.stands else ())}
        may_protect = {*ids, *[known for one in linked.ids for known in await self.ids(connection, one)]}
        query = select(IDENTITIES).where(IDENTITIES.c.subject.in_(may_protect)).order_by(IDENTITIES.c.as_of)
        held = {
            row.subject: Identity.model_validate_json(self._key.unseal(row.sealed, row.subject))
            for row in await connection.execute(query)
        }
        telling = [one for one in held.values() if one.subject in may_tell]
        if not telling:
            return None
        own = held.get(subject) or telling[-1]
        return own.model_copy(update={"protected": any(one.protected for one in held.values())})

    async def ids(self, connection: AsyncConnection, subject: str) -> list[str]:
        """All ids that are this person, the given one first."""
        person = (await connection.execute(select(ALIASES.c.person).where(ALIASES.c.id == subject))).scalar()
        if person is None:
            return [subject]
        rows = await connection.execute(select(ALIASES.c.id).where(ALIASES.c.person == person).order_by(ALIASES.c.id))
        return [subject, *(row.id for row in rows if row.id != subject)]

    async def same_person(self, connection: AsyncConnection, ids: Iterable[str]) -> None:
        """All these ids, and all that were the same person as one of them, are one person."""
        every = sorted({one for given in ids for one in await self.ids(connection, given)})
        await connection.execute(delete(ALIASES).where(ALIASES.c.id.in_(every)))
        if len(every) > 1:
            await connection.execute(ALIASES.insert(), [{"id": one, "person": every[0]} for one in every])

    async def apart(self, connection: AsyncConnection, subject: str) -> None:
        """An id that was taken for somebody else's stands for itself again (a merge that is taken back)."""
        others = [one for one in await self.ids(connection, subject) if one != subject]
        await connection.execute(delete(ALIASES).where(or_(ALIASES.c.id == subject, ALIASES.c.id.in_(others))))
        await self.same_person(connection, others)

    async def erase(self, connection: AsyncConnection, ids: Iterable[str], at: str) -> int:
        """Erases what was known of these ids up to `at`, which also stays gone if it is loaded again."""
        gone = 0
        for one in ids:
            mark = fingerprint(one)
            known = (await connection.execute(select(ERASED.c.at).where(ERASED.c.mark == mark))).scalar()
            if at > (known or ""):
                await connection.execute(delete(ERASED).where(ERASED.c.mark == mark))
                await connection.execute(ERASED.insert(), {"mark": mark, "at": at})
            done = await connection.execute(
                delete(IDENTITIES).where(IDENTITIES.c.subject == one, IDENTITIES.c.as_of <= at)
            )
            gone += done.rowcount
            await self.apart(connection, one)
        return gone

    async def try_key(self, connection: AsyncConnection) -> None:
        """Raises Problem where the key does not open what is held."""
        row = (await connection.execute(select(IDENTITIES.c.subject, IDENTITIES.c.sealed).limit(1))).first()
        if row is not None:
            self._key.unseal(row.sealed, row.subject)

    async def seal_anew(self, connection: AsyncConnection, key: VaultKey) -> int:
        """Seals all that is held to another key; returns how many. Raises Problem where one does not open."""
        rows = (await connection.execute(select(IDENTITIES.c.subject, IDENTITIES.c.sealed))).all()
        for row in rows:
            sealed = key.seal(self._key.unseal(row.sealed, row.subject), row.subject)
            await connection.execute(IDENTITIES.update().where(IDENTITIES.c.subject == row.subject), {"sealed": sealed})
        return len(rows)


def _content(identity: Identity) -> bytes:
    return identity.model_dump_json(exclude_none=True).encode()
