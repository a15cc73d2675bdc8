"""What a run came to: answers, accuracy with what it cost, the bill by stage, what to do next."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from its.allocation.returns import History, last_part
from its.runs.accounting import PROBE, Accounting, Bill, ModelShare
from its.runs.batch import BatchProgress
from its.runs.run import RunResult
from its.usage import total
from its.views import figures
from its.views.rows import look_at
from its.views.workers import share_lines

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

BASELINE = "baseline"
REASON_LENGTH = 160
ORACLE = (
    "Oracle: the rows' own tests chose between candidates (public_tests). The accuracy says what "
    "they choose, not what can be expected without them."
)
LINE = 120
"""Columns of a line that shows a row, off a terminal too."""


def summary(
    ended: RunResult,
    directory: Path,
    histories: Collection[History] = (),
    *,
    boxed: bool,
    width: int,
) -> Iterator[RenderableType]:
    """Parts to show one after the other; `boxed` draws the lines of tables (on a terminal).

    `histories` are the samples that this session drew, as far as they are known.
    """
    from rich.text import Text

    stages = ended.accounting.by_stage
    yield Text(f"\n{outcome(ended.standing)}", "bold")
    for reason in reasons(ended.standing):
        yield Text(f"  {reason}", "red")
    if ended.standing.regraded:
        yield Text(graded_again(ended.standing))
    if ended.standing.oracle:
        yield Text(ORACLE)
    yield from map(Text, ended.standing.agreement.in_words())
    if ended.accounting.totals.usage.calls:
        yield ""
        yield bill_table(stages, ended.accounting.totals, boxed=boxed, width=width)
        for remark in _remarks(ended):
            yield Text(remark, "dim")
    yield from map(Text, share_lines(ended.workers))
    if ended.accounting.grading.usage.calls:
        yield Text(grading_bill(ended.accounting.grading))
    yield from map(Text, model_shares(ended.accounting.shares))
    yield ""
    if looks := list(look_at(directory, min(width, LINE))):
        yield from map(Text, [*looks, ""])
    yield Text(f"Solutions, traces and accounts are in {directory}")
    yield from map(Text, next_steps(ended))
    if ended.standing.graded:
        yield from map(Text, last_spending(ended.standing, histories))
        yield from map(Text, calibration(ended.standing))
        yield ""
        yield _comparison(ended.standing, stages, boxed, width)


def outcome(standing: BatchProgress) -> str:
    """41 problems: 38 answered, 2 unanswered, 1 failed."""
    statuses = [
        f"{standing.statuses[status]:,} {status}"
        for status in ("answered", "unanswered", "failed")
        if standing.statuses[status]
    ]
    return f"{figures.plural(standing.done, 'problem')}: {', '.join(statuses) or 'none solved'}"


def reasons(standing: BatchProgress) -> list[str]:
    """The first distinct reasons of failures, and how many failed for each."""
    shown = [
        f"{number:,} × {_one_line(reason)}" if number > 1 else _one_line(reason)
        for reason, number in standing.reasons.items()
    ]
    rest = standing.statuses["failed"] - sum(standing.reasons.values())
    return [*shown, f"and {rest:,} more"] if rest > 0 else shown


def graded_again(standing: BatchProgress) -> str:
    """What a corrected or added reference changed in rows that were there already."""
    rows = figures.plural(standing.regraded, "finished row")
    verdicts = figures.plural(standing.changed, "verdict")
    return f"Graded again, since what grades them has changed: {rows}; {verdicts} changed."


def grading_bill(bill: Bill) -> str:
    """What the grading model cost, beside the bill of the answers."""
    usage = bill.usage
    price = "price unknown" if usage.usd is None else figures.money(usage.usd)
    calls, tokens = figures.plural(usage.calls, "call"), figures.count(usage.tokens)
    return f"Grading, beside the total: {calls}, {tokens} tokens, {price}."


def model_shares(shares: Mapping[str, ModelShare]) -> list[str]:
    """What each of the models that share a stage wrote, and how often it was chosen."""
    whole = sum(each.candidates for each in shares.values())
    lines = []
    for name, each in shares.items():
        right = "" if each.right is None else f", {each.right:,} right"
        part = figures.percent(each.candidates, whole)
        written = figures.plural(each.candidates, "candidate")
        lines.append(f"Model {name}: {written} ({part}), chosen {each.wins:,} times{right}.")
    return lines


def last_spending(standing: BatchProgress, histories: Collection[History]) -> list[str]:
    """What the last tenth of the samples bought, where all of the run's samples are known."""
    solved = standing.statuses["answered"] + standing.statuses["unanswered"]
    drawn = any(len(history.classes) > 1 for history in histories)
    if not drawn or standing.recorded or len(histories) < solved:
        return []
    last = last_part(list(histories))
    return ["", last.in_words()] if last.samples > 1 else []


