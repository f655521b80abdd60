"""What the topics would hold after records went through the line, without Kafka."""

from collections.abc import Iterable

import orjson

from services.line import Line
from services.runtime.fold import Record
from services.runtime.letters import Sealer
from services.runtime.states import last_values
from services.subject.holdings import Holdings
from tests.integration.running_line import VAULT
from tests.scenario import AS_OF, person
from tests.scenarios.memory import processors

__all__ = ["Lived"]


class Lived:
    """A line and all that was ever on its topics."""

    def __init__(self, *records: Record) -> None:
        self.line = Line(processors(), AS_OF)
        self.logs: list[Record] = []
        self.take(records)

    def take(self, records: Iterable[Record]) -> None:
        """Runs records through the line."""
        from base64 import b64encode

        sealer = Sealer(b64encode(bytes(VAULT.public_key)).decode())
        for number, record in enumerate(records, len(self.logs)):
            self.logs.append(record)
            for name, turn in self.line.take(record):
                self.logs += [Record(o.topic, o.key, o.value, o.headers) for o in turn.outputs]
                for dead in turn.dead:
                    letter = sealer.letter(name, dead).model_dump_json().encode()
                    self.logs.append(Record("dead.letters", dead.record.key, letter, offset=number))

    def changelogs(self) -> list[Record]:
        """The state as a compacted changelog tells it."""
        return [
            Record(f"changelog.{task.processor.name}", key.encode(), orjson.dumps(value))
            for task in self.line.tasks
            for key, value in task.store.items()
        ]

    def holdings(self, who: str) -> Holdings:
        """All that is held of somebody."""
        found = Holdings.of(person(who), last_values(self.changelogs()))
        for record in self.logs:
            if record.topic not in ("referral.updates", "officer.decisions"):
                found.add(record)
        for record in self.logs:
            if record.topic in ("referral.updates", "officer.decisions"):
                found.add_decision(record)
        return found
