"""What a judged batch came to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from its.judging.accuracy import Credit, accuracy


def report(rows: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Counts by status, and accuracy over the labelled items: strict (the right response leads
    alone) and with ties credited evenly. A failed item is no judgement and is left out."""
    statuses: Counter[str] = Counter()
    credits: list[Credit] = []
    margins: list[float] = []
    completions = 0
    for row in rows:
        statuses[row["status"]] += 1
        completions += (row.get("usage") or {}).get("completions") or 0
        if row.get("correct") is not None:
            credits.append(Credit(float(row["correct"]), row["credit"]))
        if row.get("margin") is not None:
            margins.append(row["margin"])
    items = sum(statuses.values())
    return {
        "items": items,
        "statuses": dict(statuses),
        "labelled": len(credits),
        **accuracy(credits),
        "mean_margin": round(sum(margins) / len(margins), 6) if margins else None,
        "mean_completions": round(completions / items, 6) if items else None,
    }