def calibration(standing: BatchProgress) -> list[str]:
    """How far the confidences are from the share of right answers, beside the accuracy."""
    error, cases = standing.calibration.value, standing.calibration.cases
    if error is None or cases < 2:
        return []
    return [
        "",
        f"Confidence is off by {error:.3f} (expected calibration error, {cases:,} answers).",
    ]


def next_steps(ended: RunResult) -> list[str]:
    if ended.interrupted:
        return ["Interrupted: the same command resumes where it stopped."]
    if ended.standing.statuses["failed"]:
        return ["The same command retries what failed (fix bad lines first) and repeats no other."]
    return []


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= REASON_LENGTH else line[: REASON_LENGTH - 1] + "…"


# --- greedy beside scaled -----------------------------------------------------------------------


def _comparison(
    standing: BatchProgress, stages: Mapping[str, Bill], boxed: bool, width: int
) -> Table:
    """Accuracy, and what it cost; with the greedy pass and the ratio where there was one."""
    scaled = _sum(bill for name, bill in stages.items() if name not in (BASELINE, PROBE))
    greedy = stages.get(BASELINE)
    bills = [scaled] if greedy is None else [greedy, scaled]

    def rows(columns: list[Column]) -> list[list[str]]:
        told = [_right("scaled", standing.correct, standing.graded, scaled, columns)]
        if greedy is None:
            return told
        right = standing.baseline_correct
        told.insert(0, _right("greedy", right, standing.graded, greedy, columns))
        return [*told, ["ratio", "", "", *(column.ratio(scaled, greedy) for column in columns)]]

    return _table(["", "right", ""], _known(COMPARED, bills), rows, boxed, width)


def _right(name: str, right: int, graded: int, bill: Bill, columns: list[Column]) -> list[str]:
    share = figures.percent(right, graded)
    return [name, f"{right:,} of {graded:,}", share, *(column.show(bill) for column in columns)]


def _sum(bills: Iterator[Bill]) -> Bill:
    parts = list(bills)
    return Bill(total(bill.usage for bill in parts))


# --- the bill -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Column:
    """One figure of a bill.

    An `optional` column is left out where it would say nothing, and where room is short (the
    least one first).
    """

    name: str
    of: Callable[[Bill], float | None]
    write: Callable[[float | None], str] = figures.count
    estimated: bool = False
    optional: int = 0

    def show(self, bill: Bill) -> str:
        """The figure; a tilde says that part of it is an estimate."""
        about = self.estimated and bill.usage.estimated_tokens > 0
        return f"{'~' if about else ''}{self.write(self.of(bill))}"

    def ratio(self, bill: Bill, base: Bill) -> str:
        return figures.ratio(self.of(bill), self.of(base))


