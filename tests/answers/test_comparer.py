"""Classes of equivalent answers, grading, and the symbolic worker behind them."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from hypothesis import given, settings
from hypothesis import strategies as st

from its.answers import Comparer, symbolic_available
from its.answers.symbolic import SymbolicWorker
from its.candidates import Answer

needs_math = pytest.mark.skipif(not symbolic_available(), reason="needs the extra its[math]")


def answers(*texts: str | None) -> list[Answer | None]:
    return [None if text is None else Answer(text, "expression") for text in texts]


@pytest_asyncio.fixture
async def comparer() -> AsyncIterator[Comparer]:
    async with Comparer(symbolic=False) as exact:
        yield exact


async def test_equal_numbers_are_equivalent_answers(comparer: Comparer) -> None:
    given_answers = answers("1/2", "7", None, "0.5", r"\frac{7}{1}", "8", "50\\%")
    assert await comparer.classes(given_answers) == [0, 1, None, 0, 1, 2, 3]


async def test_no_vote_goes_to_a_missing_answer(comparer: Comparer) -> None:
    assert await comparer.classes([None, None]) == [None, None]
    assert await comparer.classes([]) == []


@settings(deadline=None)
@given(st.lists(st.sampled_from(["1", "1.0", "2", "x", "y+x", "x+y", "x<2", "2>x", None])))
def test_the_classes_of_a_prefix_never_change(texts: list[str | None]) -> None:
    async def check() -> None:
        async with Comparer(symbolic=False) as comparer:
            whole = await comparer.classes(answers(*texts))
            for end in range(len(texts)):
                assert await comparer.classes(answers(*texts[:end])) == whole[:end]

    asyncio.run(check())


@pytest.mark.parametrize(
    ("answer", "reference", "kind", "right"),
    [
        ("72", "It is 48 + 24 = 72.\n#### 72", "auto", True),
        ("72", r"We see that $x = \boxed{72}$.", "auto", True),
        ("3.0", 3, "auto", True),
        ("18", 17, "auto", False),
        ("yes", True, "auto", True),
        ("False", False, "auto", True),
        ("Lutetia", ["Paris", "Lutetia"], "text", True),
        ("anything", ["assert f(1) == 2", "assert f(2) == 3"], "auto", None),
        ("anything", {"test": "assert f(1) == 2"}, "auto", None),
        ("anything", "def f():\n    return 2", "code", None),
        ("5", "First we add.\nThen we multiply.", "auto", None),
        ("5", None, "auto", None),
        ("5", "", "auto", None),
    ],
)
async def test_grading(
    comparer: Comparer, answer: str, reference: object, kind: str, right: bool | None
) -> None:
    read = Answer(answer, "text" if answer.isalpha() else "expression")
    assert await comparer.grade(read, reference, kind) is right  # type: ignore[arg-type]


async def test_no_answer_is_a_wrong_one(comparer: Comparer) -> None:
    assert await comparer.grade(None, "5") is False
    assert await comparer.grade(None, None) is None


@needs_math
async def test_symbolic_mathematics_decides_what_normal_forms_cannot() -> None:
    pair = answers("x + y < 2", r"2 > x + y")
    async with Comparer(symbolic=False) as exact, Comparer() as symbolic:
        assert await exact.classes(pair) == [0, 1]
        assert await symbolic.classes(pair) == [0, 0]
        assert await symbolic.grade(pair[0], "2 > x + y") is True


@needs_math
async def test_plain_answers_start_no_worker() -> None:
    async with Comparer() as comparer:
        await comparer.classes(answers("1", "2", "x", "x+1", "Paris", r"\sqrt{2}", "(1, 2)"))
        assert comparer.worker_pid is None


@needs_math
@pytest.mark.slow
async def test_a_comparison_that_hangs_is_given_up_and_the_next_one_works() -> None:
    worker = SymbolicWorker(cpu_seconds=0.3)
    try:
        assert await worker.same(r"9^{9^{9^{9}}}", "1") is None
        assert await worker.same("x + 1 < y", "y > 1 + x") is True
    finally:
        await worker.close()


@needs_math
@pytest.mark.slow
async def test_a_worker_that_dies_is_replaced() -> None:
    worker = SymbolicWorker()
    try:
        assert await worker.same("x < 2", "2 > x") is True
        assert worker.pid is not None
        os.kill(worker.pid, signal.SIGKILL)
        assert await worker.same("x < 2", "2 > x") in (None, True)
        assert await worker.same("x < 3", "3 > x") is True
    finally:
        await worker.close()


async def test_a_worker_that_cannot_start_is_asked_only_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    worker = SymbolicWorker()
    assert await worker.same("x < 2", "2 > x") is None
    monkeypatch.setattr(sys, "executable", "/does/not/exist")
    assert await worker.same("x < 2", "2 > x") is None


TOWERS = [f"x + y < 9^{{9^{{9 + {n}}}}}" for n in range(6)]


@needs_math
@pytest.mark.slow
async def test_what_takes_too_long_is_bounded_per_problem_and_keeps_no_other_waiting() -> None:
    order: list[str] = []

    async def ask(comparer: Comparer, name: str, *texts: str) -> list[int | None]:
        classes = await comparer.classes(answers(*texts))
        order.append(name)
        return classes

    async with Comparer() as comparer:
        await ask(comparer, "start", "x + y < 2", "2 > x + y")
        slow, quick = comparer.for_problem(), comparer.for_problem()
        both = await asyncio.gather(
            ask(slow, "towers", *TOWERS), ask(quick, "quick", "x + y < 3", "x + y < 4", "3 > y + x")
        )
        assert list(both) == [[0, 1, 2, 3, 4, 5], [0, 1, 0]]
        assert order == ["start", "quick", "towers"]
        assert slow.seconds_left <= 0 < quick.seconds_left
        await ask(slow, "again", *TOWERS[:3])  # remembered, or the time is spent: asks nothing
        assert slow.seconds_left > -1


@needs_math
async def test_odd_characters_reach_the_worker(comparer: Comparer) -> None:
    async with Comparer() as symbolic:
        assert await symbolic.classes(answers("x < \ud800", "x \n < 2", "x < \x00")) == [0, 1, 2]


@needs_math
@pytest.mark.slow
async def test_a_cancelled_comparison_leaves_no_answer_for_the_next() -> None:
    worker = SymbolicWorker()
    try:
        task = asyncio.create_task(worker.same("x < 2", "2 > x"))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await worker.same("x < 2", "x > 2") is False
    finally:
        await worker.close()


@needs_math
@pytest.mark.slow
@pytest.mark.parametrize("hangs", [False, True])
def test_the_worker_ends_with_its_parent_even_when_that_is_killed(hangs: bool) -> None:
    hang = "asyncio.create_task(worker.same('9^{9^{9^{9}}}', '1'))\n    await asyncio.sleep(0.2)"
    program = (
        "import asyncio, os, signal\n"
        "from its.answers.symbolic import SymbolicWorker\n"
        "async def main():\n"
        "    worker = SymbolicWorker(cpu_seconds=0.5)\n"
        "    await worker.same('x < 2', '2 > x')\n"
        "    print(worker.pid, flush=True)\n"
        f"    {hang if hangs else 'pass'}\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "asyncio.run(main())\n"
    )
    parent = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    assert parent.returncode == -signal.SIGKILL, parent.stderr
    assert _ends(int(parent.stdout))


def _ends(pid: int) -> bool:
    """Wait (up to the test's time limit) for a process that is no child of ours to end."""
    for _ in range(1_000):
        try:
            with open(f"/proc/{pid}/stat", "rb") as status:
                if status.read().rsplit(b")", 1)[1].split()[0] == b"Z":
                    return True
        except (FileNotFoundError, ProcessLookupError):
            return True
        subprocess.run(["sleep", "0.02"], check=True)
    return False
