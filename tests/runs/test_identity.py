"""Problems are known by content, whatever line they stand on: no row is lost, doubled or paid
again when the input changes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from tests.runs.command import compute_of, rows_of
from tests.runs.forked import Ended, Forked, forked
from tests.servers.odd import Asked, Counted, OddServer, odd_server, says


@pytest.fixture(scope="module")
def its() -> Iterator[Forked]:
    with forked() as started:
        yield started


@pytest.fixture
def server() -> Iterator[OddServer]:
    def writes(asked: Asked, counted: Counted) -> bytes:
        return says(asked, counted, n=int(asked.body.get("n") or 1))

    with odd_server(writes) as started:
        yield started


def solve(its: Forked, server: OddServer, folder: Path, *lines: object, **more: str) -> Ended:
    content = [line if isinstance(line, bytes) else orjson.dumps(line) for line in lines]
    (folder / "p.jsonl").write_bytes(b"\n".join(content) + b"\n")
    model = ("-m", "loopback", "--base-url", server.url, "-c", more.get("preset", "greedy"))
    options = ("--baseline",) if "baseline" in more else ()
    return its.its("solve", folder / "p.jsonl", *model, *options, "-q", "-o", folder / "run")


def questions(folder: Path) -> dict[str, str | None]:
    return {row["id"]: row["question"] for row in rows_of(folder / "run")}


def test_an_id_like_that_of_a_bad_line_loses_no_row(
    its: Forked, server: OddServer, tmp_path: Path
) -> None:
    given = ({"id": "line:2", "question": "a?"}, b"{bad", {"id": "x", "question": "b?"})
    assert solve(its, server, tmp_path, *given).code == 3
    rows = rows_of(tmp_path / "run")
    assert len({row["id"] for row in rows}) == 3
    assert sorted(row["status"] for row in rows) == ["answered", "answered", "failed"]


def test_a_line_on_top_of_lines_without_ids_costs_only_itself(
    its: Forked, server: OddServer, tmp_path: Path
) -> None:
    old: list[object] = [{"question": "a?"}, b"{bad", {"question": "b?"}, {"question": "a?"}]
    assert solve(its, server, tmp_path, *old).code == 3
    before = server.counted.completions
    ended = solve(its, server, tmp_path, {"question": "new?"}, *old)
    assert ended.code == 3
    assert server.counted.completions == before + 1
    right = {"line:1": "new?", "line:2": "a?", "line:3": None, "line:4": "b?", "line:5": "a?"}
    named = {row["id"]: row["question"] or None for row in rows_of(tmp_path / "run")}
    assert named == right
    emitted = sorted(orjson.loads(line)["id"] for line in ended.out.splitlines())
    assert emitted == sorted(right)
    told = its.its("explain", "--run", tmp_path / "run", "--id", "line:4")
    assert b"Question    b?" in told.out
    accounts, rows = compute_of(tmp_path / "run"), rows_of(tmp_path / "run")
    in_rows = sum(row["usage"]["completions"] for row in rows)
    assert in_rows + accounts["unattributed"]["completions"] == accounts["totals"]["completions"]
    assert solve(its, server, tmp_path, *old).code == 3
    assert server.counted.completions == before + 1, "and taken away again"


@pytest.mark.parametrize("fixed", [{"id": "q", "question": "b?"}, {"question": "b?"}])
def test_a_fixed_line_takes_the_place_of_its_failed_row(
    its: Forked, server: OddServer, tmp_path: Path, fixed: dict[str, str]
) -> None:
    first = {"id": "p", "question": "a?"}
    assert solve(its, server, tmp_path, first, b'{"question": ').code == 3
    assert solve(its, server, tmp_path, first, fixed).code == 0
    assert questions(tmp_path) == {"p": "a?", fixed.get("id", "line:2"): "b?"}


def test_a_resumed_baseline_keeps_its_bill_and_its_time(
    its: Forked, server: OddServer, tmp_path: Path
) -> None:
    given = {"id": "p", "question": "a?", "answer": "4"}
    assert solve(its, server, tmp_path, given, baseline="yes").code == 0
    before = rows_of(tmp_path / "run")
    assert before[0]["baseline"]["usage"]["completions"] == 1
    assert solve(its, server, tmp_path, given, baseline="yes").code == 0
    assert rows_of(tmp_path / "run") == before


def test_an_endpoint_that_is_not_there_leaves_an_interrupted_run(
    its: Forked, tmp_path: Path
) -> None:
    (tmp_path / "p.jsonl").write_text('{"question": "a?"}\n')
    model = ("-m", "x", "--base-url", "http://127.0.0.1:9/v1", "-q", "-o", tmp_path / "run")
    ended = its.its("solve", tmp_path / "p.jsonl", *model)
    assert ended.code == 4
    assert orjson.loads((tmp_path / "run" / "run.json").read_bytes())["state"] == "interrupted"
