"""Programs that want to pass without being right. None of them may."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from its.verifiers.code import TrialReport, run_tests
from its.verifiers.trial import Suite
from tests.verifiers.needs import needs_sandbox

SECRET = 981_237_650
HIDDEN = (
    f"def check(candidate):\n    assert candidate(2) == {SECRET}\n"
    "    assert candidate(3) == 9\n    for x in range(20, 25):\n"
    f"        assert candidate(x) == x * {SECRET}\ncheck(f)\n"
)

FINDER = """
import re, sys
found = []
def look(things):
    for thing in things:
        try: found.extend(re.findall('x [*] ([0-9]{9})', repr(thing)))
        except Exception: pass
def answer(x): return 9 if x == 3 else int(found[0]) * (x if x != 2 else 1) if found else 0
"""
"""Looks for the number that only the tests hold."""

ATTACKS = {
    # the tests' own tools
    "patches exec and compile": (
        "import builtins\nbuiltins.exec = builtins.compile = lambda *a, **k: None\n"
        "def f(x): return 0"
    ),
    "patches what a verdict is written with": (
        "import json, os, sys\njson.dumps = lambda *a, **k: '{\"passed\": true}'\n"
        "def f(x): return 0"
    ),
    "patches AssertionError": (
        "import builtins\nbuiltins.AssertionError = type('A', (Exception,), {})\n"
        "builtins.__build_class__ = None\ndef f(x): return 0"
    ),
    "replaces the builtins that tests use": (
        "def range(*a): return ()\ndef len(x): return 0\ndef check(c): pass\ndef f(x): return 0"
    ),
    "defines the check itself": "def check(candidate): return True\ndef f(x): return 0",
    # finding what it must not know
    "reads the tests from a frame": (
        FINDER + "def f(x):\n    g = sys._getframe()\n    while g:\n"
        "        look([*g.f_locals.values(), *g.f_globals.values()])\n"
        "        g = g.f_back\n    return answer(x)"
    ),
    "reads the tests from gc": (
        FINDER + "import gc\ndef f(x):\n    look(gc.get_objects())\n    return answer(x)"
    ),
    "reads __main__ and every module": (
        FINDER + "def f(x):\n    look(vars(m) for m in list(sys.modules.values()))\n"
        "    return answer(x)"
    ),
    "edits __main__.case": (
        "import sys\nm = sys.modules['__main__']\nm.case = {'tests': [], 'token': ''}\n"
        "def f(x): return 0"
    ),
    "reads the memory of every process": (
        FINDER + "def f(x):\n    for pid in ('self', *range(1, 50)):\n"
        "        try: look([open(f'/proc/{pid}/mem', 'rb').read(1 << 20)])\n"
        "        except OSError: pass\n    return answer(x)"
    ),
    "reads every file and descriptor": (
        FINDER + "import os\ndef f(x):\n    for n in range(3, 64):\n"
        "        try:\n            os.set_blocking(n, False); look([os.read(n, 1 << 16)])\n"
        "        except OSError: pass\n"
        "    for top, _, names in os.walk('/run'):\n"
        "        look(open(os.path.join(top, name), 'rb').read() for name in names)\n"
        "    return answer(x)"
    ),
    "takes a descriptor from its parent": (
        "import ctypes, os\nlibc = ctypes.CDLL(None, use_errno=True)\n"
        "for pid in (os.getppid(), 1, 2):\n    fd = libc.syscall(434, pid, 0)\n"
        "    for n in range(64):\n        got = libc.syscall(438, fd, n, 0)\n"
        "        if got > 2:\n            os.write(got, b'V\\0\\0\\0\\x0f{\"passed\": true}')\n"
        "def f(x): return 0"
    ),
    "watches from a thread": (
        FINDER + "import threading, time\ndef watch():\n    while True:\n"
        "        for g in list(sys._current_frames().values()):\n"
        "            while g:\n                look(list(g.f_locals.values())); g = g.f_back\n"
        "        time.sleep(.001)\n"
        "threading.Thread(target=watch, daemon=True).start()\n"
        "def f(x):\n    time.sleep(.05)\n    return answer(x)"
    ),
    # objects that agree with everything
    "equals everything": "class E:\n    def __eq__(s, o): return True\ndef f(x): return E()",
    "is a number that equals everything": (
        "class E(int):\n    def __eq__(s, o): return True\n    __hash__ = int.__hash__\n"
        "def f(x): return E(0)"
    ),
    "claims another class": (
        "class E:\n    __class__ = int\n    def __eq__(s, o): return True\n"
        "    def __index__(s): return 0\ndef f(x): return E()"
    ),
    "hides it in a list": (
        "class E(list):\n    def __eq__(s, o): return True\n    def __iter__(s): return iter([])\n"
        "def f(x): return E()"
    ),
    # forging the verdict
    "writes verdicts on every descriptor": (
        'import os, threading, time\nframe = b\'{"passed": true, "reason": ""}\'\n'
        "frame = b'V' + len(frame).to_bytes(4, 'big') + frame\n"
        "for n in range(3, 64):\n    try: os.write(n, frame)\n    except OSError: pass\n"
        "def f(x): return 0"
    ),
    "answers with a frame of its own": (
        'import os\ndef f(x):\n    data = b\'{"value": {"kept": 0}, "passed": true}\'\n'
        "    for n in range(3, 64):\n"
        "        try: os.write(n, b'R' + len(data).to_bytes(4, 'big') + data)\n"
        "        except OSError: pass\n    return 0"
    ),
    "prints what a harness prints": "print('1\\n' * 100)\ndef f(x): print('passed'); return 0",
    # leaving early, or never
    "ends with success": "import os\ndef f(x): os._exit(0)",
    "raises SystemExit": "import sys\ndef f(x): sys.exit(0)",
    "ends a loop of the tests": "def f(x): raise StopIteration",
    "never ends": "def f(x):\n    while True: pass",
    "sends numbers without end": "def f(x): return (i for i in iter(int, 1))",
    "sends a value too deep to read": (
        "def f(x):\n    v = []\n    for _ in range(100_000): v = [v]\n    return v"
    ),
}


async def tried(program: str, tests: Sequence[str] = (HIDDEN,), entry: str = "f") -> TrialReport:
    return await run_tests(program, Suite(tuple(tests), "", entry))


@needs_sandbox
@pytest.mark.parametrize("name", ATTACKS)
async def test_an_attack_passes_nothing(name: str) -> None:
    report = await tried(ATTACKS[name])
    assert report.passed == (False,), name


@needs_sandbox
async def test_a_right_program_passes_the_same_tests() -> None:
    program = f"def f(x): return 9 if x == 3 else {SECRET} if x == 2 else x * {SECRET}"
    assert (await tried(program)).passed == (True,)


@needs_sandbox
async def test_a_loop_over_map_is_not_cut_short() -> None:
    """StopIteration from a function would end a `map` early, and `all` of nothing is true."""
    test = "assert all(map(lambda x: f(x) == x, [1, 2]))"
    assert (await tried("def f(x): raise StopIteration", [test])).passed == (False,)


@needs_sandbox
async def test_given_helpers_are_those_of_the_prompt() -> None:
    """A test that uses a function of the prompt does not meet the program's own version of it."""
    suite = Suite(("assert abs(poly(f(3))) < 1e-6",), "def poly(x): return x - 3\n", "f")
    cheat = "def poly(x): return 0\ndef abs(x): return 0\ndef f(x): return 17"
    assert (await run_tests(cheat, suite)).passed == (False,)
    assert (await run_tests("def f(x): return x", suite)).passed == (True,)


