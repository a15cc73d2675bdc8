"""What the journal holds survives, and what it never committed is cut off."""

from __future__ import annotations

from pathlib import Path

import pytest

from its.calls.journal import Journal
from its.calls.journal_rows import Intent
from its.errors import RunDirectoryError
from its.usage import Usage

PROBLEM = b"p" * 16


def intent(label: str, stage: str = "attempts") -> Intent:
    return Intent(PROBLEM, stage, "attempts", "model", (label,), b"i" * 16, 0, b"{}", 7)


async def finish(journal: Journal, number: int, status: str = "answered") -> None:
    row, trace = b'{"id":"%d"}\n' % number, b'{"event":"%d"}\n' % number
    await journal.finish(bytes([number]) * 16, str(number), number, status, row, trace)


async def test_a_call_without_an_end_is_lost_with_an_estimate(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    for label in ("0", "1"):
        await journal.intend(journal.number_call(), intent(label))
    await journal.settle(2, "done", Usage(1, 1, 10, 0, 5, 0, None, None, 0.5), b"[]")
    journal.close()

    again = Journal(tmp_path)
    lost, done = again.calls_of(PROBLEM)
    assert (lost.state, lost.usage.prompt_tokens, lost.usage.estimated_tokens) == ("lost", 7, 7)
    assert (done.state, done.usage.completion_tokens, done.labels) == ("done", 5, ("1",))
    assert again.number_call() == 3
    again.close()


async def test_rows_and_events_are_written_as_one(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    for number in range(3):
        await finish(journal, number)
    journal.close()
    assert (tmp_path / "solutions.jsonl").read_bytes().count(b"\n") == 3
    assert (tmp_path / "traces.jsonl").read_bytes().count(b"\n") == 3


@pytest.mark.parametrize("view", ["solutions", "traces"])
async def test_a_torn_tail_is_cut_off(tmp_path: Path, view: str) -> None:
    journal = Journal(tmp_path)
    await finish(journal, 1)
    journal.close()
    path = tmp_path / f"{view}.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"id": "half a li')
    Journal(tmp_path).close()
    assert path.read_bytes() == whole


async def test_rows_lost_from_the_view_are_written_again(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    for number in range(3):
        await finish(journal, number)
    journal.close()
    path = tmp_path / "solutions.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    Journal(tmp_path).close()
    assert path.read_bytes() == whole


async def test_a_problem_whose_events_were_lost_is_solved_again(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    for number in range(3):
        await finish(journal, number)
    journal.close()
    path = tmp_path / "traces.jsonl"
    path.write_bytes(path.read_bytes()[:-3])
    again = Journal(tmp_path)
    assert again.solution_of(bytes([1]) * 16) is not None
    assert again.solution_of(bytes([2]) * 16) is None
    again.close()


async def test_a_retried_row_supersedes_and_compaction_leaves_one(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    await finish(journal, 1, "failed")
    await finish(journal, 0)
    await finish(journal, 1)
    assert (tmp_path / "solutions.jsonl").read_bytes().count(b"\n") == 3
    await journal.compact()
    assert (tmp_path / "solutions.jsonl").read_bytes() == b'{"id":"0"}\n{"id":"1"}\n'
    await finish(journal, 2)
    journal.close()
    Journal(tmp_path).close()
    assert (tmp_path / "solutions.jsonl").read_bytes().count(b"\n") == 3


async def test_a_full_disk_is_reported_plainly_and_ends_every_later_write(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    await finish(journal, 1)
    journal._write.execute("PRAGMA max_page_count=1")
    big = b"x" * 1_000_000
    for _ in range(2):
        with pytest.raises(RunDirectoryError, match=r"full.*resumes"):
            await journal.finish(b"q" * 16, "q", 9, "answered", big, big)
    journal.close()
    again = Journal(tmp_path)
    assert again.solution_of(bytes([1]) * 16) is not None
    assert again.solution_of(b"q" * 16) is None
    again.close()


def test_a_directory_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "journal.sqlite").mkdir()
    with pytest.raises(RunDirectoryError, match="cannot write"):
        Journal(tmp_path)
