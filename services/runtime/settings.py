"""Settings of every service, from the environment (`KITHLINE_…`). The table of topics is not a setting."""

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import SettingsConfigDict

from services.runtime.environment import FromEnvironment

__all__ = ["BESIDE_THE_LINE", "WEB_ORDER", "Settings"]

WEB_ORDER = (
    "admission",
    "housing",
    "hotline",
    "register",
    "community",
    "people",
    "correlator",
    "referral",
    "adapters",
    "clock",
    "units",
    "vault",
    "desk",
)
"""Service number i of this order answers on `web_port + i`, so that all of them fit on one machine."""

BESIDE_THE_LINE = frozenset({"vault", "desk"})
"""Services with a store and secrets of their own, which the line runs without: started by name, not by `all`. They come
last in WEB_ORDER."""

_POLICY = Path(__file__).resolve().parents[2] / "deploy" / "policy"


class Settings(FromEnvironment):
    """What differs from one installation to the next. Each constant that was set by a failure tells it here."""

    model_config = SettingsConfigDict(env_prefix="KITHLINE_")

    kafka: str = Field(default="127.0.0.1:9092", description="Bootstrap servers, `host:port[,host:port]`.")
    policy_dir: Path = Field(default=_POLICY, description="Rules, units, districts, service hours.")
    vault_public_key: str | None = Field(
        default=None,
        description="base64 of the vault's X25519 public key (32 bytes). Dead letters that carry identity are "
        "sealed to it; whoever can write such letters does not start without it.",
    )
    namespace_key: SecretStr | None = Field(
        default=None,
        description="Hex of at least 32 secret bytes, the same for adapters, desk and vault: what they make units' own "
        "ids of. Another key gives every unit other ids for everything.",
    )

    web_bind: str = Field(default="127.0.0.1", description="`0.0.0.0` in a container.")
    web_port: int = Field(default=6066, ge=1, le=65_500, description="Port of the first service of WEB_ORDER.")
    log_format: Literal["auto", "json", "pretty"] = Field(
        default="auto", description="`auto`: pretty on a terminal, else JSON."
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    clock: Literal["real", "commanded"] = Field(
        default="real",
        description="`real`: a tick each second. `commanded`: one per record on clock.commands.",
    )

    simulated_units: str = Field(
        default="",
        description="Units that answer by themselves, for demos and trials: `all`, or ids and kinds of units.yaml with "
        "commas between, * and ? allowed, ! in front takes out (`all,!my-unit`). Never where people wait for a call.",
    )

    kafka_wait_seconds: float = Field(
        default=20,
        gt=0,
        description="How long a start waits for a cluster that does not answer before it gives up with a clear error: "
        "long enough for a broker that starts beside us, short enough that a typing error shows.",
    )
    member: str | None = Field(
        default=None,
        description="A name that survives restarts (a StatefulSet's pod name): static membership. A restart within "
        "the session then moves nobody's partitions (stall after kill -9: 3.7 s, else the whole session).",
    )

    # Ten seconds: the shortest that lived through every pause of a loaded two-core machine. A fold that holds the
    # loop for longer loses its partitions; that is why a batch hands the loop back every few milliseconds.
    session_timeout_ms: int = 10_000
    heartbeat_interval_ms: int = 1_000
    # A revoked task finishes its batch first; with less than this, members that were still committing were put out.
    rebalance_timeout_ms: int = 30_000

    # Short, because one dead task's open transaction holds up `read_committed` readers of every partition that it
    # wrote to until it is fenced or times out. Not shorter than a batch may take on a bad day.
    transaction_timeout_ms: int = 15_000
    # aiokafka's default of 100 put p99 of one hop at 108 ms: between two transactions the broker answers
    # CONCURRENT_TRANSACTIONS while it writes markers. With 5 it is 11 ms.
    retry_backoff_ms: int = 5

    # Longer than anything that ends by itself: a transaction (15 s), a rebalance (30 s), a broker's failover (10 s and
    # the clients' retries), a session (10 s). Not longer than somebody may wait who needs a call today; and never less
    # than a restart takes, or the watchdog itself would keep the line from going on.
    stall_seconds: float = Field(
        default=60,
        gt=0,
        description="Whoever has something to do and has not got on for so long says so and exits with 70, to be "
        "started again. The interpreter's own alarm rings after twice as long.",
    )

    # A fetch in flight blocks the next one to the same broker, also for partitions that just became free; with the
    # default of 500 a partition behind a slow batch could wait that long.
    fetch_wait_ms: int = 200
    max_partition_fetch_bytes: int = 4 * 1024 * 1024
    # A transaction costs 3 to 25 ms whatever is in it, and a key that changed costs one changelog record for each
    # batch: batches of 200 gave 11,000 events/s, of 5,000 over 240,000.
    batch_records: int = 40_000
    # …but a slow fold must not keep those downstream waiting. Of the task's own time: others share the loop meanwhile.
    batch_seconds: float = 0.25

    @field_validator("kafka")
    @classmethod
    def _names_hosts(cls, kafka: str) -> str:
        # the client's own complaint is a traceback for one slip, and silence about another
        for place in kafka.split(","):
            host, colon, port = place.strip().rpartition(":")
            if not (host and colon and port.isascii() and port.isdigit() and 0 < int(port) < 65_536) or " " in host:
                raise ValueError(f"{place.strip()!r} is not host:port")
        return kafka

    def web_port_of(self, service: str) -> int:
        """The port of one service's web pages. A name outside WEB_ORDER gets the first port."""
        return self.web_port + (WEB_ORDER.index(service) if service in WEB_ORDER else 0)
