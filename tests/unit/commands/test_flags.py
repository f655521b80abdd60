"""What `kithline flags` sends, and what it refuses to send."""

from typing import Any

import pytest

from services.commands.flags import decide
from services.runtime.errors import Problem

FLAG = {
    "flag_id": "152cc950-b8f5-525f-8fda-12fa2e9eb26e",
    "household_id": "h-dd636c51-cdb0-5dbb-8c0f-81a596611f82",
    "revision": 3,
}
AT = "2026-07-12T02:00:00.000Z"


def test_a_decision_names_the_revision_that_was_seen() -> None:
    made = decide(FLAG, "acknowledge", "duty-officer", "read", AT)
    assert (made.seen_revision, made.flag_id, made.decision) == (3, FLAG["flag_id"], "acknowledge")
    assert made.decision_id == decide(FLAG, "acknowledge", "duty-officer", "read", AT).decision_id


@pytest.mark.parametrize(
    ("decision", "more", "says"),
    [
        ("snooze", {"until": AT}, "needs an until that is later than at"),
        ("snooze", {"until": "2026-08-01T00:00:00Z", "scope": "street"}, "--scope: Input should be 'flag', 'member'"),
        ("close", {"outcome": "fine"}, "--outcome: Input should be 'confirmed_need'"),
        ("close", {}, "needs an outcome: one of confirmed_need"),
        ("acknowledge", {"officer": "Miss LEE"}, "--officer: "),
        ("acknowledge", {"reason": "They Are Away"}, "--reason: "),
    ],
)
def test_what_is_wrong_is_said_by_the_name_of_the_option(decision: str, more: dict[str, Any], says: str) -> None:
    said = {"officer": "duty-officer", "reason": "read", **more}
    with pytest.raises(Problem) as caught:
        decide(FLAG, decision, said.pop("officer"), said.pop("reason"), AT, **said)
    assert says in str(caught.value)
