"""Programs that nobody has read: what they may do, what they may not, what the caller is told."""

from __future__ import annotations

import ast
import asyncio
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from its.verifiers.code import assertions_in, run_tests
from its.verifiers.extracting import program_in
from its.verifiers.limits import Limits
from its.verifiers.sandbox import run
from tests.verifiers.needs import needs_sandbox

HOSTS = Path("/tmp/a")
TIGHT = Limits(seconds=4, cpu_seconds=3, memory_mb=256, scratch_mb=4)


@needs_sandbox
async def test_a_program_runs_and_its_output_comes_back() -> None:
    outcome = await run("print(input()[::-1])", "abc\n")
    assert (outcome.status, outcome.output, outcome.reason) == ("ended", "cba\n", "")


@needs_sandbox
async def test_a_failing_program_says_why() -> None:
    outcome = await run("raise ValueError('no such root')")
    assert (outcome.status, outcome.exit_code) == ("failed", 1)
    assert outcome.reason == "ValueError: no such root"


@needs_sandbox
async def test_it_may_write_to_its_scratch_directory_only() -> None:
    kept = await run("open('/tmp/a', 'w').write('x'); print(open('/tmp/a').read())")
    assert kept.output == "x\n"
    for place in ("/a", "/usr/a", "/dev/a", "/program.py"):
        outcome = await run(f"open({place!r}, 'w')")
        assert "Read-only file system" in outcome.reason
    assert not _written(HOSTS)


@needs_sandbox
async def test_it_sees_no_file_variable_or_process_of_the_host() -> None:
    outcome = await run("import os; print((os.listdir('/'), list(os.environ), os.getpid() < 10))")
    names, variables, alone = ast.literal_eval(outcome.output)
    assert {"bin", "dev", "lib", "program.py", "tmp", "usr"} <= set(names)
    assert not {"home", "root", "etc", "var", "proc", "sys"} & set(names)
    assert set(variables) <= {"LC_CTYPE", "PATH", "PWD", "PYTHONHASHSEED"}
    assert alone


@needs_sandbox
async def test_it_has_no_network_not_even_the_hosts_own() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        outcome = await run(
            f"import socket; socket.create_connection(('127.0.0.1', {port}), timeout=2)"
        )
        assert outcome.status == "failed"
        server.settimeout(0.1)
        with pytest.raises(TimeoutError):
            server.accept()
    outside = await run("import socket; socket.create_connection(('192.0.2.1', 80), timeout=2)")
    assert "unreachable" in outside.reason


@needs_sandbox
async def test_an_infinite_loop_is_ended_by_the_clock_or_its_cpu_limit() -> None:
    outcome = await run("while True: pass", limits=Limits(seconds=1))
    assert (outcome.status, outcome.reason) == ("timeout", "it ran for 1 seconds and was ended")
    outcome = await run("while True: pass", limits=Limits(seconds=10, cpu_seconds=1))
    assert outcome.reason == "it used 1 seconds of CPU and was ended"


@needs_sandbox
async def test_a_large_allocation_fails() -> None:
    outcome = await run("x = bytearray(10 * 2**30)", limits=TIGHT)
    assert (outcome.status, outcome.reason) == ("memory", "it asked for more than 256 MB")


@needs_sandbox
async def test_memory_counts_over_all_processes() -> None:
    greedy = (
        "import os, time\n"
        "for _ in range(6):\n"
        "    if os.fork() == 0: break\n"
        "x = bytearray(b'x' * (100 << 20)); time.sleep(20)"
    )
    outcome = await run(greedy, limits=TIGHT)
    assert (outcome.status, outcome.reason) == ("memory", "it used over 256 MB and was ended")


@needs_sandbox
async def test_the_number_of_processes_is_limited() -> None:
    mild = (
        "import os, time\nn = 0\ntry:\n    for _ in range(40):\n"
        "        if os.fork() == 0: time.sleep(2); os._exit(0)\n        n += 1\n"
        "except OSError as e: print(n < 16, e.strerror)"
    )
    outcome = await run(mild, limits=TIGHT)
    assert outcome.output == "True Resource temporarily unavailable\n"


@needs_sandbox
async def test_a_fork_bomb_stays_within_its_limits_and_leaves_nothing_behind() -> None:
    bomb = "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass"
    outcome = await run(bomb, limits=Limits(seconds=2, cpu_seconds=2, memory_mb=256))
    assert outcome.status in ("timeout", "failed")
    assert outcome.reason
    for _ in range(100):
        if not _left_behind():
            break
        await asyncio.sleep(0.05)
    assert _left_behind() == []


