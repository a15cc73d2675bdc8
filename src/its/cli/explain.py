"""`its explain`: one question, live or recorded, as a story."""

from __future__ import annotations


def explain() -> None:
    """Tell how one question is answered: difficulty, budget, attempts, scores, vote, bill."""
