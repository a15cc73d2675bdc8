"""What a run came to: answers, accuracy and the bill by stage."""

from __future__ import annotations

from pathlib import Path

from rich.table import Table

from its.runs.run import Ended


def summary(ended: Ended, directory: Path) -> Table:
    table = Table(title=f"{directory}")
    for name in ("stage", "calls", "completions", "prompt", "completion"):
        table.add_column(name)
    for name, bill in ended.accounting.by_stage.items():
        usage = bill.usage
        table.add_row(
            name,
            str(usage.calls),
            str(usage.completions),
            str(usage.prompt_tokens),
            str(usage.completion_tokens),
        )
    table.caption = f"{dict(ended.standing.statuses)} {ended.standing.correct}/{ended.standing.graded} baseline {ended.standing.baseline_correct}"
    return table
