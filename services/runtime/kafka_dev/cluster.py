"""Starts and stops a real Apache Kafka cluster of one or three brokers on this machine."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO
from uuid import NAMESPACE_URL, uuid5

from services.runtime.errors import Problem
from services.runtime.kafka_dev.archive import ClassArchive
from services.runtime.kafka_dev.jars import cache_folder, kafka_jars, kafka_version
from services.runtime.kafka_dev.java import find_java
from services.runtime.kafka_dev.locks import try_lock
from services.runtime.kafka_dev.nodes import HOST, Node, NodeFailure, Ports
from services.runtime.loops import in_own_loop

__all__ = ["EXTERNAL", "Broker", "broker", "cluster_id", "external_kafka", "is_free", "start_broker"]

EXTERNAL = "KITHLINE_KAFKA"
"""The environment variable that names a running cluster to use instead."""

_START_SECONDS = 90
_ATTEMPTS = 3
"""Free ports are chosen before Kafka binds them, so that another program may be quicker."""

_ROOM = 200 << 20
_GUARD = 'read _; kill -9 $KITHLINE_PIDS 2>/dev/null; rm -rf "$@"'
"""A shell that waits on a pipe from us: when we die, of whatever cause, the pipe closes and it tidies up."""


def external_kafka() -> str | None:
    """The cluster that KITHLINE_KAFKA names, if it names one."""
    return os.environ.get(EXTERNAL) or None


class Broker:
    """A cluster to talk to. `stop()` ends what was started here, and never the cluster of KITHLINE_KAFKA."""

    def __init__(
        self,
        bootstrap: str,
        nodes: int,
        version: str | None,
        members: tuple[Node, ...] = (),
        behind: tuple[int, ...] = (),
    ) -> None:
        self.bootstrap = bootstrap
        """host:port, several divided by commas."""
        self.nodes = nodes
        self.version = version
        """Of Kafka; None where it was not started here."""
        self.behind = behind
        """Where each broker listens for its proxy (see `start_broker`)."""
        self._members = members
        self._scratch: Path | None = None
        self._archive: ClassArchive | None = None
        self._lock: TextIO | None = None
        self._guard: subprocess.Popen[bytes] | None = None

    @property
    def external(self) -> bool:
        """Whether this is the cluster that KITHLINE_KAFKA names."""
        return not self._members

    def check(self) -> None:
        """Raises Problem when a broker that should run has ended by itself."""
        try:
            for node in self._members:
                node.check()
        except NodeFailure as fault:
            raise Problem(f"a Kafka broker has ended by itself: {fault}; {_keep_log(self._members)}") from fault

    def pid(self, number: int) -> int | None:
        """The process of one broker (from 1)."""
        return self._members[number - 1].pid

    def kill(self, number: int) -> None:
        """SIGKILL to one broker (from 1). For tests of failures."""
        self._members[number - 1].kill()

    def revive(self, number: int) -> None:
        """Starts a killed broker again on its old folder and ports, and waits until all are members."""
        self._end_guard()
        self._members[number - 1].start()
        self._begin_guard()
        _wait_until_ready(self._members, self.bootstrap)

    def stop(self) -> None:
        """Stops all brokers cleanly; scratch data is removed. May be called again."""
        for node in self._members:
            node.ask_to_stop()
        for node in self._members:
            node.wait()
        if self._archive is not None:
            self._archive.finish()
        self._end_guard()
        if self._scratch is not None:
            shutil.rmtree(self._scratch, ignore_errors=True)
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _watch_over(self, scratch: Path | None, lock: TextIO | None, archive: ClassArchive) -> None:
        self._scratch, self._lock, self._archive = scratch, lock, archive
        self._begin_guard()

    def _begin_guard(self) -> None:
        pids, files = self._archive.making if self._archive else ([], [])
        pids = [*pids, *(node.pid for node in self._members if node.pid is not None)]
        self._guard = subprocess.Popen(
            ["sh", "-c", _GUARD, "sh", *map(str, [*files, *([self._scratch] if self._scratch else [])])],
            stdin=subprocess.PIPE,
            env={**os.environ, "KITHLINE_PIDS": " ".join(map(str, pids))},
            start_new_session=True,
        )

    def _end_guard(self) -> None:
        """Before its process ids mean somebody else."""
        if self._guard is not None:
            self._guard.kill()
            self._guard.wait()
            self._guard = None


def start_broker(
    nodes: int = 1,
    port: int | None = None,
    data: Path | None = None,
    fronts: tuple[int, ...] = (),
    settings: Mapping[str, object] | None = None,
    hot: bool = False,
) -> Broker:
    """Starts Kafka and returns when all its brokers answer. Fetches it first where this user has none.

    `port`: for clients of the first broker, the others follow it; None or 0: free ones. `data`: a folder to
    keep and to start from again; None: a scratch folder that goes with the broker. `fronts`: ports of proxies, one a
    broker, for tests of bad networks: whoever connects through one is told these ports as the brokers' own. `settings`:
    of Kafka, instead of ours. `hot`: for long hard work; its code is compiled as well as it can be, which costs a
    machine of two cores most of its first minute. Raises Problem.
    """
    if nodes not in (1, 3):
        raise Problem(f"a cluster of {nodes} brokers is not offered; take --nodes 1 or --nodes 3")
    _choose_ports(nodes, port)  # what cannot work is said before 42 MB are fetched for it
    java, jars = find_java(), kafka_jars()
    scratch = None if data else Path(tempfile.mkdtemp(prefix="kithline-kafka-"))
    folder = scratch or _own_folder(data, nodes)
    lock = try_lock(folder / "lock")
    if lock is None:
        raise Problem(f"{folder} is in use by another `kithline broker`; stop that one, or choose another --data")
    archive = ClassArchive(java, jars, cache_folder() / "java")
    members = tuple(Node(i, folder / f"node-{i}", java, jars, archive, hot) for i in range(1, nodes + 1))
    try:
        _check_room(folder)
        for attempt in range(1, _ATTEMPTS + 1):
            ports = _choose_ports(nodes, port, fronts)
            try:
                bootstrap = _start(members, ports, cluster_id(folder, nodes), settings or {})
                break
            except NodeFailure as fault:
                _end(members)
                if fault.taken and attempt < _ATTEMPTS:
                    continue
                raise Problem(f"Kafka did not start: {fault}; {_keep_log(members)}") from fault
        behind = tuple(node.behind for node in ports if node.behind is not None)
        started = Broker(bootstrap, nodes, kafka_version(), members, behind)
        archive.begin()
        started._watch_over(scratch, lock, archive)
    except BaseException:  # Ctrl-C too must leave nothing running
        _end(members)
        archive.finish()
        lock.close()
        if scratch:
            shutil.rmtree(scratch, ignore_errors=True)
        raise
    return started


@contextmanager
def broker(nodes: int = 1, *, hot: bool = False) -> Iterator[Broker]:
    """For a block: the cluster of KITHLINE_KAFKA where it is set, else one of our own (`hot`: see `start_broker`),
    stopped at the end."""
    if bootstrap := external_kafka():
        yield Broker(bootstrap, in_own_loop(_count_brokers(bootstrap)), None)
        return
    started = start_broker(nodes, hot=hot)
    try:
        yield started
    finally:
        started.stop()


def _own_folder(data: Path | None, nodes: int) -> Path:
    assert data is not None
    try:
        data.mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        raise Problem(f"cannot use --data {data} ({fault.strerror}); choose a folder that you may write") from fault
    found = len([*data.glob("node-*")])
    if found not in (0, nodes):
        raise Problem(
            f"{data} holds a cluster of {found} broker(s), not {nodes}; use --nodes {found} or another --data"
        )
    return data.resolve()


def cluster_id(folder: Path, nodes: int) -> str:
    """Derived from the folder: formatting is done node by node and may be interrupted between two of them."""
    name = uuid5(NAMESPACE_URL, f"{folder}#{nodes}")
    text = urlsafe_b64encode(name.bytes).decode().rstrip("=")
    return "k" + text[1:]  # one in 64 would begin with "-", which Kafka's tool takes for an option


def _check_room(folder: Path) -> None:
    free = shutil.disk_usage(folder).free
    if free < _ROOM:
        raise Problem(
            f"no space for Kafka's data: {folder} has {free >> 20} MB free and {_ROOM >> 20} MB are needed; "
            "free some, or choose another place by --data (or TMPDIR)"
        )


def _choose_ports(nodes: int, port: int | None, fronts: tuple[int, ...] = ()) -> tuple[Ports, ...]:
    """The ports that were asked for, if free, and free ones for the rest."""
    asked = [port + i for i in range(nodes)] if port else []
    for wanted in asked:
        if not is_free(wanted):
            raise Problem(f"port {wanted} is taken or not allowed; choose another by --port (0: any free one)")
    free = iter(_free_ports(3 * nodes))
    return tuple(
        Ports(asked[i] if asked else next(free), next(free), *((fronts[i], next(free)) if fronts else ()))
        for i in range(nodes)
    )


def is_free(port: int) -> bool:
    """Whether a broker could bind this port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except (OSError, OverflowError):
            return False
    return True


