"""`its solve` on a programming task whose candidates are hostile: the run goes on, and says why."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.process import its
from tests.servers.hostile import HostileServer
from tests.servers.script import Ask
from tests.verifiers.needs import needs_sandbox

PROGRAMS = (
    "import os\nwhile True:\n    try:\n        os.fork()\n    except OSError:\n        pass",
    "import urllib.request\nurllib.request.urlopen('http://127.0.0.1:%d/')",
    "open('/tmp/../its-was-here', 'w').write('x')",
    "x = bytearray(10 * 2**30)",
    "while True:\n    pass",
    "while True:\n    print('x' * 2**20)",
    "def square(x):\n    return x * x",
)
CONFIG = """
difficulty: {method: fixed, value: 10}
budget: {max: 20}
stages: [{strategy: best_of_n, n: 14}]
select:
  method: best_of_n
  reward: {method: code_tests, tests: ["assert square(3) == 9"], agreement: false}
answers: {kind: code}
"""


@pytest.mark.slow
@needs_sandbox
async def test_hostile_programs_lose_to_the_one_that_passes(tmp_path: Path) -> None:
    written: list[str] = []

    def write(ask: Ask) -> str:
        program = PROGRAMS[len(written) % len(PROGRAMS)]
        written.append(program)
        return f"```python\n{program}\n```"

    (tmp_path / "p.jsonl").write_text('{"id": "a", "question": "Write square(x)."}\n')
    (tmp_path / "c.yaml").write_text(CONFIG)
    async with HostileServer(script=write) as server:
        ended = await its(
            *("solve", "p.jsonl", "-c", "c.yaml", "-m", "loopback", "--base-url", server.url),
            *("-o", "out"),
            cwd=tmp_path,
        )
    assert ended.code == 0, ended.err
    (row,) = ended.rows
    assert row["status"] == "answered"
    assert "return x * x" in row["answer"]
    events = [json.loads(line) for line in (tmp_path / "out/traces.jsonl").read_text().splitlines()]
    scores = [event for event in events if event["event"] == "score"]
    assert {event["value"] for event in scores} == {0.0, 1.0}
    assert all(event["reason"] for event in scores)
