"""What the vault does when it is asked. Every answer and every refusal is in the audit before it is given."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.deadletters import DeadLetter
from contracts.identity import Disclosure, Identity, OpenIdentity, RefusalCode, Subject
from contracts.ids import Token
from contracts.instants import Instant
from contracts.model import Code
from services.book.audit import append, entries
from services.book.store import Store
from services.runtime.errors import Problem
from services.runtime.fold import Record
from services.runtime.logs import logger
from services.vault import guard, links, tasks
from services.vault.credentials import acting, is_named
from services.vault.disclosure import Acting, HeldTask, Policy, refuse, refuse_protected
from services.vault.identities import Identities
from services.vault.keys import VaultKey
from services.vault.tables import AUDIT

__all__ = [
    "TOPICS",
    "AboutSubject",
    "Apart",
    "EraseSubject",
    "LetterToOpen",
    "Load",
    "Refused",
    "SamePerson",
    "Vault",
]

_log = logger(__name__)

TOPICS = (*tasks.TOPICS, links.TOPIC)
"""What the vault reads."""


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Load(_Asked):
    """Identities, in any order and any number of times."""

    identities: list[Identity] = Field(max_length=1000)


class SamePerson(_Asked):
    """Pseudonyms of one person: merged numbers, or keys of two epochs."""

    ids: list[Subject] = Field(min_length=2, max_length=32)


class Apart(_Asked):
    """A pseudonym that was taken for another's."""

    id: Subject


class LetterToOpen(_Asked):
    """A sealed dead letter as it is on the topic, and where it is (topic:partition:offset)."""

    id: Token
    letter: DeadLetter
    purpose: Code
    actor: Token


class AboutSubject(_Asked):
    """Somebody who asks what is held of them, under all their ids; `actor` has seen who they are."""

    ids: list[Subject] = Field(min_length=1, max_length=2000)
    actor: Token


class EraseSubject(AboutSubject):
    """…or who is erased: what was known up to `at`."""

    at: Instant


class Refused(Exception):
    """Nothing is told. The audit has it already."""

    def __init__(self, code: RefusalCode) -> None:
        super().__init__(code)
        self.code: RefusalCode = code