def _free_ports(count: int) -> list[int]:
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind((HOST, 0))
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()


def _start(members: tuple[Node, ...], ports: tuple[Ports, ...], cluster_id: str, settings: Mapping[str, object]) -> str:
    for node in members:
        node.configure(ports, settings)
    with ThreadPoolExecutor(len(members)) as pool:
        list(pool.map(lambda node: node.format(cluster_id), members))
    for node in members:
        node.start(record=node.number == 1)
    bootstrap = ",".join(f"{HOST}:{port.clients}" for port in ports)
    _wait_until_ready(members, bootstrap)
    return bootstrap


def _wait_until_ready(members: tuple[Node, ...], bootstrap: str) -> None:
    """Until a metadata request names every broker: an open port is not yet a broker that serves."""
    until = time.monotonic() + _START_SECONDS
    addresses = [address.rsplit(":", 1) for address in bootstrap.split(",")]
    while True:
        for node in members:
            node.check()
        if all(_listens(host, int(port)) for host, port in addresses):
            with suppress(Problem):
                if in_own_loop(_count_brokers(bootstrap)) >= len(members):
                    return
        if time.monotonic() > until:
            raise NodeFailure(f"no answer after {_START_SECONDS} s")
        time.sleep(0.05)


def _listens(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=1).close()
    except OSError:
        return False
    return True


async def _count_brokers(bootstrap: str) -> int:
    """How many brokers the cluster has, from a metadata request. Raises Problem where none answers."""
    from aiokafka.client import AIOKafkaClient
    from aiokafka.errors import KafkaError

    from services.runtime.cluster import quiet_connects
    from services.runtime.settings import Settings

    client = AIOKafkaClient(bootstrap_servers=Settings(kafka=bootstrap).kafka, request_timeout_ms=5000)
    try:
        with quiet_connects():
            await client.bootstrap()
        return len(client.cluster.brokers())
    except (KafkaError, OSError) as fault:
        raise Problem(
            f"no Kafka answers at {bootstrap}; start one (`kithline broker`), or mend the variable {EXTERNAL}"
        ) from fault
    finally:
        await client.close()


def _end(members: tuple[Node, ...]) -> None:
    for node in members:
        node.kill()


def _keep_log(members: tuple[Node, ...]) -> str:
    """Copies the brokers' words to where they outlive a scratch folder, and says where."""
    kept = cache_folder() / "last-failure.log"
    with suppress(OSError):
        kept.write_text("".join(node.log.read_text(errors="replace") for node in members if node.log.exists()))
    return f"all of it is in {kept}"
