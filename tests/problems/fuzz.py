"""Mutated files of every format: `python -m tests.problems.fuzz [FILES] [SEED]` (5,000 of each).

Prints, for each format, how many were read, how many were refused whole, and how many rows there
were; ends with 1 at the first exception that is no plain refusal, and at the first file of lines
that does not give one row for each of them.
"""

from __future__ import annotations

import gzip
import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from its.errors import InputError
from its.problems import open_problems
from its.problems.problem import Problem

DATA = Path(__file__).parents[1] / "data"
FORMATS = {
    "JSON lines": ("mmlu.jsonl", "arc.jsonl", "squad.jsonl", "openai-batch.jsonl", "mbpp.jsonl"),
    "JSON": ("alpaca.json", "bbh.json", "squad-original.json", "sharegpt.json"),
    "CSV": ("aime.csv", "excel.csv", "mmlu-no-headings.csv", "gpqa.csv"),
    "TSV": ("plain.tsv",),
    "YAML": ("promptfoo.yaml",),
    "Parquet": ("choices.parquet",),
    "Arrow": ("file.feather", "stream.arrow"),
    "gzip": ("mmlu.jsonl", "aime.csv"),
}
PIECES = (
    b'"', b"\\", b",", b";", b"\t", b"\n", b"\r\n", b"{", b"}", b"[", b"]", b":", b"\x00", b"\xff",
    b"\xed\xa0\xbd", b"\xef\xbb\xbf", b"null", b"NaN", b"1e999", b"-1", b"[[[[", b"{}", b"'", b"&a",
    b"*a", b"9" * 30, b"\xe2\x80\xae", b"sep=;\n", b'"answer": ', b"\\ud83d",
)  # fmt: skip


def mutated(content: bytes, draw: random.Random) -> bytes:
    """The content with one to three changes: bytes, pieces of syntax, cuts, swaps."""
    data = bytearray(content)
    for _ in range(draw.choice((1, 1, 2, 3))):
        place = draw.randrange(len(data) + 1)
        change = draw.randrange(6)
        if change == 0 and place < len(data):
            data[place] = draw.randrange(256)
        elif change == 1:
            data[place:place] = draw.choice(PIECES)
        elif change == 2:
            del data[place : place + draw.randint(1, 40)]
        elif change == 3:
            data[place : place + 3] = draw.choice(PIECES)
        elif change == 4:
            del data[place:]
        else:
            other = draw.randrange(len(data) + 1)
            data[place:place] = data[other : other + draw.randint(1, 60)]
    return bytes(data)


def read(path: Path) -> tuple[str, int, int] | None:
    """The format it was read as, its rows and how many are problems; None where it is refused."""
    try:
        with open_problems(str(path)) as reader:
            rows = list(reader)
            form = reader.findings.formats[0]
    except InputError as error:
        text = str(error)
        assert text
        assert "\n" not in text, text
        return None
    assert [row.index for row in rows] == list(range(len(rows)))
    assert len({row.id for row in rows}) == len(rows)
    return form, len(rows), sum(isinstance(row, Problem) for row in rows)


def lines_of(content: bytes) -> int:
    """Lines that hold something, as a file of JSON lines has them."""
    marked = content.removeprefix(b"\xef\xbb\xbf")
    return sum(bool(line) and not line.isspace() for line in marked.split(b"\n"))


def fuzz(name: str, files: int, draw: random.Random, path: Path) -> str:
    """One line about the mutated files of a format."""
    pack: Callable[[bytes], bytes] = gzip.compress if name == "gzip" else bytes
    whole = [(DATA / seed).read_bytes() for seed in FORMATS[name]]
    if name == "JSON lines":
        whole = [b"".join(whole) * 2, *whole]
    seeds = [pack(content) for content in whole]
    refused = rows = problems = 0
    for number in range(files):
        content = mutated(draw.choice(seeds), draw)
        path.write_bytes(content)
        try:
            found = read(path)
            if found is not None and found[0] == "JSON lines" and name == "JSON lines":
                assert found[1] == lines_of(content), f"{found[1]} rows"
        except Exception:
            kept = Path(tempfile.gettempdir()) / "its-fuzz-failure"
            kept.write_bytes(content)
            print(f"{name}, file {number}, kept as {kept}:", file=sys.stderr)
            raise
        refused += found is None
        rows += found[1] if found else 0
        problems += found[2] if found else 0
    return (
        f"{name}: {files:,} files, {files - refused:,} read ({rows:,} rows, {problems:,} of them "
        f"problems), {refused:,} refused, no traceback"
    )


def main(files: int = 5_000, seed: int = 0) -> None:
    with tempfile.TemporaryDirectory() as directory:
        for name in FORMATS:
            started = time.monotonic()
            said = fuzz(name, files, random.Random(f"{name} {seed}"), Path(directory) / "file")
            print(f"{said}, {time.monotonic() - started:.0f} s", flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:3]))
