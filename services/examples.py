"""The worked examples of rules, run on the line as it is: what a rule file says of itself has to be true."""

from collections.abc import Sequence

import orjson
from pydantic import ValidationError

from services.correlator.rules import Example, Rule
from services.line import Line
from services.runtime.fold import Processor
from services.short_forms import AS_OF, expand

__all__ = ["fault_of"]

FIRED = frozenset({"active", "acknowledged", "shadow"})


def fault_of(rule: Rule, example: Example, processors: Sequence[Processor]) -> str | None:
    """What is not as the example says; None if it is true. `processors` are those of the whole line."""
    try:
        records = expand(example.given)
    except KeyError as missing:
        return f"its given: lines lack {missing}, or name a type of event that no feed has"
    except (ValidationError, ValueError, TypeError) as wrong:
        return f"its given: lines say what no feed can say ({str(wrong).splitlines()[0]})"
    line = Line(processors, AS_OF)
    flags: dict[str, dict[str, str]] = {}
    for record in records:
        for _, turn in line.take(record):
            for dead in turn.dead:
                return f"one of its given: lines is refused ({dead.reason}: {dead.detail})"
            for output in turn.outputs:
                if output.topic == "risk.flags":
                    flag = orjson.loads(output.value)
                    flags[flag["flag_id"]] = flag
    levels = {flag["level"] for flag in flags.values() if flag["rule"] == rule.id and flag["status"] in FIRED}
    if bool(levels) != example.fires:
        return (
            "it fires, though the example says fires: false"
            if levels
            else "it does not fire, though the example says so"
        )
    if example.level is not None and levels != {example.level}:
        return f"it fires at level {', '.join(sorted(levels))}, though the example says {example.level}"
    return None
