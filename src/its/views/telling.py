"""A story as lines for a terminal or a file. It only shows; what happened is the story's."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from rich.cells import cell_len
from rich.console import RenderableType
from rich.text import Text

from its.runs.accounting import Bill
from its.views import figures
from its.views.excerpt import clean_lines, excerpt, one_line, padded
from its.views.story import StageStory, Story, Told, usage_of
from its.views.summary import bill_table

LABEL = 12
WIDEST = 120
BAR = 30
REPLIES_SHOWN = 6
_BARE_SCORE = re.compile(r"\W*([A-Za-z]+\W+)?\d+(\.\d+)?(\s*(/|of|out of)\s*\d+)?\W*")


@dataclass(frozen=True, slots=True)
class Guides:
    """What a tree is drawn with: lines on a terminal, indentation elsewhere."""

    branch: str = "├─ "
    last: str = "└─ "
    through: str = "│  "
    gap: str = "   "
    full: str = "█"


PLAIN = Guides("   ", "   ", "   ", "   ", "#")


def tell(
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
        yield from _stage(stage, story.selection.get("candidate"), width, guides)
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
    lines = [part for line in clean_lines(story.question) for part in _wrapped(line, inside)] or [
        ""
    ]
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


# --- stages and candidates ----------------------------------------------------------------------


def _stage(stage: StageStory, chosen: str | None, width: int, guides: Guides) -> Iterator[Text]:
    title = Text(stage.name, "bold")
    if stage.strategy:
        about = f"up to {figures.plural(stage.completions, 'completion')} of {stage.model}"
        strategy = "" if stage.strategy == stage.name else f"{stage.strategy}, "
        title.append(f"  {strategy}{about}", "dim")
    remarks = _remarks(stage)
    if not stage.strategy and remarks:
        yield title.append(f"  {remarks[0]}", "dim")
        return
    yield title
    for number, grew in enumerate(stage.rounds if stage.searches_steps else ()):
        line = Text(guides.branch, "dim").append(f"round {number + 1:<4}", "dim")
        yield line.append(excerpt(grew, width - cell_len(line.plain)), "dim")
    yield from _tree(stage, chosen, width, guides, more=bool(remarks))
    for number, remark in enumerate(remarks):
        guide = guides.last if number == len(remarks) - 1 else guides.branch
        yield Text(guide, "dim").append(excerpt(remark, width - len(guide)), "yellow")


def _remarks(stage: StageStory) -> list[str]:
    failed = [
        f"{figures.plural(number, 'call')} came to nothing: {one_line(reason)}"
        for reason, number in stage.failures.items()
    ]
    decided = [f"{decision}: {one_line(reason)}" for decision, reason in stage.decisions]
    return failed + decided


def _tree(
    stage: StageStory, chosen: str | None, width: int, guides: Guides, *, more: bool
) -> Iterator[Text]:
    """Candidates below those that they were made from; before there are any, the replies."""
    if not stage.candidates:
        shown = stage.replies[-REPLIES_SHOWN:]
        for label, text in shown:
            line = Text(guides.branch, "dim").append(f"{label}  ", "dim")
            yield line.append(excerpt(text, width - cell_len(line.plain)))
        return
    told = {candidate.id for candidate in stage.candidates}
    below: dict[str, list[Told]] = {}
    roots: list[Told] = []
    for candidate in stage.candidates:
        parents = [parent for parent in candidate.parents if parent in told]
        (below.setdefault(parents[-1], []) if parents else roots).append(candidate)
    depths = _Columns.of(stage.candidates, _depth(roots, below))
    yield from _branch(roots, below, "", _Drawing(chosen, width, guides, depths), more=more)


@dataclass(frozen=True, slots=True)
class _Columns:
    """Widths that line up the candidates of one stage, at every depth of its tree."""

    label: int
    style: int
    answer: int
    score: int

    @staticmethod
    def of(candidates: Sequence[Told], depth: int) -> _Columns:
        return _Columns(
            min(max(len(c.label) for c in candidates), 20) + 3 * depth,
            min(max(len(c.style) for c in candidates), 14),
            min(max(cell_len(_answer(c)) for c in candidates), 18),
            4 if any(c.score is not None for c in candidates) else 0,
        )


@dataclass(frozen=True, slots=True)
class _Drawing:
    chosen: str | None
    width: int
    guides: Guides
    columns: _Columns


def _depth(roots: list[Told], below: Mapping[str, list[Told]]) -> int:
    return max((1 + _depth(below[c.id], below) for c in roots if c.id in below), default=0)


def _branch(
    candidates: list[Told],
    below: Mapping[str, list[Told]],
    indent: str,
    drawing: _Drawing,
    *,
    more: bool,
) -> Iterator[Text]:
    guides = drawing.guides
    for number, candidate in enumerate(candidates):
        last = number == len(candidates) - 1 and not more
        children = below.get(candidate.id, [])
        yield _candidate(candidate, indent + (guides.last if last else guides.branch), drawing)
        inner = indent + (guides.gap if last else guides.through)
        under = inner + (guides.through if children else guides.gap)
        for remark in _said_of(candidate):
            room = drawing.width - len(under)
            yield Text(under, "dim").append(excerpt(remark, room), "dim italic")
        yield from _branch(children, below, inner, drawing, more=False)


def _candidate(candidate: Told, guide: str, drawing: _Drawing) -> Text:
    columns, won = drawing.columns, candidate.id == drawing.chosen
    label = padded(candidate.label, max(columns.label - (len(guide) - 3), 1))
    line = Text(guide, "dim").append(label, "dim")
    if columns.style:
        line.append(f"  {padded(candidate.style, columns.style)}", "dim")
    known = "bold green" if won else "bold" if candidate.answer is not None else "dim"
    line.append(f"  {padded(_answer(candidate), columns.answer)}", known)
    if columns.score:
        score = "" if candidate.score is None else f"{candidate.score:.2f}"
        line.append(f"  {score:>{columns.score}}", "cyan")
    end = "  ← chosen" if won else "" if candidate.complete else "  (unfinished)"
    room = drawing.width - cell_len(line.plain) - 2 - len(end)
    line.append(f"  {excerpt(candidate.text, room)}", "dim" if not won else "")
    return line.append(end, "green" if won else "yellow")


def _answer(candidate: Told) -> str:
    if candidate.answer is None:
        return "no answer"
    return one_line(candidate.answer) + (" ?" if candidate.fallback else "")


def _said_of(candidate: Told) -> list[str]:
    """The critique it was made from and the reason of its score, where they say something."""
    said = [f"critique: {candidate.critique}"] if candidate.critique else []
    reason = candidate.reason.strip()
    return [*said, f"score: {reason}"] if reason and not _BARE_SCORE.fullmatch(reason) else said


def _pending(story: Story) -> list[str]:
    return [
        f"{name}: {figures.plural(number, 'call')} under way"
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
    of = "" if budget["planned"] is None else f" of {budget['planned']:,}"
    price = "price unknown" if usage.usd is None else figures.money(usage.usd)
    tokens = figures.count(usage.tokens)
    took = figures.seconds(row["seconds"])
    return f"{budget['spent']:,}{of} completions, {tokens} tokens, {price}, {took}"


def _bills(story: Story, row: Mapping[str, Any]) -> dict[str, Bill]:
    """Every stage's bill; what the row was charged beyond it went to attempts that failed."""
    spent = usage_of(row["usage"])
    told = sum((bill.usage for bill in story.bills.values()), start=usage_of({}))
    beyond = replace(
        usage_of({}),
        calls=spent.calls - told.calls,
        completions=spent.completions - told.completions,
        prompt_tokens=_minus(spent.prompt_tokens, told.prompt_tokens),
        completion_tokens=_minus(spent.completion_tokens, told.completion_tokens),
        usd=None if spent.usd is None or told.usd is None else spent.usd - told.usd,
    )
    bills = {name: bill for name, bill in story.bills.items() if bill.usage.calls or bill.retries}
    return {**bills, "failed or cancelled": Bill(beyond)} if beyond.calls > 0 else bills


def _minus(whole: int | None, part: int | None) -> int | None:
    return None if whole is None or part is None else whole - part
