"""What grading a run again says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from its.analysis.metrics import Accuracy, Metrics
from its.runs.regrading import Regraded
from its.views import figures

SHOWN = 10
"""Changed rows that are named."""


def graded_lines(
    regraded: Regraded,
    metrics: Metrics,
    passes: Mapping[str, float] | None,
    *,
    dry_run: bool,
) -> list[str]:
    lines = [*_changed(regraded, dry_run), *_graded_by(regraded), accuracy_line(metrics)]
    lines += regraded.agreement.in_words()
    if metrics.calibration_error is not None:
        lines.append(f"Expected calibration error: {metrics.calibration_error:.3f}.")
    for field, groups in metrics.by.items():
        lines.append(f"By {field}:")
        lines += [f"  {value}: {_in_words(accuracy)}" for value, accuracy in groups.items()]
    if passes:
        listed = ", ".join(f"pass@{k} {share:.3f}" for k, share in passes.items())
        lines.append(f"Of the samples drawn: {listed}.")
    return lines


def accuracy_line(metrics: Metrics) -> str:
    silent = metrics.problems - metrics.answered
    unanswered = f"; {silent:,} without an answer count as wrong" if silent else ""
    return f"Accuracy: {_in_words(metrics.whole)}{unanswered}."


def _in_words(accuracy: Accuracy) -> str:
    if accuracy.accuracy is None or accuracy.low is None or accuracy.high is None:
        return "nothing is graded"
    return (
        f"{accuracy.correct:,} of {accuracy.graded:,} right, {accuracy.accuracy:.3f} "
        f"(95 % interval {accuracy.low:.3f} to {accuracy.high:.3f})"
    )


def _changed(regraded: Regraded, dry_run: bool) -> list[str]:
    total = figures.plural(len(regraded.rows), "row")
    if not regraded.changes:
        return [f"{total} graded again: nothing changed."]
    would = "would change" if dry_run else "changed"
    lines = [f"{total} graded again: {len(regraded.changes):,} {would}."]
    for change in regraded.changes[:SHOWN]:
        was, now = (_verdict(v) for v in (change.correct_before, change.correct))
        reason = f" ({change.reason})" if change.reason else ""
        lines.append(f"  {change.id}: {was} → {now}, answer {change.answer!r:.80}{reason}")
    if len(regraded.changes) > SHOWN:
        lines.append(f"  and {len(regraded.changes) - SHOWN:,} more")
    return lines


def _graded_by(regraded: Regraded) -> list[str]:
    counted = Counter(
        str(grading["by"])
        for row in regraded.rows
        if (grading := row.get("grading")) and grading.get("by")
    )
    lines = []
    if counted:
        counts = ", ".join(f"{number:,} by {by}" for by, number in counted.most_common())
        lines.append(f"Graded: {counts}.")
    if regraded.kept:
        rows = figures.plural(regraded.kept, "row")
        lines.append(
            f"{rows} kept as they were: their problems were not found; name the file with "
            "--problems."
        )
    return lines


def _verdict(correct: bool | None) -> str:
    return {True: "right", False: "wrong", None: "no verdict"}[correct]
