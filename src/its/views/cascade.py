"""What `its curve SMALL LARGE` says of a cascade."""

from __future__ import annotations

from collections.abc import Sequence

from its.curves.cascade import CascadeGain, CascadePlan, CascadePoint


def frontier(points: Sequence[CascadePoint]) -> list[CascadePoint]:
    """Of each sort the points that no cheaper one of it reaches, by cost."""
    kept: list[CascadePoint] = []
    for sort in ("small", "large", "cascade"):
        best = -1.0
        for point in sorted(points, key=lambda p: (p.cost, -p.accuracy)):
            if point.strategy == sort and point.accuracy > best:
                kept.append(point)
                best = point.accuracy
    return kept


def row(point: CascadePoint) -> str:
    """One point in a line."""
    went_up = f", {point.went_up:.0%} up" if point.strategy == "cascade" else ""
    return (
        f"{point.strategy:8} {_samples(CascadePlan(point.small, point.large)):>7}  "
        f"accuracy {point.accuracy:.3f} ({point.low:.3f} to {point.high:.3f})  "
        f"cost {point.cost:.4g}{went_up}"
    )


def verdict_line(verdict: CascadeGain) -> str:
    """Whether the cascade is worth it, with the figure that says so."""
    plan = verdict.plan
    figure = (
        f"{verdict.gain:+.3f} accuracy (95 % interval {verdict.low:+.3f} to {verdict.high:+.3f}, "
        "held out) against the best mixture of both models alone at the same cost"
    )
    if verdict.worth_it:
        return (
            f"A cascade is worth it here: {plan.small} samples of the small model, {plan.large} of "
            f"the large one where confidence is under {plan.threshold:.2f}: {figure}."
        )
    return f"A cascade is not worth it here: the best one gives {figure}."


def _samples(plan: CascadePlan) -> str:
    return (
        f"{plan.small}+{plan.large}"
        if plan.small and plan.large
        else str(max(plan.small, plan.large))
    )
