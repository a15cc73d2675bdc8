"""Reading files, gzip and standard input, and what is done about damaged ones."""

import gzip
import json
import os
import subprocess
import sys
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from its.errors import InputError
from its.problems import BadLine, Problem, open_problems

GOOD = b'{"id": "good", "question": "q", "answer": "1"}\n'


def read_bytes(folder: Path, content: bytes, name: str = "p.jsonl", **options: Any) -> list[Any]:
    path = folder / name
    path.write_bytes(content)
    with open_problems(str(path), **options) as reader:
        return list(reader)


def ids(rows: list[Any]) -> list[str]:
    return [f"!{row.id}" if isinstance(row, BadLine) else row.id for row in rows]


@pytest.mark.parametrize(
    "content",
    [
        GOOD,
        GOOD.rstrip(),
        b"\xef\xbb\xbf" + GOOD,
        GOOD.replace(b"\n", b"\r\n"),
        b"\n \n" + GOOD + b"\n",
    ],
    ids=["plain", "no last newline", "byte-order mark", "CRLF", "blank lines"],
)  # fmt: skip
@pytest.mark.parametrize("packed", [False, True])
def test_the_forms_that_files_come_in(tmp_path: Path, content: bytes, packed: bool) -> None:
    rows = (
        read_bytes(tmp_path, gzip.compress(content), "p.jsonl.gz")
        if packed
        else read_bytes(tmp_path, content)
    )
    assert ids(rows) == ["good"]


def test_gzip_is_recognised_whatever_the_name(tmp_path: Path) -> None:
    assert ids(read_bytes(tmp_path, gzip.compress(GOOD), "p.jsonl")) == ["good"]


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        (b"question,answer", "is not JSON at column 1"),
        (b'{"question": "q"', "is not whole JSON: it ends too early"),
        (b'{"question": "q\xff"}', "is not UTF-8 (byte 16 of the line); save the file as UTF-8"),
        (b'{"question": "\\ud800"}', "holds half a surrogate pair"),
        (b'{"question": "q", "answer": NaN}', "holds NaN, which JSON does not have"),
        (b'{"question": "q", "answer": -Infinity}', "holds -Infinity, which JSON does not have"),
        (b'{"question": "q", "answer": 1e999}', "holds a number too large for JSON"),
        (b'{"question": "q", "answer": ' + b"9" * 5000 + b"}", "holds a number too large for JSON"),
        (b'{"question": ' + b"[" * 30_000, "is nested too deep"),
        (b"\x00\x01\x02", "is not JSON at column 1"),
    ],
)
def test_a_bad_line_costs_only_itself(tmp_path: Path, line: bytes, complaint: str) -> None:
    rows = read_bytes(tmp_path, b'{"id": "first", "question": "q"}\n' + line + b"\n" + GOOD)
    assert ids(rows) == ["first", "!line:2", "good"]
    assert rows[1].reason.startswith("line 2: ")
    assert complaint in rows[1].reason


def test_a_line_of_ten_megabytes_is_read(tmp_path: Path) -> None:
    long = json.dumps({"question": "x" * 10_000_000}).encode()
    rows = read_bytes(tmp_path, long + b"\n" + GOOD)
    assert ids(rows) == ["line:1", "good"]
    assert len(rows[0].question.text) == 10_000_000


