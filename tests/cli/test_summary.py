"""The summary of a run, from its accounts alone."""

from __future__ import annotations

from collections import Counter
from io import StringIO
from pathlib import Path

from rich.console import Console

from its.runs.accounting import Accounting, Bill
from its.runs.batch import BatchProgress
from its.runs.run import RunResult
from its.usage import Usage
from its.views.summary import summary


def shown(ended: RunResult, *, boxed: bool = False, width: int = 200) -> str:
    console = Console(file=StringIO(), width=width, markup=False, highlight=False)
    for part in summary(ended, Path("runs/x"), boxed=boxed, width=width):
        console.print(part)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def bill(completions: int, usd: float | None = None, estimated: int = 0) -> Bill:
    usage = Usage(
        calls=completions,
        completions=completions,
        prompt_tokens=100 * completions,
        completion_tokens=10 * completions,
        usd=usd,
        flops=None,
        seconds=1.5,
        estimated_tokens=estimated,
    )
    return Bill(usage)


def ended(
    stages: dict[str, Bill],
    totals: Bill,
    standing: BatchProgress | None = None,
    *,
    stop: bool = False,
) -> RunResult:
    standing = standing or BatchProgress(statuses=Counter(answered=4), graded=4, correct=3)
    return RunResult(standing, Accounting(totals, stages), stop)


def test_greedy_and_scaled_stand_beside_each_other_with_their_ratio() -> None:
    stages = {"probe": bill(9), "baseline": bill(4, 0.02), "attempts": bill(20, 0.1)}
    standing = BatchProgress(statuses=Counter(answered=4), graded=4, correct=3, baseline_correct=1)
    lines = [line.split() for line in shown(ended(stages, bill(33), standing)).splitlines()]
    assert ["greedy", "1", "of", "4", "25.0", "%", "4", "4", "440", "$0.0200"] in lines
    assert ["scaled", "3", "of", "4", "75.0", "%", "20", "20", "2,200", "$0.1000"] in lines
    assert ["ratio", "5.0×", "5.0×", "5.0×", "5.0×"] in lines


def test_money_that_is_unknown_is_reported_and_never_shown_as_nothing() -> None:
    text = shown(ended({"attempts": bill(20)}, bill(20)))
    assert "$" not in text
    assert "Money unknown" in text


def test_estimates_are_marked() -> None:
    text = shown(ended({"attempts": bill(20, estimated=300)}, bill(20, estimated=300)))
    assert "~2,000" in text
    assert "300 tokens were not reported" in text


def test_failures_show_their_first_reasons_and_what_to_do_next() -> None:
    standing = BatchProgress(
        statuses=Counter(answered=2, unanswered=1, failed=9),
        reasons={"the model\nsaid no": 6, "line 4: is not JSON": 1},
    )
    text = shown(ended({"attempts": bill(1)}, bill(1), standing))
    assert "12 problems: 2 answered, 1 unanswered, 9 failed" in text
    assert "6 × the model said no\n" in text
    assert "  line 4: is not JSON\n" in text
    assert "and 2 more" in text
    assert "The same command retries what failed" in text


def test_an_interrupted_run_says_how_to_go_on() -> None:
    assert "the same command resumes" in shown(ended({}, Bill(), stop=True))


def test_a_narrow_terminal_loses_columns_and_never_digits() -> None:
    stages = {"solution_search/score": bill(1_234_567, 0.5)}
    wide = shown(ended(stages, bill(1_234_567, 0.5)), boxed=True, width=120)
    narrow = shown(ended(stages, bill(1_234_567, 0.5)), boxed=True, width=72)
    assert "seconds" in wide
    assert "seconds" not in narrow
    assert "123,456,700" in narrow
    assert "…" not in narrow
    assert max(map(len, narrow.splitlines())) <= 72


def test_off_a_terminal_no_lines_are_drawn() -> None:
    text = shown(ended({"attempts": bill(20)}, bill(20)))
    assert not set(text) & set("─│┃━├└")
