"""Whole files: framing, books, damage."""

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from services.doors.books import Books
from services.doors.framing import frame
from services.doors.identity import has_identity
from services.doors.reading import read_files
from services.runtime.fold import Record

from .hl7_text import door, message, segment


def read_content(path: Path, content: bytes, form: str = "hl7v2") -> tuple[Books, list[Record]]:
    path.write_bytes(content)
    books = Books()
    return books, list(read_files([path], form, door(), books))


def batch(messages: list[list[bytes]], end: bytes = b"\r") -> bytes:
    head = b"|^~\\&|CMS|HA|KITHLINE|SWD|20260701070000"
    lines = [b"FHS" + head, b"BHS" + head]
    for lines_of_message in messages:
        lines += lines_of_message
    lines += [b"BTS|%d" % len(messages), b"FTS|1"]
    return end.join(lines) + end


MESSAGES = [message("A01"), message("A60", msh={10: "M2"}), message("A03", msh={10: "M3"}, pv1={19: ""})]


def test_any_line_ending_and_any_wrapping(tmp_path: Path) -> None:
    expected = read_content(tmp_path / "f", batch(MESSAGES))[1]
    assert len(expected) == 1
    single = b"\r".join(MESSAGES[0])
    for content in (
        batch(MESSAGES, b"\n"),
        batch(MESSAGES, b"\r\n"),
        b"\xef\xbb\xbf" + batch(MESSAGES),
        single,
        single + b"\r",
        b"\x0b" + single + b"\r\x1c\r",
        b"\n\n" + single.replace(b"\r", b"\n"),
    ):
        assert read_content(tmp_path / "f", content)[1] == expected


def test_the_books_balance_in_messages(tmp_path: Path) -> None:
    path = tmp_path / "morning.hl7"
    merges = message("A40", msh={10: "M4"}, more=(*_pair("C", "D"), *_pair("E", "F")))
    books, records = read_content(path, batch([*MESSAGES, merges]))
    assert (books.read, books.produced, books.events, len(records)) == (4, 1, 1, 1)
    assert dict(books.ignored) == {"A60": 1}
    assert books.refused == [
        {"path": str(path), "record": 3, "reason": "PV1-19 is empty"},
        {"path": str(path), "record": 4, "reason": "MRG-1 holds an HKID whose check digit is wrong"},
    ]
    report = books.as_json()
    assert report["read"] == report["produced"] + sum(report["ignored"].values()) + len(report["refused"])


def _pair(first: str, second: str) -> tuple[str, str]:
    return segment("MRG", {1: f"{first}123456(0)"}), segment("PID", {3: f"{second}123456(0)"})


def test_one_damaged_message_costs_one_message(tmp_path: Path) -> None:
    damaged = [b"MSH|^~\\&|CMS", b"EVN"]
    books, records = read_content(tmp_path / "f", batch([MESSAGES[0], damaged, message("A02", msh={10: "M9"})]))
    assert len(records) == 2
    assert [refusal["record"] for refusal in books.refused] == [2]


def test_a_batch_that_was_cut_off_is_remarked(tmp_path: Path) -> None:
    content = batch([message("A01"), message("A02", msh={10: "M2"})])
    books, _ = read_content(tmp_path / "f", content[: content.index(b"BTS")])
    assert len(books.remarks) == 2
    books, _ = read_content(tmp_path / "f", content.replace(b"BTS|2", b"BTS|3"))
    assert "BTS-1" in books.remarks[0]["reason"]


def test_what_is_no_hl7_is_one_refusal(tmp_path: Path) -> None:
    books, records = read_content(tmp_path / "f", b"dear all,\nplease find enclosed\n")
    assert (books.read, len(books.refused), records) == (1, 1, [])
    assert read_content(tmp_path / "f", b"")[0].read == 0
    assert frame(b"").messages == []


GOOD = batch(
    [message("A01"), message("A08", msh={10: "M2"}, pv1={44: "20260630120000"}), message("A40", msh={10: "M3"})]
)


@settings(max_examples=300, deadline=None)
@given(
    edits=st.lists(
        st.tuples(
            st.integers(0, len(GOOD) - 1), st.sampled_from(["cut", "drop", "put"]), st.binary(min_size=1, max_size=3)
        ),
        min_size=1,
        max_size=6,
    )
)
def test_no_damage_stops_the_door_or_lets_identity_pass(edits: list[tuple[int, str, bytes]]) -> None:
    content = bytearray(GOOD)
    for place, how, some in edits:
        at = place % max(len(content), 1)
        if how == "cut":
            del content[at:]
        elif how == "drop":
            del content[at : at + len(some)]
        else:
            content[at : at + len(some)] = some
    framed = frame(bytes(content))
    from services.doors.adt import read_adt

    books = Books()
    records: list[Record] = []
    for number, lines in enumerate(framed.messages, 1):
        records += books.enter(Path("damaged.hl7"), number, read_adt(lines, door()))
    assert books.read == len(framed.messages)
    for record in records:
        assert not has_identity(record.key + b" " + record.value + b" ".join(value for _, value in record.headers))
        assert b"CHAN" not in record.value
    for refusal in books.refused:
        assert not has_identity(refusal["reason"].encode())
        assert "CHAN" not in refusal["reason"]
