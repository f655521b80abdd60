"""One broker of the development cluster: its configuration, its formatted folder, its process."""

import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from services.runtime.errors import Problem
from services.runtime.kafka_dev.archive import ClassArchive
from services.runtime.kafka_dev.java import Java

__all__ = ["HOST", "Node", "NodeFailure", "Ports", "configuration"]

HOST = "127.0.0.1"
"""Loopback only: this cluster has no passwords and is nobody else's business."""

_STOP_SECONDS = 10
"""The last of three brokers finds no quorum to say goodbye to, and would wait for minutes."""


_QUICK_COMPILER = "-XX:TieredStopAtLevel=1"
"""No second compiler. In a broker's first minutes it takes a third of all its CPU time (14 s of 37)."""


class NodeFailure(Exception):
    """A broker that ended by itself. `taken`: because a port was taken in the meantime."""

    def __init__(self, words: str, taken: bool = False) -> None:
        super().__init__(words)
        self.taken = taken


@dataclass(frozen=True, slots=True)
class Ports:
    """Of one node: for clients, and for the controllers' quorum."""

    clients: int
    quorum: int
    front: int | None = None
    """Of a proxy before this node, which its second listener names to clients as its own."""
    behind: int | None = None
    """Where that listener is."""


def configuration(node: int, ports: tuple[Ports, ...], folder: Path, more: Mapping[str, object]) -> str:
    """server.properties of node `node` (from 1) of as many nodes as there are `ports`; small and quick."""
    copies = min(len(ports), 3)
    own = ports[node - 1]
    settings: dict[str, object] = {
        "process.roles": "broker,controller",
        "node.id": node,
        **_listeners(own),
        "controller.listener.names": "CONTROLLER",
        "controller.quorum.voters": ",".join(f"{i}@{HOST}:{p.quorum}" for i, p in enumerate(ports, 1)),
        "log.dirs": folder / "log",
        "auto.create.topics.enable": "false",  # a topic that is not in the table is a mistake
        "num.partitions": 4,
        "default.replication.factor": copies,
        "min.insync.replicas": max(1, copies - 1),
        # few partitions for Kafka's own topics: 50 + 50 would be most of the start-up time
        "offsets.topic.num.partitions": 4,
        "offsets.topic.replication.factor": copies,
        "transaction.state.log.num.partitions": 4,
        "transaction.state.log.replication.factor": copies,
        "transaction.state.log.min.isr": max(1, copies - 1),
        # How often the broker looks for transactions whose worker is dead and aborts them; ten seconds by default,
        # which readers of all that it wrote to would wait on top of its time-out (benchmarks/results/stall.json).
        "transaction.abort.timed.out.transaction.cleanup.interval.ms": 1000,
        "share.coordinator.state.topic.num.partitions": 1,
        "share.coordinator.state.topic.replication.factor": copies,
        "share.coordinator.state.topic.min.isr": max(1, copies - 1),
        "group.initial.rebalance.delay.ms": 0,  # 3 s by default, at every first join
        "group.min.session.timeout.ms": 1000,
        # Until then a broker that was killed keeps its leaderships, and nearly every transaction needs one of them:
        # with Kafka's 9 s, workers came near the end of a transaction's 15. A lone broker has nobody to take over.
        "broker.session.timeout.ms": 9_000 if copies == 1 else 4_000,
        "broker.heartbeat.interval.ms": 500,  # a new broker is let in with a heartbeat
        # a line of 41 topics has some 170 partitions: 2 x 10 MB of index each would be reserved
        "log.index.size.max.bytes": 1 << 20,
        "log.segment.bytes": 128 << 20,
        "log.cleaner.dedupe.buffer.size": 16 << 20,  # 128 MB by default, half of the heap
        "log.cleaner.threads": 1,
        "num.network.threads": 2,
        "num.io.threads": 4,
        "background.threads": 2,
        **more,
    }
    return "".join(f"{key}={value}\n" for key, value in settings.items())


def _listeners(own: Ports) -> dict[str, object]:
    served = [f"PLAINTEXT://{HOST}:{own.clients}", f"CONTROLLER://{HOST}:{own.quorum}"]
    named = [f"PLAINTEXT://{HOST}:{own.clients}"]
    if own.front is None:
        return {"listeners": ",".join(served), "advertised.listeners": ",".join(named)}
    return {
        "listeners": ",".join([*served, f"PROXIED://{HOST}:{own.behind}"]),
        "advertised.listeners": ",".join([*named, f"PROXIED://{HOST}:{own.front}"]),
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,PROXIED:PLAINTEXT",
    }


class Node:
    """One broker process with its folder."""

    def __init__(
        self, number: int, folder: Path, java: Java, jars: list[Path], archive: ClassArchive, hot: bool = False
    ) -> None:
        """`hot`: see `cluster.start_broker`."""
        self.number = number
        self.folder = folder
        self._java = java
        self._jars = jars
        self._archive = archive
        self._hot = hot
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process is not None else None

    @property
    def log(self) -> Path:
        """What the broker said, warnings and errors only."""
        return self.folder / "broker.log"

    def configure(self, ports: tuple[Ports, ...], more: Mapping[str, object]) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "server.properties").write_text(configuration(self.number, ports, self.folder, more))

    def format(self, cluster_id: str) -> None:
        """Makes the folder a KRaft node's, once."""
        if (self.folder / "log" / "meta.properties").exists():
            return
        arguments = ["format", "--cluster-id", cluster_id, "--config", str(self.folder / "server.properties")]
        options = [_QUICK_COMPILER, *self._archive.options()]
        command = self._java.command(self._jars, *options, "kafka.tools.StorageTool")
        done = subprocess.run([*command, *arguments], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            self.log.write_text(done.stdout + done.stderr)
            raise self._failure()

    def start(self, *, record: bool = False) -> None:
        """Starts the process. `record`: it writes down its classes where they have not been archived yet."""
        options = ["-Xms128m", "-Xmx512m", "-Djava.awt.headless=true", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"]
        options += self._archive.options()
        if not self._hot:
            options.append(_QUICK_COMPILER)
        if record:
            options += self._archive.recording(self.folder)
        command = self._java.command(self._jars, *options, "kafka.Kafka")
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*command, str(self.folder / "server.properties")],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for us, who then stop the brokers last
            )

    def check(self) -> None:
        """Raises NodeFailure where the process has ended by itself."""
        if self._process is not None and self._process.poll() is not None:
            raise self._failure()

    def _failure(self) -> NodeFailure:
        words = self.log.read_text(errors="replace") if self.log.exists() else ""
        if "No space left on device" in words:
            raise Problem(f"no space left for Kafka's data in {self.folder}; free some, or choose another (--data)")
        telling = [
            line.strip() for line in words.splitlines() if "ERROR" in line or "Exception" in line or "Error" in line
        ]
        last = telling[0] if telling else (words.strip().splitlines() or ["it said nothing"])[-1]
        return NodeFailure(last[:400], taken="Address already in use" in words or "Failed to bind" in words)

    def kill(self) -> None:
        """SIGKILL: what a test of failures does to it."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def ask_to_stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)

    def wait(self) -> None:
        """Until it has stopped, or has been made to."""
        if self._process is None:
            return
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
        self._process = None