COLUMNS = (
    Column("calls", lambda bill: bill.usage.calls),
    Column("completions", lambda bill: bill.usage.completions),
    Column("prompt", lambda bill: bill.usage.prompt_tokens, estimated=True),
    Column("cached", lambda bill: bill.usage.cached_tokens, optional=2),
    Column("completion", lambda bill: bill.usage.completion_tokens, estimated=True),
    Column("money", lambda bill: bill.usage.usd, figures.money, optional=6),
    Column("seconds", lambda bill: bill.usage.seconds, figures.plain_seconds, optional=1),
    Column("retries", lambda bill: bill.retries, optional=3),
    Column("cancelled", lambda bill: bill.cancelled, optional=4),
    Column("failed", lambda bill: bill.failed_calls, optional=5),
)
COMPARED = (
    Column("calls", lambda bill: bill.usage.calls, optional=1),
    Column("completions", lambda bill: bill.usage.completions),
    Column("tokens", lambda bill: bill.usage.tokens, estimated=True),
    Column("money", lambda bill: bill.usage.usd, figures.money, optional=3),
    Column("FLOPs", lambda bill: bill.usage.flops, figures.flops, optional=2),
)
GAP = 2


def bill_table(stages: Mapping[str, Bill], totals: Bill, *, boxed: bool, width: int) -> Table:
    """Every stage's calls, tokens, money and mishaps; what does not fit is in `compute.json`."""

    def rows(columns: list[Column]) -> list[list[str]]:
        return [
            [name, *(column.show(bill) for column in columns)]
            for name, bill in [*stages.items(), ("total", totals)]
        ]

    return _table(["stage"], _known(COLUMNS, [totals]), rows, boxed, width)


def _known(columns: Sequence[Column], bills: list[Bill]) -> list[Column]:
    """Without the columns that would say nothing: all unknown, or all zero."""
    return [c for c in columns if not c.optional or any(c.of(bill) for bill in bills)]


def _remarks(ended: RunResult) -> list[str]:
    totals = ended.accounting.totals
    remarks = []
    if ended.seconds >= 1:
        remarks.append(
            f"By the clock {figures.seconds(ended.seconds)}; seconds in the table add up calls, "
            "many at a time and those of earlier sessions included."
        )
    if ended.accounting.cut:
        remarks.append(_cut(ended.accounting))
    if totals.usage.usd is None:
        remarks.append("Money unknown: model.price is not set.")
    if totals.usage.estimated_tokens:
        remarks.append(
            f"~ holds an estimate: {totals.usage.estimated_tokens:,} tokens were not reported."
        )
    return remarks


def _cut(accounting: Accounting) -> str:
    samples, written = accounting.cut, figures.plural(accounting.written, "token")
    said = f"{figures.plural(samples, 'sample')} stopped while being written, after {written}"
    return (
        f"{said}: about {figures.count(accounting.saved)} saved."
        if accounting.saved
        else f"{said}."
    )


def _table(
    fixed: list[str],
    columns: list[Column],
    rows_of: Callable[[list[Column]], list[list[str]]],
    boxed: bool,
    width: int,
) -> Table:
    """A table of as many columns as fit beside the fixed ones."""
    from rich import box
    from rich.table import Table

    while True:
        headings, rows = [*fixed, *(column.name for column in columns)], rows_of(columns)
        needed = sum(max(map(len, cells)) + GAP for cells in zip(headings, *rows, strict=True))
        dispensable = [column for column in columns if column.optional]
        if needed - GAP <= width or not dispensable:
            break
        columns.remove(min(dispensable, key=lambda column: column.optional))
    table = Table(
        box=box.SIMPLE_HEAD if boxed else None,
        show_edge=False,
        pad_edge=False,
        padding=(0, GAP - 1 if boxed else GAP, 0, 0),  # a box has a divider of its own
        header_style="dim",
    )
    for number, heading in enumerate(headings):
        table.add_column(heading, justify="right" if number else "left", no_wrap=True)
    for row in rows:
        table.add_row(*row, style="bold" if row[0] == "total" else None)
    return table
