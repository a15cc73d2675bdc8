"""From run directories to one HTML file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from its.report.comparing import compare_runs
from its.report.curve import run_curve
from its.report.page import render_page
from its.report.page_data import comparison_fields, run_content
from its.report.reading import read_run_data
from its.report.stories import Packed, pack_stories
from its.runs.directory import write_atomically


@dataclass(frozen=True, slots=True)
class Written:
    """The file, its size in bytes, and how many problems' texts it leaves out."""

    path: Path
    size: int
    problems: int
    left_out: int


def write_report(
    runs: Sequence[Path], output: Path, *, size: int, problems: str | None = None
) -> Written:
    """Write the report of these runs, with the texts of at most `size` bytes in the file.

    With several runs each is shown, and compared with the first. Raises RunDirectoryError.
    """
    read = [read_run_data(path) for path in runs]
    contents: list[dict[str, Any]] = []
    stories: list[Packed] = []
    for run in read:
        packed = pack_stories(run.path, run.outcomes, size // len(read))
        contents.append(run_content(run, run_curve(run.path, problems), packed))
        stories.append(packed)
    compared = compare_runs(read[0], read[1:])
    comparisons = [
        {"runs": [0, number]} | comparison_fields(comparison)
        for number, comparison in enumerate(compared, 1)
    ]
    content = {"runs": contents, "comparisons": comparisons}
    title = " and ".join(run.name for run in read)
    page = render_page(title, content, stories).encode()
    write_atomically(output, page)
    return Written(
        output,
        len(page),
        sum(len(run.outcomes) for run in read),
        sum(packed.left_out for packed in stories),
    )
