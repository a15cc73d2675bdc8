"""What a person sees on a terminal: lines that live while work goes on, and data kept apart."""

from __future__ import annotations

import asyncio
import os
import pty
import re
import sys
from pathlib import Path

import orjson

from tests.cli.process import problems_file
from tests.runs.command import clean_environment
from tests.servers.hostile import Behaviour, HostileServer

ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


async def on_a_terminal(*arguments: str, cwd: Path) -> tuple[int, bytes, str]:
    """Exit code, standard output (a pipe), and what a terminal on standard error received."""
    master, slave = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "its",
        *arguments,
        cwd=cwd,
        env=clean_environment() | {"TERM": "xterm", "COLUMNS": "110", "LINES": "40"},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=slave,
    )
    os.close(slave)
    seen = asyncio.create_task(asyncio.to_thread(_read_all, master))
    out, _ = await asyncio.wait_for(process.communicate(), timeout=120)
    assert process.returncode is not None
    return process.returncode, out, ESCAPE.sub("", (await seen).decode())


def _read_all(descriptor: int) -> bytes:
    """Linux answers the last read of a terminal that nobody holds any more with an error."""
    received = b""
    try:
        while part := os.read(descriptor, 65536):
            received += part
    except OSError:
        pass
    os.close(descriptor)
    return received


async def test_progress_lives_on_a_terminal_while_rows_go_down_the_pipe(tmp_path: Path) -> None:
    rows = [{"question": f"What is {n} + {n}?", "answer": str(2 * n)} for n in range(12)]
    problems_file(tmp_path / "p.jsonl", rows)
    async with HostileServer(Behaviour(seconds=0.4, slots=4)) as server:
        model = ("-m", "loopback", "--base-url", server.url, "-c", "greedy", "--baseline")
        code, out, seen = await on_a_terminal(
            "solve", "p.jsonl", *model, "--concurrency", "6", cwd=tmp_path
        )
    assert code == 0
    assert len([orjson.loads(line) for line in out.splitlines()]) == 12
    assert re.search(r"solved +━+ +\d+ of 12", seen)
    assert re.search(r"correct +[\d.]+ % right of \d+, greedy [\d.]+ %", seen)
    assert re.search(
        r"spent +[\d,]+ completions?, [\d.,k]+ tokens, price unknown, \d+ tokens/s", seen
    )
    assert re.search(r"calls +[1-6] in flight, \d+ waiting for a free slot", seen)
    assert "12 problems: 12 answered" in seen
    assert "───" in seen


async def test_the_explanation_grows_on_a_terminal(tmp_path: Path) -> None:
    async with HostileServer(Behaviour(seconds=0.3)) as server:
        model = ("-m", "loopback", "--base-url", server.url)
        fixed = ("-c", "thorough", "--set", "difficulty={method: fixed, value: 3}")
        code, out, seen = await on_a_terminal("explain", "Why?", *model, *fixed, cwd=tmp_path)
    assert code == 0
    assert out.decode().startswith("Question    Why?\n")
    assert "in flight" in seen
    assert "├─ 0  step_by_step" in seen
    assert "├" not in out.decode()
