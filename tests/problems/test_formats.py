"""Formats: streams in flat memory, pipes that are read once, ids that never collide, damage."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import random
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from its.errors import InputError
from its.problems import BadLine, Problem, open_problems

ROWS = [{"id": f"p{n}", "question": f"What is {n}?", "answer": str(n)} for n in range(20)]


def as_csv() -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(ROWS[0]))
    writer.writeheader()
    writer.writerows(ROWS)
    return text.getvalue().encode()


def as_columns(form: str) -> bytes:
    sink = io.BytesIO()
    table = pa.Table.from_pylist(ROWS)
    if form == "parquet":
        pq.write_table(table, sink)
    else:
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
    return sink.getvalue()


LINES = "".join(json.dumps(row) + "\n" for row in ROWS).encode()
FORMATS = {
    "jsonl": LINES,
    "json": json.dumps(ROWS, indent=1).encode(),
    "object": json.dumps({"train": ROWS, "version": 1}).encode(),
    "csv": as_csv(),
    "tsv": as_csv().replace(b",", b"\t"),
    "parquet": as_columns("parquet"),
    "arrow": as_columns("arrow"),
    "gzip": gzip.compress(as_csv(), mtime=0),
    "yaml": "".join(f"- {{id: p{n}, question: \"What is {n}?\", answer: {n}}}\n" for n in range(20))
    .encode(),
}  # fmt: skip


def read(path: Path | str) -> list[Problem | BadLine]:
    with open_problems(str(path)) as reader:
        return list(reader)


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_is_recognised_by_what_it_holds(tmp_path: Path, name: str) -> None:
    path = tmp_path / "no-ending"
    path.write_bytes(FORMATS[name])
    rows = read(path)
    assert [row.id for row in rows] == [f"p{n}" for n in range(20)]
    assert all(isinstance(row, Problem) and row.question.text == f"What is {n}?"
               for n, row in enumerate(rows))  # fmt: skip


@pytest.mark.parametrize("name", ["jsonl", "csv", "parquet", "json"])
def test_a_pipe_is_read_once_and_never_hangs(tmp_path: Path, name: str) -> None:
    fifo = tmp_path / "pipe"
    os.mkfifo(fifo)
    writer = threading.Thread(target=fifo.write_bytes, args=(FORMATS[name],), daemon=True)
    with open_problems(str(fifo)) as reader:
        writer.start()
        first = reader.first()
        assert first is not None
        assert first.id == "p0"
        assert [row.id for row in reader] == [f"p{n}" for n in range(20)]
    writer.join()


READ_ALL = """
import re, sys
from its.problems import open_problems
from its.problems.problem import Problem
with open_problems(sys.argv[1]) as reader:
    print(sum(isinstance(row, Problem) for row in reader))
