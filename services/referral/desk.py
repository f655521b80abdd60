"""The referral desk of one household: turns flags into tasks, and answers into what happens next. Pure.

State per household: the flags as last seen, every task, releases by officers, and what has been answered. The desk
tells the correlator through `household.facts` what people have found, so that a flag closes only by a person.
"""

from collections.abc import Mapping
from hashlib import blake2b

from contracts.control import OfficerDecision
from contracts.facts import Fact
from contracts.flags import OPEN, Ask
from contracts.model import Bilingual
from contracts.tasks import TERMINAL, UNIT_KINDS, Task, TaskUpdate
from services.referral.closing import BY_A_PERSON, closure
from services.referral.lifecycle import answer, first_revision, reissue, take_back
from services.referral.policy import Clock, Directory
from services.referral.reading import ask_of, asks_of, read_answer, read_flag
from services.runtime.fold import Processor, Record, Refused, Turn, Value

__all__ = ["Desk"]

EMPTY: Value = {"flags": {}, "tasks": {}, "released": {}, "answered": {}, "found": {}, "told": 0}


class Desk:
    """The fold over flags, answers and officers' decisions, with the directory and the clocks bound."""

    def __init__(self, directory: Directory, clocks: Mapping[str, Clock]) -> None:
        self.directory = directory
        self.clocks = clocks

    def processor(self) -> Processor:
        """The processor that runs this desk for every household."""
        outputs = (*(f"referral.tasks.{kind}" for kind in UNIT_KINDS), "household.facts", "dead.letters")
        return Processor("referral", ("risk.flags", "referral.updates", "officer.decisions"), outputs, self.fold)

    def fold(self, record: Record, turn: Turn) -> None:
        """Applies one record of `risk.flags`, `referral.updates` or `officer.decisions`."""
        household = record.key.decode()
        work = _Work(self, household, turn)
        match record.topic:
            case "risk.flags":
                work.flag(read_flag(record))
            case "officer.decisions":
                work.decision(read_answer(OfficerDecision, record))
            case _:
                work.update(read_answer(TaskUpdate, record))
        work.settle()


