"""Grading: whether a row's answer is right. The one place that looks at references and verifiers.

`solve`, `curve`, `tune` and `grade` all grade here, with a run's own settings.
"""

from its.grading.grader import UNGRADED, Grade, Grader, GradingSettings, grading_key
from its.grading.regrading import is_stale, regrade

__all__ = [
    "UNGRADED",
    "Grade",
    "Grader",
    "GradingSettings",
    "grading_key",
    "is_stale",
    "regrade",
]