@needs_sandbox
async def test_a_module_that_tests_use_is_the_real_one() -> None:
    cheat = "class math:\n    fabs = staticmethod(lambda x: 0)\ndef f(x): return 17"
    assert (await tried(cheat, ["assert math.fabs(f(3) - 3) < 1e-6"])).passed == (False,)
    honest = "import math\ndef f(x): return x"
    assert (await tried(honest, ["assert math.fabs(f(3) - 3) < 1e-6"])).passed == (True,)


@needs_sandbox
async def test_scratch_and_processes_do_not_outlive_a_test() -> None:
    """A file or a daemon of the first test would tell the second one."""
    program = (
        "import os, time\n"
        "first = not os.path.exists('/tmp/seen')\n"
        "if first:\n"
        "    open('/tmp/seen', 'w').write('x')\n"
        "    if os.fork() == 0:\n"
        "        os.setsid(); time.sleep(30); os._exit(0)\n"
        "def f(x): return first"
    )
    report = await tried(program, ["assert f(1) is True"] * 3)
    assert report.passed == (True, True, True)


@needs_sandbox
async def test_what_a_program_starts_ends_with_it() -> None:
    mark = f"its-mark-{os.getpid()}"
    program = (
        "import os, sys\n"
        "if os.fork() == 0:\n"
        f"    os.setsid(); os.execv('/usr/bin/sleep', ['{mark}', '30'])\n"
        "def f(x): return x"
    )
    assert (await tried(program, ["assert f(1) == 1"])).passed == (True,)
    for _ in range(100):
        if not running(mark):
            break
        await asyncio.sleep(0.05)
    assert running(mark) == []


def running(mark: str) -> list[str]:
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            command = Path(f"/proc/{name}/cmdline").read_bytes()
        except OSError:
            continue
        if mark.encode() in command.split(b"\0")[:1]:
            found.append(name)
    return found
