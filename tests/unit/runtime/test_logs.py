"""What a library says over and over is told once in a while, with a number."""

import logging

import pytest

from services.runtime.cluster import quiet_connects
from services.runtime.logs import Repeats


def _line(name: str, words: str, *args: object) -> logging.LogRecord:
    return logging.LogRecord(name, logging.WARNING, "file", 1, words, args, None)


def test_a_librarys_line_is_told_once_in_ten_seconds_and_then_how_often_it_came() -> None:
    times = iter((0.0, 0.1, 9.9, 10.1, 10.2))
    repeats = Repeats(lambda: next(times))
    told = []
    for _ in range(5):
        line = _line("aiokafka.conn", "no answer from %s", "broker 1")
        if repeats.filter(line):
            told.append(line.getMessage())
    assert told == ["no answer from broker 1", "no answer from broker 1 (and 2 times more since it was last told)"]


def test_other_lines_and_our_own_are_all_told() -> None:
    repeats = Repeats(lambda: 0.0)
    assert repeats.filter(_line("aiokafka", "no answer from %s", "broker 1"))
    assert repeats.filter(_line("aiokafka", "no answer from %s", "broker 2"))
    assert repeats.filter(_line("aiokafka.conn", "no answer from %s", "broker 1"))
    assert all(repeats.filter(_line("services.runtime.task", "task ready")) for _ in range(3))


def test_the_client_is_heard_again_when_all_have_connected(caplog: pytest.LogCaptureFixture) -> None:
    """Whoever connects first need not be the first to be done: all services of a process start at once."""
    client = logging.getLogger("aiokafka")
    client.addHandler(caplog.handler)  # where `set_up_logs` has been called in this process, the root hears nothing
    try:
        one, other = quiet_connects(), quiet_connects()
        with one:
            other.__enter__()
            client.error("refused")
        client.error("refused once more")
        other.__exit__(None, None, None)
        client.error("the listener failed")
    finally:
        client.removeHandler(caplog.handler)
    assert {line.getMessage() for line in caplog.records} == {"the listener failed"}
