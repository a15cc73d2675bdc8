"""`its batch`: from problems to a request file, and from its results to a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.runs.command import compute_of, finish, its, rows_of, write_problems
from tests.servers.process import hostile_process

SAMPLES = 3


@pytest.mark.slow
def test_a_batch_is_a_run_and_what_failed_is_asked_at_the_endpoint(tmp_path: Path) -> None:
    problems = write_problems(tmp_path / "problems.jsonl", 4)
    pipeline = ("-c", "self_consistency", "-m", "gpt-4o-mini", "--set", f"stages.0.n={SAMPLES}")
    requests, results = tmp_path / "requests.jsonl", tmp_path / "results.jsonl"
    run = tmp_path / "run"
    code, _, err = finish(its("batch", "write", str(problems), *pipeline, "-o", str(requests)))
    assert code == 0, err
    lines = [orjson.loads(line) for line in requests.read_bytes().splitlines()]
    assert len({line["custom_id"] for line in lines}) == 4 * SAMPLES

    results.write_bytes(b"".join(map(answer, reversed(lines))))
    read = ("batch", "read", str(results), "-p", str(problems), *pipeline, "-o", str(run))
    code, _, err = finish(its(*read))
    assert code == 3, err
    assert "9 answered, 3 failed" in err
    rows = {row["id"]: row for row in rows_of(run)}
    assert [rows[f"p{n}"]["status"] for n in range(4)] == ["answered"] * 3 + ["failed"]
    assert all(rows[f"p{n}"]["correct"] for n in range(3))
    totals = compute_of(run)["totals"]
    assert (totals["prompt_tokens"], totals["completion_tokens"]) == (9 * 100, 9 * 10)
    half = (900 * 0.15 + 90 * 0.60) / 2 / 1e6
    assert totals["usd"] == pytest.approx(half)

    with hostile_process({"tokens": 4, "models": ["gpt-4o-mini"]}) as server:
        solve = ("solve", str(problems), *pipeline, "-o", str(run), "--base-url", server.url)
        code, _, err = finish(its(*solve))
        assert code == 0, err
        last = compute_of(run)
        charged = last["totals"]["completion_tokens"] - 9 * 10
        assert charged == server.stats()["completion_tokens"]
        assert last["totals"]["usd"] > half


def answer(line: dict[str, Any]) -> bytes:
    """The line of a result file; the last problem's requests expired."""
    said = line["body"]["messages"][-1]["content"]
    number = int(said.split("What is ")[1].split(" ")[0])
    outcome: dict[str, Any] = {"response": None, "error": {"code": "batch_expired"}}
    if number < 3:
        message = {"role": "assistant", "content": f"Answer: {2 * number}"}
        body = {
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110},
        }
        outcome = {"response": {"status_code": 200, "body": body}, "error": None}
    return orjson.dumps({"id": "x", "custom_id": line["custom_id"], **outcome}) + b"\n"