class Vault:
    """One vault over its store. `now` tells the time of the audit and of the guard."""

    def __init__(self, store: Store, key: VaultKey, policy: Policy, namespace: bytes, now: Callable[[], str]) -> None:
        self.store = store
        self._key = key
        self._identities = Identities(key)
        self._policy = policy
        self._namespace = namespace
        self._now = now
        self._one_at_a_time = asyncio.Lock()
        self.is_current: Callable[[], bool] = lambda: True
        """Whether the tasks are as the topics have them. Until then nothing is told: one that counts as accepted may
        have ended while the vault was down."""

    async def open(self) -> None:
        """Opens the store. Raises Problem where it cannot be used, or holds what this key does not open: a vault that
        answers nobody must not look as if it were well."""
        await self.store.open()
        async with self.store.read() as look:
            await self._identities.try_key(look)

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that adds to the audit. One after the other: each entry stands on the one before, and of two at
        once the database would have to refuse one."""
        async with self._one_at_a_time, self.store.write() as turn:
            yield turn

    async def take(self, connection: AsyncConnection, records: Sequence[Record]) -> None:
        """Takes in tasks and their flags, in the transaction of the inbox. A record that is neither is passed over: of
        a task that is not known nothing is told, and an id that nobody has linked stands for itself."""
        for record in records:
            try:
                if record.topic == links.TOPIC:
                    await links.take(connection, record)
                else:
                    await tasks.take(connection, record, self._namespace)
            except ValueError:
                where = f"{record.topic}:{record.partition}:{record.offset}"
                _log.error("not a task, or not a flag; whoever it was about stays unknown to its unit", record=where)

    async def acting(self, token: str) -> Acting | None:
        """Whom a credential stands for."""
        async with self.store.read() as look:
            return await acting(look, token)

    async def refused(self, code: RefusalCode, what: str, who: Acting | None, **said: Any) -> None:
        """Puts a refusal into the audit that was made before the vault itself was asked."""
        async with self._turn() as turn:
            await self._append(turn, what, who, code, **said)
            if who is not None:
                await guard.count(turn, who, None, False, self._now())

    async def resolve(self, who: Acting, asked: OpenIdentity) -> Disclosure:
        """The least that the purpose needs, of the person whom a task of the unit is about. Raises Refused."""
        at = self._now()
        async with self._turn() as turn:
            unit = who.unit(asked.unit)
            task = await tasks.named(turn, unit, asked.task) if unit is not None else None
            code = await self._against(turn, who, unit, asked, task, at)
            identity: Identity | None = None
            fields: tuple[str, ...] = ()
            protected = False
            if code is None and task is not None:
                linked = await links.linked_with(turn, task.flag_id, task.subject)
                identity = await self._identities.of(turn, task.subject, linked)
                protected = self._policy.is_protected(task) or (identity is not None and identity.protected)
                code = await self._against_telling(turn, who, asked, task, identity, protected, at)
                fields = self._policy.purposes[asked.purpose] if code is None else ()
            held = identity.model_dump(include=set(fields)) if identity is not None else {}
            told = {name: value for name, value in held.items() if value}
            entry = await self._append(
                turn,
                "resolve",
                who,
                code or "told",
                actor=asked.actor,
                unit=unit,
                task=task.task_id if task is not None else asked.task,
                person=task.subject if task is not None else None,
                purpose=asked.purpose,
                lawful_basis=asked.lawful_basis,
                told=sorted(told),
                protected=protected,
            )
            if code not in ("locked_out", "unavailable"):
                await guard.count(turn, who, unit, code is None, at)
        if code is not None or task is None or identity is None:
            raise Refused(code or "nothing_held")
        head = {"task": task.ref, "person": task.person_ref, "purpose": asked.purpose, "entry": entry}
        return Disclosure.model_validate({**head, "protected": protected, "language": identity.language, **told})

    async def _against(
        self, turn: AsyncConnection, who: Acting, unit: str | None, asked: OpenIdentity, task: HeldTask | None, at: str
    ) -> RefusalCode | None:
        if not self.is_current():
            return "unavailable"
        if await guard.is_locked_out(turn, self._policy.guard, who, unit, at):
            return "locked_out"
        if unit is None:
            return "not_your_unit"
        return refuse(asked, task, self._policy)

    async def _against_telling(
        self,
        turn: AsyncConnection,
        who: Acting,
        asked: OpenIdentity,
        task: HeldTask,
        identity: Identity | None,
        protected: bool,
        at: str,
    ) -> RefusalCode | None:
        if protected and (code := refuse_protected(who, await is_named(turn, task.unit, asked.actor))) is not None:
            return code
        if identity is None:
            return "nothing_held"
        in_hand = await tasks.open_tasks(turn, task.unit)
        if await guard.opens_too_much(turn, self._policy.guard, task.unit, in_hand, at):
            return "too_many"
        return None

    async def load(self, who: Acting, said: Load) -> dict[str, Any]:
        """Takes identities in; `taken` are those that were new, or newer than what was held."""
        async with self._turn() as turn:
            taken = await self._identities.put(turn, said.identities)
            entry = await self._append(turn, "load", who, "done", given=len(said.identities), taken=taken)
        return {"taken": taken, "entry": entry}

    async def same_person(self, who: Acting, said: SamePerson) -> dict[str, Any]:
        """From now on each of the ids resolves as the others do."""
        async with self._turn() as turn:
            await self._identities.same_person(turn, said.ids)
            return {"entry": await self._append(turn, "same_person", who, "done", persons=sorted(said.ids))}

    async def apart(self, who: Acting, said: Apart) -> dict[str, Any]:
        """A merge that was taken back: the id stands for itself again."""
        async with self._turn() as turn:
            await self._identities.apart(turn, said.id)
            return {"entry": await self._append(turn, "apart", who, "done", persons=[said.id])}

    async def open_letter(self, who: Acting, said: LetterToOpen) -> dict[str, Any]:
        """`key`, `value` and `headers` that a sealed dead letter keeps, in base64. Raises Refused."""
        contents: dict[str, Any] | None = None
        if said.letter.sealed:
            with suppress(Problem):
                contents = self._key.open_letter(said.letter)
        result = "told" if contents is not None else "unreadable"
        async with self._turn() as turn:
            entry = await self._append(
                turn, "open_letter", who, result, actor=said.actor, letter=said.id, purpose=said.purpose
            )
        if contents is None:
            raise Refused("unreadable")
        return {**contents, "entry": entry}

    async def subject_access(self, who: Acting, said: AboutSubject) -> dict[str, Any]:
        """What is held of a person, by kind, and which units have opened it when and what for. No name, number or
        address: whoever asks knows their own, and who only says that they are this person must not learn it here. What
        had to do with protection is left out."""
        async with self._turn() as turn:
            ids = sorted({one for given in said.ids for one in await self._identities.ids(turn, given)})
            held = [await self._identities.of(turn, one) for one in ids]
            found = next((one for one in held if one is not None), None)
            opened = [
                {name: entry[name] for name in ("at", "unit", "purpose", "lawful_basis", "told")}
                async for entry in entries(turn, AUDIT)
                if entry["what"] == "resolve" and entry["result"] == "told"
                if entry["person"] in ids and not entry["protected"]
            ]
            entry = await self._append(turn, "subject_access", who, "done", actor=said.actor, persons=ids)
        kinds = {} if found is None else found.model_dump(exclude_none=True, exclude={"subject", "protected"})
        return {"holds": sorted(name for name, value in kinds.items() if value), "opened": opened, "entry": entry}

    async def erase(self, who: Acting, said: EraseSubject) -> dict[str, Any]:
        """Erases what was known up to `at`, under every id of the person. The audit stays: it holds no identity."""
        async with self._turn() as turn:
            ids = sorted({one for given in said.ids for one in await self._identities.ids(turn, given)})
            erased = await self._identities.erase(turn, ids, said.at)
            await links.forget(turn, ids)
            await tasks.forget_ended(turn, ids)
            entry = await self._append(turn, "erase", who, "done", actor=said.actor, persons=ids, erased=erased)
        return {"erased": erased, "entry": entry}

    async def _append(self, turn: AsyncConnection, what: str, who: Acting | None, result: str, **said: Any) -> int:
        entry = {"what": what, "who": who.credential if who is not None else None, "result": result, **said}
        return await append(turn, AUDIT, entry, self._now())
