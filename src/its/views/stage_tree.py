"""A stage of a story as a tree of candidates, each below what it was made from."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.text import Text

from its.views import figures
from its.views.excerpt import excerpt, one_line, padded
from its.views.story import CandidateStory, StageStory

REPLIES_SHOWN = 6
LEFT_OUT_SHOWN = 8
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


def stage_lines(
    stage: StageStory, chosen: str | None, width: int, guides: Guides
) -> Iterator[Text]:
    title = Text(stage.name, "bold")
    if stage.strategy:
        models = one_line(", ".join(stage.models) or stage.model)
        about = f"up to {figures.plural(stage.completions, 'completion')} of {models}"
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
        f"{figures.plural(number, 'call')} failed: {one_line(reason)}"
        for reason, number in stage.failures.items()
    ]
    decided = [f"{decision}: {one_line(reason)}" for decision, reason in stage.decisions]
    left_out = [f"left out: {one_line(reason)}" for reason in stage.left_out[:LEFT_OUT_SHOWN]]
    if (more := len(stage.left_out) - LEFT_OUT_SHOWN) > 0:
        left_out.append(f"and {figures.plural(more, 'sample')} more")
    return failed + left_out + decided


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
    known = {candidate.id for candidate in stage.candidates}
    below: dict[str, list[CandidateStory]] = {}
    roots: list[CandidateStory] = []
    for candidate in stage.candidates:
        parents = [parent for parent in candidate.parents if parent in known]
        (below.setdefault(parents[-1], []) if parents else roots).append(candidate)
    depths = _Columns.of(stage.candidates, _depth(roots, below))
    yield from _branch(roots, below, "", _Drawing(chosen, width, guides, depths), more=more)


@dataclass(frozen=True, slots=True)
class _Columns:
    """Widths that line up the candidates of one stage, at every depth of its tree."""

    label: int
    model: int
    style: int
    answer: int
    score: int

    @staticmethod
    def of(candidates: Sequence[CandidateStory], depth: int) -> _Columns:
        return _Columns(
            min(max(len(c.label) for c in candidates), 20) + 3 * depth,
            min(max(len(c.model) for c in candidates), 14),
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


def _depth(roots: list[CandidateStory], below: Mapping[str, list[CandidateStory]]) -> int:
    return max((1 + _depth(below[c.id], below) for c in roots if c.id in below), default=0)


def _branch(
    candidates: list[CandidateStory],
    below: Mapping[str, list[CandidateStory]],
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


def _candidate(candidate: CandidateStory, guide: str, drawing: _Drawing) -> Text:
    columns, won = drawing.columns, candidate.id == drawing.chosen
    label = padded(candidate.label, max(columns.label - (len(guide) - 3), 1))
    line = Text(guide, "dim").append(label, "dim")
    if columns.model:
        line.append(f"  {padded(candidate.model, columns.model)}", "dim")
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


def _answer(candidate: CandidateStory) -> str:
    if candidate.answer is None:
        return "no answer"
    return one_line(candidate.answer) + (" ?" if candidate.fallback else "")


def _said_of(candidate: CandidateStory) -> list[str]:
    """The critique it was made from and the reason of its score, where they say something."""
    said = [f"critique: {candidate.critique}"] if candidate.critique else []
    reason = candidate.reason.strip()
    return [*said, f"score: {reason}"] if reason and not _BARE_SCORE.fullmatch(reason) else said