class _Work:
    """One turn's work on one household's desk."""

    def __init__(self, desk: Desk, household: str, turn: Turn) -> None:
        state = turn.get(household) or EMPTY
        self.desk, self.household, self.turn = desk, household, turn
        self.state: Value = {name: dict(part) if isinstance(part, dict) else part for name, part in state.items()}
        self.tell = False
        self._read: dict[str, Task] = {}

    def flag(self, flag: Value) -> None:
        flag_id = flag["flag_id"]
        known = self.state["flags"].get(flag_id)
        if known is not None and known["revision"] >= flag["revision"]:
            self.turn.duplicate = True
            return
        self.state["flags"][flag_id] = flag
        self._reconcile(flag_id, flag["as_of"])

    def decision(self, decision: OfficerDecision) -> None:
        if decision.flag_id in self.state["released"]:
            self.turn.duplicate = True
            return
        self.state["released"][decision.flag_id] = {"at": decision.at, "wave": decision.wave}
        if decision.flag_id in self.state["flags"]:
            self._reconcile(decision.flag_id, decision.at)

    def update(self, update: TaskUpdate) -> None:
        said = _digest(update)
        if (known := self.state["answered"].get(update.update_id)) is not None:
            if known != said:
                raise Refused("id_reused", "this update_id was used for another answer; give each an id of its own")
            self.turn.duplicate = True
            return
        raw = self.state["tasks"].get(update.task_id)
        if raw is None:
            raise Refused("unknown_task", "no such task was asked of this household; check task_id and household_id")
        task = answer(self._task(raw), update)
        self.state["answered"][update.update_id] = said
        self._publish(task)
        if task.status == "rejected":
            self._next_unit(task, update.at)
        if task.status in BY_A_PERSON:
            self._follow_up(task.flag_id, update.at)
        if task.status in TERMINAL:
            self._found(task, update)

    def settle(self) -> None:
        """Writes the state, and tells the correlator what people have found if that is news."""
        if self.tell:
            self.state["told"] += 1
            facts = [self.state["found"][flag_id] for flag_id in sorted(self.state["found"])]
            projection = {
                "household_id": self.household,
                "origin": "referral",
                "revision": self.state["told"],
                "facts": facts,
            }
            self.turn.emit("household.facts", self.household, projection)
        if not self.turn.duplicate:
            self.turn.put(self.household, self.state)

    def _reconcile(self, flag_id: str, now: str) -> None:
        """One open task for each thing that an open flag asks for; what else is open is taken back."""
        flag = self.state["flags"][flag_id]
        mine = [self._task(raw) for raw in self._tasks_of(flag_id)]
        if flag["status"] not in OPEN:
            if flag["status"] != "closed":
                for task in mine:
                    self._publish(take_back(task, flag["cause"] or "withdrawn"))
            return
        asked = {(ask.purpose, ask.unit) for ask in asks_of(flag)}
        for task in mine:
            # the rules may have changed since it was asked
            wanted = (task.purpose, task.asked_of) in asked
            self._publish(reissue(task) if wanted else take_back(task, "no_longer_asked"))
        for raw in flag["asks"]:
            ask = ask_of(raw)
            released = self.state["released"].get(flag_id)
            if ask.release == "wave" and released is None:
                continue  # a recorded hold: the flag itself, until an officer releases it
            since = released["at"] if released and ask.release == "wave" else None
            self._ensure(flag, ask, now, since=since)
        self._follow_up(flag_id, now)

    def _ensure(self, flag: Value, ask: Ask, now: str, part_of: str | None = None, since: str | None = None) -> None:
        chain = self._chain(flag["flag_id"], ask)
        latest = chain[-1] if chain else None
        if latest is None or (latest.status == "cancelled" and latest.business_status != "queued"):
            self._request(flag, ask, now, part_of, since)
        elif latest.status not in TERMINAL:
            self._keep_current(latest, flag, ask)

    def _chain(self, flag_id: str, ask: Ask) -> list[Task]:
        """The attempts at one thing asked, the first first (a duty officer's among them)."""
        mine = [
            self._task(raw)
            for raw in self._tasks_of(flag_id)
            if (raw["purpose"], raw["asked_of"]) == (ask.purpose, ask.unit)
        ]
        return sorted(mine, key=lambda task: task.attempt)

    def _keep_current(self, task: Task, flag: Value, ask: Ask) -> None:
        due_ack, due_contact = self._due(flag, ask, _since(task, ask))
        current = {
            "level": flag["level"],
            "for_": flag["subject"],
            "due_ack": due_ack,
            "due_contact": due_contact,
            "reason_text": Bilingual.model_validate(flag["title"]),
        }
        if task.status == "requested" and task.business_status == "queued":
            # nobody has seen it yet: it goes where the household lives now, whichever record told us first
            kind, unit = self._route(flag, ask)
            current |= {"unit_kind": kind, "unit": unit, "district": flag["district"]}
            if kind != task.unit_kind and (elsewhere := take_back(task, "rerouted")) is not None:
                self._publish(elsewhere)  # whoever reads the first kind's topic learns that it has gone
                task = elsewhere.model_copy(update={"status": "requested", "status_reason": None})
        if all(getattr(task, name) == value for name, value in current.items()):
            return
        self._publish(task.model_copy(update={**current, "revision": task.revision + 1}))

    def _route(self, flag: Value, ask: Ask) -> tuple[str, str]:
        """Who gets it: never a unit that has declined it before."""
        declined_by = [task.unit for task in self._chain(flag["flag_id"], ask) if task.status == "rejected"]
        return self.desk.directory.route(ask.unit, flag["district"], flag["estate"], self.household, declined_by)

    def _due(self, flag: Value, ask: Ask, since: str | None) -> tuple[str, str]:
        clock = self.desk.clocks[ask.priority]
        return clock.due(since, since) if since else clock.due(flag["episode_at"], flag["received_at"])

    def _request(self, flag: Value, ask: Ask, now: str, part_of: str | None = None, since: str | None = None) -> None:
        owner = self._route(flag, ask)
        attempt = 1 + len(self._chain(flag["flag_id"], ask))
        due = self._due(flag, ask, since)
        self._publish(first_revision(flag, ask, owner, attempt, since or now, due, part_of))

    def _next_unit(self, task: Task, now: str) -> None:
        """After a decline: the next eligible unit, never back to one that declined; at the cap the duty officer."""
        flag = self.state["flags"][task.flag_id]
        if flag["status"] not in OPEN or task.business_status == "cancellation_requested":
            return
        ask = self._ask_of(flag, task)
        if ask is not None:
            self._request(flag, ask, now, task.part_of, _since(task, ask))

    def _ask_of(self, flag: Value, task: Task) -> Ask | None:
        return next((ask for ask in asks_of(flag) if (ask.purpose, ask.unit) == (task.purpose, task.asked_of)), None)

    def _follow_up(self, flag_id: str, now: str) -> None:
        """While the flag is open: what people's findings ask for next, each once, however often it was found."""
        flag = self.state["flags"][flag_id]
        if flag["status"] not in OPEN:
            return  # asked if it opens again: the finding is kept
        for ask, finding in self._found_steps(flag):
            # what a person found counts from when it was found, not from when the episode began
            self._ensure(flag, ask, now, part_of=finding, since=now)

    def _found_steps(self, flag: Value) -> list[tuple[Ask, str]]:
        """(what a finding asks for, the task that found it)."""
        answered = [task for task in self._tasks_of(flag["flag_id"]) if task["status"] in BY_A_PERSON]
        return [
            (ask_of(step["ask"]), by[0])
            for step in flag["then"]
            if (by := sorted(task["task_id"] for task in answered if step["on"] in task["findings"]))
        ]

    def _tasks_of(self, flag_id: str) -> list[Value]:
        return [raw for raw in self.state["tasks"].values() if raw["flag_id"] == flag_id]

    def _task(self, raw: Value) -> Task:
        """A task of the state, read once."""
        task_id = raw["task_id"]
        if task_id not in self._read:
            self._read[task_id] = Task.model_validate(raw)
        return self._read[task_id]

    def _all_answered(self, flag: Value) -> bool:
        """Whether a person has given an outcome for each thing asked. One that was taken back has none: if the
        episode opens again, it is asked again."""
        asked = [ask_of(raw) for raw in flag["asks"]] + [ask for ask, _ in self._found_steps(flag)]
        chains = [self._chain(flag["flag_id"], ask) for ask in asked]
        return all(chain and chain[-1].status in BY_A_PERSON for chain in chains)

    def _found(self, task: Task, update: TaskUpdate) -> None:
        """Keeps what people found about the flag; `closed` once nothing that it asked for is open any more."""
        tasks = self._tasks_of(task.flag_id)
        by_people = [raw for raw in tasks if raw["status"] in BY_A_PERSON]
        cover = any("cover_confirmed" in raw["findings"] for raw in tasks)
        done = all(raw["status"] in TERMINAL for raw in tasks) and (
            cover or self._all_answered(self.state["flags"][task.flag_id])
        )
        before = self.state["found"].get(task.flag_id)
        if not by_people or (not done and not (cover and before is None)):
            return
        value = {"cover_confirmed": cover, "closed": closure(by_people) if done else None}
        if before is not None and before["value"] == value:
            return
        self.state["found"][task.flag_id] = Fact(
            subject=self.household,
            kind="task.outcome",
            key=task.flag_id,
            source=task.unit,
            version=(update.at, task.revision, update.update_id, 0, ""),
            at=update.at,
            received=update.at,
            value=value,
        )
        self.tell = True

    def _publish(self, task: Task | None) -> None:
        if task is None:
            return
        raw = task.model_dump(mode="json", by_alias=True)
        self.state["tasks"][task.task_id] = raw
        self._read[task.task_id] = task
        headers = (
            ("ce_specversion", b"1.0"),
            ("ce_id", f"{task.task_id}:{task.revision}".encode()),
            ("ce_source", b"kithline/referral"),
            ("ce_type", b"referral.task"),
            ("ce_subject", task.for_.encode()),
        )
        self.turn.emit(f"referral.tasks.{task.unit_kind}", self.household, raw, headers)


def _digest(update: TaskUpdate) -> str:
    """Of what a unit says; sent again, an answer may have been stamped anew, and name the revision that it now sees."""
    said = update.model_dump_json(exclude={"update_id", "at", "expected_revision"})
    return blake2b(said.encode(), digest_size=8).hexdigest()


def _since(task: Task, ask: Ask) -> str | None:
    """From when the clocks run, where that is not the episode: a release by an officer, or a finding."""
    return task.requested_at if ask.release == "wave" or task.part_of is not None else None