def test_a_line_of_absurd_length_is_refused_without_being_held(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl.gz"
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(b'{"question": "')
        for _ in range(200):
            file.write(b"x" * 1_000_000)
        file.write(b'"}\n' + GOOD)
    tracemalloc.start()
    with open_problems(str(path)) as reader:
        rows = list(reader)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert ids(rows) == ["!line:1", "good"]
    assert isinstance(rows[0], BadLine)
    assert "longer than 64 MB" in rows[0].reason
    assert peak < 180_000_000


def test_a_second_use_of_an_id_is_refused(tmp_path: Path) -> None:
    lines = [{"id": 1, "question": "a"}, {"id": "1", "question": "b"}, {"id": 2, "question": "c"}]
    rows = read_bytes(tmp_path, "\n".join(map(json.dumps, lines)).encode())
    assert ids(rows) == ["1", "!line:2", "2"]
    assert "id '1' was used before" in rows[1].reason


@settings(deadline=None)
@given(st.lists(st.integers(0, 30_000), max_size=300), st.integers(0, 5_000))
def test_exactly_the_repeated_ids_are_noticed(some: list[int], run: int) -> None:
    from its.problems.seen_ids import SeenIds

    seen, expected = SeenIds(), set()
    for number in [*some, *range(run), *some]:
        assert seen.add(f"p{number}") is (number not in expected)
        expected.add(number)
    assert len(seen) == len(expected)


def test_memory_grows_by_little_more_than_a_hash_a_problem() -> None:
    from its.problems.seen_ids import SeenIds

    tracemalloc.start()
    seen = SeenIds()
    for number in range(30_000):
        seen.add(f"a-rather-long-identifier-of-a-problem-{number}")
    held, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < 30_000 * 25
    assert peak < 30_000 * 40


def test_limit_and_ids_choose_rows(tmp_path: Path) -> None:
    content = b"".join(b'{"id": "p%d", "question": "q"}\n' % i for i in range(9))
    assert ids(read_bytes(tmp_path, content, limit=2)) == ["p0", "p1"]
    assert ids(read_bytes(tmp_path, b"bad\n" + content, limit=2)) == ["!line:1", "p0"]
    assert ids(read_bytes(tmp_path, content, ids=["p7", "p3"])) == ["p3", "p7"]
    with open_problems(str(tmp_path / "p.jsonl"), ids=["p1", "nobody"]) as reader:
        assert ids(list(reader)) == ["p1"]
        assert reader.missing_ids == {"nobody"}


@pytest.mark.parametrize(
    ("content", "name", "complaint"),
    [
        (b"", "p.jsonl", "is empty; give one JSON object per line"),
        (b"\n \n\r\n", "p.jsonl", "is empty; give one JSON object per line"),
        (gzip.compress(b"", mtime=0), "p.jsonl.gz", "is empty; give one JSON object per line"),
        ('{"question": "q"}'.encode("utf-16"), "p.jsonl", "is UTF-16 text, not JSON lines"),
        (b"PAR1\x15\x04", "p.parquet", "is a Parquet file that cannot be read: it is damaged"),
        (b"PK\x03\x04....", "p.zip", "is a zip archive (or a workbook), not JSON lines; unpack it"),
        (b"\x28\xb5\x2f\xfd....", "p.zst", "the packed data is damaged from here on"),
        (GOOD, "p.jsonl.gz", "is not a gzip file, or its start is damaged"),
        (b"\x1f\x8b\x08\x00garbage", "p.jsonl.gz", "the gzip data is damaged"),
    ],
)  # fmt: skip
def test_a_source_that_cannot_be_used_is_refused_with_a_fix(
    tmp_path: Path, content: bytes, name: str, complaint: str
) -> None:
    with pytest.raises(InputError) as refused:
        read_bytes(tmp_path, content, name)
    assert str(tmp_path / name) in str(refused.value)
    assert complaint in str(refused.value)


def test_a_missing_file_a_directory_and_a_forbidden_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"there is no file .*nowhere\.jsonl; check the path"):
        open_problems(str(tmp_path / "nowhere.jsonl"))
    with pytest.raises(InputError, match=r"is a directory; name a \.jsonl file in it"):
        open_problems(str(tmp_path))
    forbidden = tmp_path / "forbidden.jsonl"
    forbidden.write_bytes(GOOD)
    forbidden.chmod(0)
    if os.access(forbidden, os.R_OK):
        pytest.skip("this user may read every file")
    with pytest.raises(InputError, match="may not be read"):
        open_problems(str(forbidden))


@pytest.mark.parametrize("damage", ["cut", "changed"])
def test_a_gzip_file_broken_midway_yields_what_came_before(tmp_path: Path, damage: str) -> None:
    lines = [json.dumps({"id": str(i), "question": os.urandom(50).hex()}) for i in range(20_000)]
    packed = bytearray(gzip.compress("\n".join(lines).encode()))
    if damage == "cut":
        del packed[len(packed) // 2 :]
    else:
        packed[-8:] = b"\0" * 8
    rows = read_bytes(tmp_path, bytes(packed), "p.jsonl.gz")
    whole = 19_000 if damage == "changed" else 8_000
    assert len(rows) > whole
    assert all(isinstance(row, Problem) for row in rows[:-1])
    assert "the gzip data is damaged from here on" in rows[-1].reason


def run_reader(*, stdin: Any) -> subprocess.Popen[bytes]:
    program = (
        "from its.problems import open_problems\n"
        "from its.errors import InputError\n"
        "try:\n"
        "    for row in open_problems('-'):\n"
        "        print(row.id, flush=True)\n"
        "except InputError as error:\n"
        "    print(error)\n"
    )
    return subprocess.Popen([sys.executable, "-c", program], stdin=stdin, stdout=subprocess.PIPE)


def test_standard_input_is_read_while_its_writer_is_still_writing() -> None:
    with run_reader(stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for number in (b"1", b"2"):
            process.stdin.write(GOOD.replace(b"good", number))
            process.stdin.flush()
            assert process.stdout.readline() == number + b"\n"
        process.stdin.close()
        assert process.stdout.read() == b""


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        (gzip.compress(GOOD, mtime=0), b"good\n"),
        (b"", b"standard input is empty; give one JSON object per line\n"),
    ],
)
def test_standard_input_may_be_packed_or_empty(sent: bytes, told: bytes) -> None:
    with run_reader(stdin=subprocess.PIPE) as process:
        assert process.communicate(sent)[0] == told


def test_closing_does_not_wait_for_a_line_that_may_never_come() -> None:
    program = (
        "import threading, time\n"
        "from its.problems import open_problems\n"
        "reader = open_problems('-')\n"
        "print(next(reader).id, flush=True)\n"
        "threading.Thread(target=next, args=(reader,), daemon=True).start()\n"
        "time.sleep(0.2)\n"
        "reader.close()\n"
        "print('closed', flush=True)\n"
    )
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(GOOD)
        process.stdin.flush()
        assert process.stdout.read() == b"good\nclosed\n"
