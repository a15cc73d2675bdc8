"""Shards part any input: every row is in one of them, by its content alone."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from its.errors import UsageError
from its.problems import open_problems
from its.problems.problem import BadLine, Problem
from its.problems.sharding import Shard

GOOD = b'{"id": "good", "question": "What is 1 + 1?"}'

lines = st.one_of(
    st.builds(
        lambda question, id_: orjson.dumps({"question": question} | ({"id": id_} if id_ else {})),
        st.sampled_from(["Why?", "Who?", "What is 2 + 2?"]) | st.text("abc \u00e9", min_size=1),
        st.none() | st.sampled_from(["a", "b", "c"]) | st.integers(0, 99).map(str),
    ),
    st.sampled_from([b"{", b"no JSON", b'{"answer": 4}', b"[1]"]),
)


def rows_of(content: list[bytes], shard: Shard | None = None) -> list[Problem | BadLine]:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "p.jsonl"
        path.write_bytes(b"".join(line + b"\n" for line in [GOOD, *content]))
        with open_problems(str(path), shard=shard) as reader:
            return list(reader)


@settings(max_examples=40)
@given(st.lists(lines, max_size=12), st.integers(1, 6))
def test_every_row_is_in_one_shard_as_it_is_without_shards(content: list[bytes], n: int) -> None:
    shards = [rows_of(content, Shard(number, n)) for number in range(1, n + 1)]
    parts = sorted((row for shard in shards for row in shard), key=lambda row: row.index)
    assert parts == rows_of(content)


@settings(max_examples=40)
@given(st.lists(lines, max_size=8), st.lists(lines, max_size=8), st.integers(2, 5))
def test_a_row_stays_in_its_shard_whatever_else_is_in_the_file(
    some: list[bytes], others: list[bytes], count: int
) -> None:
    asked = orjson.dumps({"question": "What is it that was asked, of all things?"})

    def place(content: list[bytes]) -> set[int]:
        return {
            number
            for number in range(1, count + 1)
            for row in rows_of(content, Shard(number, count))
            if isinstance(row, Problem) and row.question.text.startswith("What is it that")
        }

    assert place([asked]) == place([*some, asked, *others, asked])


def test_shards_of_a_large_input_are_of_about_equal_size() -> None:
    content = [b'{"question": "What is %d + 1?"}' % number for number in range(2000)]
    sizes = [len(rows_of(content, Shard(number, 4))) for number in range(1, 5)]
    assert min(sizes) > 400
    assert sum(sizes) == 2001


def test_a_limit_counts_problems_of_all_shards() -> None:
    content = [b'{"question": "What is %d + 1?"}' % number for number in range(50)]
    with TemporaryDirectory() as folder:
        path = Path(folder) / "p.jsonl"
        path.write_bytes(b"\n".join(content))
        indices = []
        for number in (1, 2, 3):
            with open_problems(str(path), limit=20, shard=Shard(number, 3)) as reader:
                indices += [row.index for row in reader]
                assert reader.whole is not None
                assert reader.whole.rows == 20
    assert sorted(indices) == list(range(20))


def test_all_shards_know_the_same_whole_and_a_changed_file_is_another() -> None:
    def whole(content: bytes, shard: Shard) -> str:
        with TemporaryDirectory() as folder:
            path = Path(folder) / "p.jsonl"
            path.write_bytes(content)
            with open_problems(str(path), shard=shard) as reader:
                before = reader.whole
                assert before is None
                assert all(shard.holds(row) for row in reader)
                assert reader.whole is not None
                return reader.whole.value

    first = b'{"question": "Why?", "answer": "1"}\n{"question": "Who?", "answer": "2"}\n'
    same = whole(first, Shard(1, 2))
    assert whole(first, Shard(2, 2)) == same
    for changed in (
        first.replace(b"Why", b"How"),
        first.replace(b'"2"', b'"3"'),
        b"\n".join(reversed(first.splitlines())),
        first + first,
    ):
        assert whole(changed, Shard(1, 2)) != same


@pytest.mark.parametrize(
    "text", ["", "3", "3/", "/4", "a/4", "1/4/2", "-1/4", "1.0/4", "٣/٤", "1/4 ", "9" * 5000 + "/1"]
)
def test_what_is_no_shard_is_refused_with_the_form(text: str) -> None:
    with pytest.raises(UsageError, match=r"--shard 3/16"):
        Shard.parse(text)


@pytest.mark.parametrize("text", ["0/4", "5/4", "0/0", "1/0"])
def test_shards_count_from_one(text: str) -> None:
    with pytest.raises(UsageError, match="numbered from 1"):
        Shard.parse(text)


def test_a_shard_is_written_as_it_is_read() -> None:
    assert str(Shard.parse("03/16")) == "3/16"
