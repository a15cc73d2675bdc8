"""What is said before anything is spent: what was read, and what is there already."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from its.problems.field_names import Mapping
from its.problems.findings import Findings
from its.views.figures import plural

if TYPE_CHECKING:
    from its.problems.problem import Problem
    from its.problems.sharding import Shard

MAPPINGS = 3
"""Different ways of reading a line that are listed one by one."""

UNSENT = 6
"""Fields that are named as not sent."""


def reading_line(findings: Findings) -> str:
    """How the input was understood: which field is what, choices and how they are named, and the
    fields that no model sees."""
    if not findings.mappings:
        return "No problem was read."
    parts = [mapping_line(findings.mappings).removesuffix(".")]
    if findings.most:
        number = f"{findings.fewest} to {findings.most}"
        choices = f"{findings.most if findings.fewest == findings.most else number} choices"
        ways = " and ".join(way for way, _ in findings.named.most_common(2))
        parts.append(f"{choices}, named {ways}" if ways else choices)
    if findings.unsent:
        names = list(findings.unsent)
        more = f" and {len(names) - UNSENT} more" if len(names) > UNSENT else ""
        parts.append(f"not sent: {', '.join(names[:UNSENT])}{more}")
    return f"{'; '.join(parts)}."


def mapping_line(mappings: Counter[Mapping]) -> str:
    """Which field was read as what; with the number of records where not all were read alike."""
    if len(mappings) == 1:
        return f"Read {next(iter(mappings))}."
    shown = [
        f"{mapping} ({plural(number, 'record')})"
        for mapping, number in mappings.most_common(MAPPINGS)
    ]
    more = "" if len(mappings) <= MAPPINGS else f"; and {len(mappings) - MAPPINGS} other ways"
    return f"Read {'; '.join(shown)}{more}."


def shard_line(shard: Shard, rows: int | None, whole: int | None) -> str:
    """Which part of the input this run is."""
    counted = "" if rows is None or whole is None else f": {rows:,} of {plural(whole, 'problem')}"
    return f"Shard {shard}{counted}."


def first_problem(problem: Problem) -> str:
    """The first problem as the model's prompt will ask it."""
    from its.prompts.prompt_set import question_text

    question = problem.question
    turns = [f"{message.role}: {message.content}" for message in question.messages[:-1]]
    asked = question_text(question)
    lines = [f"The first problem ({problem.id}) as it will be asked:", ""]
    lines += [f"  {line}" for line in "\n".join([*turns, asked]).splitlines()]
    return "\n".join(lines)


def voting_line(problem: Problem) -> str | None:
    """That a vote cannot choose among the answers to this problem, and what can; None where it
    can."""
    from its.prompts import task_of

    task = task_of(problem.question)
    if task == "code":
        return (
            "A vote hardly chooses among programs, of which no two are written alike: "
            "`-c programs` runs them on the question's own examples (docs/rewards.md)."
        )
    if task == "text":
        return (
            "A vote hardly chooses among free texts, of which no two are written alike: "
            "`--set select.method=universal` asks the model which one the others agree with."
        )
    return None


def grading_line(model: str, rows: int | None, passes: int) -> str:
    """What a grading model is asked on top, at most: both orders of every answer."""
    many = f"{2 * passes} per problem" if rows is None else plural(2 * passes * rows, "call")
    return f"Grading by {model} comes on top: at most {many}, on a bill of its own."


def resume_line(directory: Path, rows: int, total: int | None) -> str:
    """How much of a run is there already."""
    of = f" of {total:,}" if total is not None and rows <= total else ""
    return f"Resuming {directory}: {rows:,}{of} rows are there."


def nothing_to_do_line(directory: Path, rows: int) -> str:
    return f"Nothing to do: all {rows:,} rows are in {directory} (--fresh starts over)."
