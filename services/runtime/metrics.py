"""Every signal that the line gives, declared in one place; dashboards and alerts name these and no others.

Counters count what was *committed*: a batch that was aborted and taken again after a restart is counted once.
They start at zero with the process, as Prometheus expects; the books of the demo never rest on them.
"""

from prometheus_client import Counter, Gauge, Histogram

from services.runtime.histogram import CountedHistogram

__all__ = [
    "AS_OF",
    "BATCH_RECORDS",
    "BATCH_SECONDS",
    "DELIVERIES",
    "FEED_HEARTBEAT",
    "LAG",
    "LAST_COMMIT",
    "LATENCY_MS",
    "OPERATOR_QUEUE",
    "OUTPUTS",
    "RECORDS",
    "RESTORE_SECONDS",
    "STALLED_SECONDS",
    "STATE_KEYS",
    "TASK_READY",
    "TICKS_PUBLISHED",
    "UNCOVERED",
    "UNDELIVERED",
    "UNDELIVERED_SECONDS",
    "VAULT_ANSWERS",
    "VERDICTS",
]

RECORDS = Counter(
    "kithline_records_total",
    "Input records committed, each as exactly one of applied, duplicate, dead_letter. Ticks count as applied.",
    ["processor", "topic", "outcome"],
)
OUTPUTS = Counter(
    "kithline_outputs_total",
    "Records committed to a topic; dead letters included, changelogs not.",
    ["processor", "topic"],
)
BATCH_SECONDS = Histogram(
    "kithline_batch_seconds",
    "From the first record in hand to the end of its transaction.",
    ["processor"],
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 15),
)
BATCH_RECORDS = Histogram(
    "kithline_batch_records",
    "Records in one batch, that is, in one transaction.",
    ["processor"],
    buckets=(1, 2, 5, 10, 50, 100, 500, 1000, 2000, 5000, 20000),
)
LATENCY_MS = CountedHistogram(
    "kithline_latency_ms",
    "Milliseconds from the Kafka timestamp of the causing feed record to the commit of what follows from it. "
    "Outputs inherit that timestamp, so this adds up along the line; what was written long ago and read late "
    "counts too.",
    "processor",
    buckets=(5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 30000, 60000, 300000),
)
LAG = Gauge(
    "kithline_lag",
    "Records between this task's position and the end of the partition, as of its last fetch. "
    "Counts transaction markers too, so it can show 1 or 2 for a moment when all is read.",
    ["processor", "topic", "partition"],
)
STATE_KEYS = Gauge("kithline_state_keys", "Keys in a task's state.", ["processor", "partition"])
TASK_READY = Gauge(
    "kithline_task_ready",
    "1 once a task has been restored and takes records; absent where not assigned.",
    ["processor", "partition"],
)
RESTORE_SECONDS = Gauge(
    "kithline_restore_seconds", "How long the last restore of a task took.", ["processor", "partition"]
)
LAST_COMMIT = Gauge(
    "kithline_last_commit_timestamp",
    "Unix time in seconds of a task's last commit; 0 before its first one.",
    ["processor", "partition"],
)
STALLED_SECONDS = Gauge(
    "kithline_stalled_seconds",
    "For how long a task has had something to do (restore, commit, fetch) without getting on; 0 while it gets on or "
    "has nothing to do. Without a partition: how long the processor has waited for its group. At "
    "KITHLINE_STALL_SECONDS the process ends to be started again.",
    ["processor", "partition"],
)
AS_OF = Gauge(
    "kithline_as_of_timestamp",
    "A task's `as_of` as Unix time in seconds: the highest tick it has seen. Simulated time in a demo.",
    ["processor", "partition"],
)
TICKS_PUBLISHED = Counter(
    "kithline_ticks_published_total",
    "Ticks that this clock published (one is a record per partition).",
    ["processor"],
)
FEED_HEARTBEAT = Gauge(
    "kithline_feed_heartbeat_timestamp",
    "Unix time in seconds at which a feed's last heartbeat was received, by the stamp of the door; absent until one "
    "has come since this process began.",
    ["processor"],
)
UNCOVERED = Counter(
    "kithline_uncovered_tasks_total",
    "Tasks put into a district's queue because no unit that covers the place takes them, each once for each queue. The "
    "first in a district is also the first value of its series.",
    ["district"],
)
VERDICTS = Counter(
    "kithline_rule_verdicts_total",
    "Verdicts on the clauses of rules, by rule: met, not_met and unknown each time that a revision of a flag was "
    "published, so they say what flags rest on, not how often rules were asked; error each time that a clause could "
    "not be worked out, whether a flag came of it or not.",
    ["rule", "verdict"],
)
DELIVERIES = Counter(
    "kithline_deliveries_total",
    "Tasks on their way to units' systems: delivered, failed (to be tried again), refused or given_up (a person "
    "decides). One that is tried three times counts three times.",
    ["processor", "channel", "outcome"],
)
UNDELIVERED = Gauge(
    "kithline_undelivered", "Tasks whose newest revision their unit does not have yet.", ["processor", "channel"]
)
UNDELIVERED_SECONDS = Gauge(
    "kithline_undelivered_oldest_seconds",
    "For how long the oldest of them has been waiting, by the units' clock; 0 where none waits.",
    ["processor", "channel"],
)
OPERATOR_QUEUE = Gauge(
    "kithline_operator_queue",
    "Tasks that could not be delivered, and wait for a person (`kithline adapters queue`).",
    ["processor", "channel"],
)
VAULT_ANSWERS = Counter(
    "kithline_vault_answers_total",
    "Requests to the vault, by route and result: answered, or the refusal's code. Who asked for what stands in its "
    "audit, not here.",
    ["processor", "route", "result"],
)
