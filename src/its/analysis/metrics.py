"""What a graded run is worth: accuracy with its interval, whole and by field, and calibration."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from its.analysis.calibration import reliability
from its.analysis.outcomes import ProblemOutcome

LEVEL = 0.95
RESAMPLES = 10_000


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Right answers among graded problems; an unanswered or failed one is wrong.

    `low` and `high` bound the accuracy at 95 %, by a bootstrap over problems; None for no problem.
    """

    graded: int
    correct: int
    accuracy: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Metrics:
    """`calibration_error` is the expected one: the mean distance of confidence and accuracy in
    ten bins. `by` holds the accuracy of every value of the fields asked for."""

    problems: int
    answered: int
    whole: Accuracy
    calibration_error: float | None
    by: Mapping[str, Mapping[str, Accuracy]]

    def as_dict(self) -> dict[str, Any]:
        return {
            "problems": self.problems,
            "answered": self.answered,
            **asdict(self.whole),
            "calibration_error": self.calibration_error,
            "by": {
                field: {value: asdict(accuracy) for value, accuracy in groups.items()}
                for field, groups in self.by.items()
            },
        }


def metrics_of(outcomes: Sequence[ProblemOutcome], fields: Sequence[str] = ()) -> Metrics:
    """The metrics of a run, and its accuracy by these fields of the metadata."""
    trusted = reliability(outcomes)
    return Metrics(
        len(outcomes),
        sum(outcome.status == "answered" for outcome in outcomes),
        accuracy_of(outcomes),
        None if trusted is None else trusted.gap,
        {field: _by(outcomes, field) for field in fields},
    )


def accuracy_of(outcomes: Sequence[ProblemOutcome]) -> Accuracy:
    graded = [bool(outcome.correct) for outcome in outcomes if outcome.graded]
    if not graded:
        return Accuracy(0, 0, None, None, None)
    right = sum(graded)
    low, high = proportion_interval(right, len(graded))
    return Accuracy(len(graded), right, right / len(graded), low, high)


def proportion_interval(right: int, total: int, seed: int = 0) -> tuple[float, float]:
    """The percentile bootstrap of a share: drawing problems with replacement makes the number of
    right ones binomial."""
    import numpy as np

    drawn = np.random.default_rng(seed).binomial(total, right / total, RESAMPLES) / total
    low, high = np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def value_of(outcome: ProblemOutcome, field: str) -> str:
    """The value of a field of the metadata (`a.b` looks inside), as text."""
    value: Any = outcome.metadata
    for name in (field,) if field in outcome.metadata else field.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    if value is None:
        return "(none)"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _by(outcomes: Sequence[ProblemOutcome], field: str) -> dict[str, Accuracy]:
    groups: dict[str, list[ProblemOutcome]] = {}
    for outcome in outcomes:
        groups.setdefault(value_of(outcome, field), []).append(outcome)
    return {value: accuracy_of(members) for value, members in sorted(groups.items())}
