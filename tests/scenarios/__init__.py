"""What happens to households, and what must come of it: one table, run in memory and on Kafka."""

from tests.scenarios.answers import ANSWERS
from tests.scenarios.clocks import CLOCKS
from tests.scenarios.decisions import DECISIONS
from tests.scenarios.episodes import EPISODES
from tests.scenarios.feeds import FEEDS
from tests.scenarios.identity import IDENTITY
from tests.scenarios.model import Scenario
from tests.scenarios.moves import MOVES
from tests.scenarios.passing import PASSING

__all__ = ["SCENARIOS", "Scenario"]

SCENARIOS: tuple[Scenario, ...] = (*FEEDS, *ANSWERS, *EPISODES, *CLOCKS, *IDENTITY, *MOVES, *DECISIONS, *PASSING)
