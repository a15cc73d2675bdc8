"""A run in a few lines of HTML, for a notebook."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import Any

from its.analysis.headline import Share, headline
from its.analysis.outcomes import ProblemOutcome
from its.views import figures

_CELL = "padding:2px 18px 2px 0;text-align:left"


def summary_html(
    name: str, outcomes: Sequence[ProblemOutcome], accounts: Mapping[str, Any] | None = None
) -> str:
    """Name, counts, accuracy with its interval, greedy beside it, and cost, as one small table.

    `accounts` are those of `compute.json`. Every text is escaped; there is no script in it.
    """
    head = headline(outcomes)
    rows = [
        ("problems", f"{head.problems:,}"),
        ("answered", f"{head.answered:,}"),
        *([("unanswered", f"{head.unanswered:,}")] if head.unanswered else []),
        *([("failed", f"{head.failed:,}")] if head.failed else []),
        *([("right", _share(head.scaled))] if head.scaled.total else []),
        *([("greedy", _share(head.greedy))] if head.greedy is not None else []),
        *_costs((accounts or {}).get("totals")),
    ]
    cells = "".join(
        f'<tr><th style="{_CELL};font-weight:normal;opacity:.7">{html.escape(key)}</th>'
        f'<td style="{_CELL}">{html.escape(value)}</td></tr>'
        for key, value in rows
    )
    title = f'<caption style="{_CELL};font-weight:bold">{html.escape(name)}</caption>'
    return f"<table>{title}<tbody>{cells}</tbody></table>"


def _share(share: Share) -> str:
    if share.low is None or share.high is None:
        return "not graded"
    interval = f"{100 * share.low:.1f} to {100 * share.high:.1f} %"
    percent = figures.percent(share.right, share.total)
    return f"{share.right:,} of {share.total:,}, {percent} ({interval})"


def _costs(totals: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    if totals is None:
        return []
    prompt, completion = totals["prompt_tokens"], totals["completion_tokens"]
    tokens = None if prompt is None or completion is None else prompt + completion
    return [
        ("completions", figures.count(totals["completions"])),
        ("tokens", figures.count(tokens)),
        ("money", figures.money(totals["usd"])),
    ]
