"""A strategy and a reward in another package: listed, validated, solved with, resumed."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import orjson
import pytest

from tests.docs.test_examples import blocks
from tests.library.plugin import build_wheel, fresh_environment
from tests.runs.command import clean_environment

pytestmark = pytest.mark.slow

ENTRY_POINTS = """\
[its.strategies]
shortest_first = its_small_plugin.strategy:ShortestFirst
broken = its_small_plugin.broken:Broken
greedy = its_small_plugin.strategy:ShortestFirst
[its.rewards]
brevity = its_small_plugin.reward:Brevity
"""
STAGES = "stages=[{strategy: shortest_first, n: 4}]"


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("plugin")
    strategy, reward, _ = blocks("writing-parts.md")
    files = {
        "its_small_plugin/__init__.py": "",
        "its_small_plugin/strategy.py": strategy,
        "its_small_plugin/reward.py": reward,
        "its_small_plugin/broken.py": "import no_such_package\n",
    }
    return fresh_environment(folder / "env", build_wheel(folder, files, ENTRY_POINTS))


def its(python: Path, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [python, "-m", "its", *arguments],
        cwd=cwd,
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_parts_lists_them_and_says_what_was_left_out(python: Path, tmp_path: Path) -> None:
    ended = its(python, "parts", cwd=tmp_path)
    parts = {
        (row["kind"], row["name"]): row for row in map(orjson.loads, ended.stdout.splitlines())
    }
    assert ended.returncode == 0
    assert parts["strategy", "shortest_first"]["origin"] == "its_small_plugin 1.2"
    assert parts["strategy", "shortest_first"]["completions"] == [1, 4]
    assert parts["strategy", "greedy"]["origin"] == "its"
    assert parts["reward", "brevity"]["settings"] == {"half": 200}
    left_out = ended.stderr.splitlines()
    assert len(left_out) == 2
    assert "strategy 'broken' of its_small_plugin 1.2 is left out: No module named" in left_out[0]
    assert "'greedy'" in left_out[1]


def test_their_settings_are_checked_and_bounded(python: Path, tmp_path: Path) -> None:
    (tmp_path / "p.jsonl").write_text('{"question": "Calculate 2+3."}\n')
    solve = ("solve", "p.jsonl", "-c", "greedy", "--set")
    refused = its(python, *solve, "stages=[{strategy: shortest_first, n: 0}]", cwd=tmp_path)
    assert refused.returncode == 2
    assert "stages.0.n" in refused.stderr
    bound = its(python, *solve, STAGES, "--dry-run", cwd=tmp_path)
    assert bound.stdout.startswith("At most 5 completions"), bound.stderr


def test_a_run_with_them_resumes_after_a_kill(python: Path, tmp_path: Path) -> None:
    rows = [orjson.dumps({"id": str(n), "question": f"Calculate {n}*3+{n}."}) for n in range(60)]
    (tmp_path / "p.jsonl").write_bytes(b"\n".join(rows))
    changed = (STAGES, "select={method: weighted_vote, reward: brevity}", "budget.max=50")
    overrides = [word for change in changed for word in ("--set", change)]
    command = ("solve", "p.jsonl", "-c", "greedy", *overrides)
    whole = its(python, *command, "-o", "whole", "--ordered", cwd=tmp_path)
    assert whole.returncode == 0, whole.stderr
    killed = subprocess.Popen(
        [python, "-m", "its", *command, "-o", "killed"],
        cwd=tmp_path,
        env=clean_environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    journal = tmp_path / "killed" / "journal.sqlite"
    deadline = time.monotonic() + 60
    while not journal.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.2)
    os.killpg(killed.pid, signal.SIGKILL)
    killed.wait()
    resumed = its(python, *command, "-o", "killed", "--ordered", cwd=tmp_path)
    kept = ("id", "status", "answer", "solution", "confidence", "budget")

    def essence(text: str) -> list[tuple[object, ...]]:
        return [tuple(row[name] for name in kept) for row in map(orjson.loads, text.splitlines())]

    assert essence(resumed.stdout) == essence(whole.stdout)
    assert len(resumed.stdout.splitlines()) == 60