@needs_sandbox
async def test_a_gigabyte_of_output_is_cut_off() -> None:
    outcome = await run("while True: print('x' * 2**20)", limits=TIGHT)
    assert outcome.status == "output"
    assert len(outcome.output) == TIGHT.output_bytes
    assert "wrote more than" in outcome.reason


@needs_sandbox
async def test_a_file_cannot_fill_the_memory() -> None:
    outcome = await run(
        "for i in range(100):\n    open(f'/tmp/{i}', 'wb').write(b'x' * 2**20)", limits=TIGHT
    )
    assert "No space left" in outcome.reason


@needs_sandbox
async def test_it_cannot_make_namespaces_of_its_own() -> None:
    outcome = await run(
        "import ctypes, os\nlibc = ctypes.CDLL(None, use_errno=True)\n"
        "print(libc.unshare(0x10000000), os.strerror(ctypes.get_errno()))"
    )
    assert outcome.output.startswith("-1 ")


@needs_sandbox
async def test_tests_tell_right_programs_from_wrong_ones() -> None:
    tests = ["assert f(2) == 4", "assert f(3) == 9", "assert f(-1) == 1"]
    right = await run_tests("def f(x): return x * x", tests)
    assert (right.passed, right.reason) == ((True, True, True), "3 of 3 tests passed")
    wrong = await run_tests("def f(x): return x + x", tests)
    assert wrong.passed == (True, False, False)
    assert wrong.reason.startswith("1 of 3 tests passed; first failure: 'assert f(3) == 9'")
    assert (await run_tests("def f(x: return", tests)).share == 0


@needs_sandbox
async def test_ending_early_or_never_is_no_pass_and_the_other_tests_go_on() -> None:
    program = (
        "import os, sys, time\n"
        "def f(x):\n"
        "    if x == 1: sys.exit(0)\n"
        "    if x == 2: os._exit(0)\n"
        "    if x == 3: time.sleep(60)\n"
        "    if x == 4: print('1\\n' * 100)\n"
        "    return x\n"
    )
    report = await run_tests(program, [f"assert f({x}) == {x}" for x in (1, 2, 3, 5)])
    assert report.passed == (False, False, False, True)
    printed = await run_tests(program, ["assert f(4) == 5"])
    assert printed.passed == (False,), "what a program prints is not its result"


@needs_sandbox
async def test_one_test_does_not_see_what_another_left() -> None:
    program = "try: seen\nexcept NameError: seen = []"
    report = await run_tests(program, ["seen.append(1); assert seen == [1]"] * 2)
    assert report.passed == (True, True)


@needs_sandbox
async def test_a_program_that_kills_everything_fails_alone() -> None:
    report = await run_tests("import os, signal; os.kill(-1, signal.SIGKILL)", ["assert True"])
    assert report.passed == (False,)
    assert report.reason
    assert (await run_tests("x = 1", ["assert x == 1"])).passed == (True,)


def test_the_program_in_a_reply() -> None:
    reply = "First:\n```python\nx = 1\n```\nbetter:\n```python\nx = 2\n```\nDone."
    assert program_in(reply) == "x = 2\n"
    assert program_in("x = 3") == "x = 3"
    assert assertions_in("```\nassert f(1) == 1\nprint(2)\nassert f(1) == 1\n```", 5) == [
        "assert f(1) == 1"
    ]


def test_without_bubblewrap_it_refuses_with_a_plain_sentence() -> None:
    """In a process of its own, whose PATH has no bwrap."""
    code = (
        "import asyncio; from its.verifiers.sandbox import run\n"
        'try: asyncio.run(run(\'open("/tmp/must-not-be-there", "w")\'))\n'
        "except Exception as e: print(type(e).__name__, e)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PATH": "/nonexistent"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == (
        "SandboxUnavailable programs are not run without a sandbox, and bubblewrap is not "
        "installed; install it (on Debian: apt-get install bubblewrap)\n"
    )
    assert not os.path.exists("/tmp/must-not-be-there")


def _written(path: Path) -> bool:
    return path.exists()


def _left_behind() -> list[str]:
    """Command lines of processes that run the sandbox's program."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            command = Path(f"/proc/{name}/cmdline").read_bytes()
        except OSError:
            continue
        if b"/program.py" in command:
            found.append(command.decode())
    return found
