"""An explanation as lines for a terminal or a file: it only formats what the story holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from rich.cells import cell_len
from rich.console import RenderableType
from rich.text import Text

from its.runs.accounting import Bill
from its.views import figures
from its.views.excerpt import clean_lines, excerpt, one_line, padded
from its.views.stage_tree import PLAIN, Guides, stage_lines
from its.views.story import Story, usage_of
from its.views.summary import bill_table

LABEL = 12
WIDEST = 120
BAR = 30


def explanation_lines(
    story: Story, row: Mapping[str, Any] | None, width: int, guides: Guides
) -> Iterator[RenderableType]:
    """The whole story with its row, or (without one) as far as it has come."""
    width = min(width, WIDEST)
    yield from _question(story, width)
    if story.difficulty:
        yield _headed("Difficulty", f"{story.difficulty['value']} of 10", _why(story.difficulty))
    if story.budget:
        yield _headed("Budget", _budget(story.budget))
    for stage in story.stages:
        yield Text()
        yield from stage_lines(stage, story.selection.get("candidate"), width, guides)
    if row is None:
        yield from (Text(line, "dim") for line in _pending(story))
        return
    yield from _vote(story, width, guides)
    yield from _ending(story, row, width)
    yield _headed("Spent", _spent(row))
    yield Text()
    yield bill_table(
        _bills(story, row),
        Bill(usage_of(row["usage"])),
        boxed=guides is not PLAIN,
        width=width,
    )


# --- before anything is tried -------------------------------------------------------------------


def _question(story: Story, width: int) -> Iterator[Text]:
    inside = width - LABEL
    lines = [part for line in clean_lines(story.question) for part in _wrapped(line, inside)]
    lines = lines or [""]
    for number, choice in enumerate(story.choices):
        lines.append(excerpt(f"{chr(ord('A') + number)}) {choice}", inside))
    for number, line in enumerate(lines):
        yield _headed("" if number else "Question", line)
    if story.question:
        yield Text()


def _wrapped(line: str, width: int) -> list[str]:
    """Broken between words, by terminal columns."""
    rows, row = [], ""
    for word in line.split(" "):
        if row and cell_len(f"{row} {word}") > width:
            rows.append(row)
            row = word
        else:
            row = f"{row} {word}" if row else word
    return [*rows, row]


def _headed(heading: str, said: str, why: str = "", style: str = "") -> Text:
    line = Text(f"{heading:<{LABEL}}", "dim").append(said, style or None)
    return line.append(f"  {why}", "dim") if why else line


def _why(difficulty: Mapping[str, Any]) -> str:
    return one_line(difficulty.get("reason") or f"by {difficulty.get('method', 'guess')}")


def _budget(budget: Mapping[str, Any]) -> str:
    limits = [figures.plural(budget["planned"], "completion")]
    if budget.get("tokens") is not None:
        limits.append(f"{figures.count(budget['tokens'])} tokens")
    if budget.get("usd") is not None:
        limits.append(figures.money(budget["usd"]))
    if budget.get("seconds") is not None:
        limits.append(figures.seconds(budget["seconds"]))
    return "at most " + ", ".join(limits)


def _pending(story: Story) -> list[str]:
    return [
        f"{name}: {figures.plural(number, 'call')} in flight"
        for name, number in story.pending.items()
    ]


# --- the choice ---------------------------------------------------------------------------------


def _vote(story: Story, width: int, guides: Guides) -> Iterator[Text]:
    tally = story.selection.get("tally") or ()
    if not tally:
        return
    yield Text()
    heaviest = max(*(weight for _, weight in tally), 1e-12)
    column = min(max(cell_len(one_line(answer)) for answer, _ in tally), width // 3)
    for number, (answer, weight) in enumerate(tally):
        heading = "" if number else "Vote"
        line = _headed(heading, padded(answer, column), style="" if number else "bold green")
        bar = guides.full * max(round(BAR * weight / heaviest), 1 if weight > 0 else 0)
        yield line.append(f"  {bar:<{BAR}}", "dim" if number else "green").append(f"  {weight:.4g}")
    if story.abstained:
        yield _headed("", f"{figures.plural(story.abstained, 'candidate')} without an answer", "")


def _ending(story: Story, row: Mapping[str, Any], width: int) -> Iterator[Text]:
    yield Text()
    for number, check in enumerate(story.checks):
        said = f"{check['candidate']} {check['decision']}: {one_line(check.get('reason', ''))}"
        yield _headed("" if number else "Checked", excerpt(said, width - LABEL))
    if row["status"] == "failed":
        reason = one_line(row["error"] or story.failure)
        yield _headed("Failed", reason, style="bold red")
        return
    selection = story.selection
    if row["status"] == "answered":
        right = {True: "right", False: "wrong", None: ""}[row["correct"]]
        answer = excerpt(row["answer"], width - LABEL - 8)
        yield _headed("Answer", answer, right, style="bold green")
    else:
        yield _headed("Answer", "none", style="bold yellow")
    grading = row.get("grading") or {}
    if row["correct"] is not None and grading.get("reason"):
        said = one_line(f"by {grading['by']}: {grading['reason']}")
        yield _headed("Graded", excerpt(said, width - LABEL))
    if row["confidence"] is not None:
        yield _headed("Confidence", f"{100 * row['confidence']:.0f} %")
    if selection.get("reason"):
        chosen = f"{selection['candidate']}: " if selection.get("candidate") else ""
        for number, line in enumerate(
            _wrapped(chosen + one_line(selection["reason"]), width - LABEL)
        ):
            yield _headed("" if number else "Why", line)
    if story.baseline:
        yield _headed("Greedy", excerpt(story.baseline.get("answer") or "none", width - LABEL))


# --- the bill -----------------------------------------------------------------------------------


def _spent(row: Mapping[str, Any]) -> str:
    budget, usage = row["budget"], usage_of(row["usage"])
    if not usage.calls:
        return "nothing: no call was made"
    of = "" if budget["planned"] is None else f" of {budget['planned']:,}"
    price = "price unknown" if usage.usd is None else figures.money(usage.usd)
    tokens = figures.count(usage.tokens)
    took = figures.seconds(row["seconds"])
    return f"{budget['spent']:,}{of} completions, {tokens} tokens, {price}, {took}"


def _bills(story: Story, row: Mapping[str, Any]) -> dict[str, Bill]:
    """Every stage's bill; what the row was charged beyond it went to attempts that failed."""
    spent = usage_of(row["usage"])
    recorded = sum((bill.usage for bill in story.bills.values()), start=usage_of({}))
    beyond = replace(
        usage_of({}),
        calls=spent.calls - recorded.calls,
        completions=spent.completions - recorded.completions,
        prompt_tokens=_minus(spent.prompt_tokens, recorded.prompt_tokens),
        completion_tokens=_minus(spent.completion_tokens, recorded.completion_tokens),
        usd=None if spent.usd is None or recorded.usd is None else spent.usd - recorded.usd,
    )
    bills = {name: bill for name, bill in story.bills.items() if bill.usage.calls or bill.retries}
    return {**bills, "failed or cancelled": Bill(beyond)} if beyond.calls > 0 else bills


def _minus(whole: int | None, part: int | None) -> int | None:
    return None if whole is None or part is None else whole - part