print(re.search(r"VmHWM:\\s+([0-9]+)", open("/proc/self/status").read())[1])
"""


@pytest.mark.slow
@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_hundred_thousand_rows_stream_in_flat_memory(tmp_path: Path, form: str) -> None:
    """Ten times the rows hardly take a process further: the text alone is 18 MB more, each row in
    memory many times that."""
    peaks = []
    for count in (10_000, 100_000):
        path = many(tmp_path / f"{count}.{form}", count)
        command = [sys.executable, "-c", READ_ALL, str(path)]
        out = subprocess.run(command, capture_output=True, check=True, timeout=120).stdout.split()
        assert int(out[0]) == count
        peaks.append(int(out[1]) / 1000)
    print(f"{form}: {peaks[0]:.0f} MB at 10,000 rows, {peaks[1]:.0f} MB at 100,000")
    assert peaks[1] - peaks[0] < 32, peaks


def many(path: Path, count: int) -> Path:
    question = "How many are there, if each of them has its own neighbour? " * 3
    if path.suffix == ".parquet":
        columns = {"question": [f"{n} {question}" for n in range(count)],
                   "answer": list(range(count))}  # fmt: skip
        pq.write_table(pa.table(columns), path, row_group_size=10_000)
        return path
    rows = (f'"{n} {question}",{n}\n' for n in range(count))
    path.write_text("question,answer\n" + "".join(rows))
    return path


def test_ids_and_bad_lines_never_collide(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    path.write_text(
        '{"id": "line:2", "question": "a"}\nnot JSON\n{"question": "b"}\n'
        '{"id": "line:3", "question": "c"}\n'
    )
    rows = read(path)
    assert len({row.id for row in rows}) == len({row.key for row in rows}) == 4
    assert [isinstance(row, BadLine) for row in rows] == [False, True, False, False]
    assert rows[0].id == "line:2"


def test_a_line_without_id_is_known_by_what_it_asks(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    path.write_text('{"question": "a"}\n{"question": "b"}\n{"question": "a"}\n')
    before = [row.key for row in read(path)]
    path.write_text('{"question": "new"}\n' + path.read_text())
    assert [row.key for row in read(path)][1:] == before
    assert len(set(before)) == 3


def test_two_files_may_use_the_same_ids(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.jsonl").write_text('{"id": 1, "question": "q"}\n{"question": "r"}\n')
    with open_problems(str(tmp_path / "*.jsonl")) as reader:
        assert [row.id for row in reader] == ["1", "line:2", "b:1", "b:line:2"]


def test_all_records_decide_how_a_number_names_a_choice(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    lines = [{"question": "q", "choices": ["x", "y", "z"], "answer": n} for n in (1, 2, 1, 3)]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    rows = read(path)
    assert [row.reference for row in rows if isinstance(row, Problem)] == ["A", "B", "A", "C"]


def test_a_template_and_a_map_put_the_question_together(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    path.write_text('{"Meta": {"topic": "ships"}, "Ask": "How many?", "gold": "3", "hint": ""}\n')
    template = "About {meta.topic}.\n\n{hint}\n\n{ask}"
    with open_problems(str(path), template=template) as reader:
        problem = reader.first()
    assert problem is not None
    assert problem.question.text == "About ships.\n\nHow many?"
    assert problem.reference == "3"
    with pytest.raises(InputError, match="show the model its reference"):
        open_problems(str(path), template="{ask} {gold}", fields={"reference": "gold"})


def test_what_is_refused_whole_is_read_with_the_fix_that_is_named() -> None:
    path = Path(__file__).parent.parent / "data" / "unknown.jsonl"
    with pytest.raises(InputError, match="--map question=stimulus"):
        read(path)
    with open_problems(str(path), fields={"question": "stimulus"}) as reader:
        assert reader.first() is not None


def mutations(content: bytes, number: int, seed: int) -> Iterator[bytes]:
    """The content with bytes changed, cut out, put in or repeated."""
    chance = random.Random(seed)
    pieces = [b'"', b",", b"\n", b"{", b"}", b"[", b"\xff", b"\x00", b"null", b"'", b"\r", b"\\"]
    for _ in range(number):
        text = bytearray(content)
        for _ in range(chance.randint(1, 4)):
            at = chance.randrange(len(text) + 1)
            match chance.randrange(4):
                case 0:
                    text[at : at + 1] = bytes([chance.randrange(256)])
                case 1:
                    del text[at : at + chance.randint(1, 30)]
                case 2:
                    text[at:at] = chance.choice(pieces)
                case _:
                    text[at:at] = text[at : at + chance.randint(1, 60)]
        yield bytes(text)


FUZZED = int(os.environ.get("ITS_FUZZ", "60"))
"""Mutated files a format; 5,000 take some minutes."""


@pytest.mark.parametrize("name", FORMATS)
def test_a_damaged_file_is_rows_or_one_refusal(tmp_path: Path, name: str) -> None:
    path = tmp_path / "damaged"
    for content in mutations(FORMATS[name], FUZZED, seed=len(name)):
        path.write_bytes(content)
        try:
            rows = read(path)
        except InputError:
            continue
        assert [row.index for row in rows] == list(range(len(rows)))
        assert len({row.id for row in rows}) == len(rows)
        if name == "jsonl":
            lines = [line for line in content.split(b"\n") if line.strip()]
            assert len(rows) == len(lines)


@pytest.mark.slow
def test_process_substitution_is_not_empty(tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_bytes(FORMATS["csv"])
    command = f"{sys.executable} -m its solve <(cat p.csv) --dry-run"
    done = subprocess.run(["bash", "-c", command], cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert b"The first problem (p0)" in done.stdout
    assert b"What is 0?" in done.stdout
