"""How often the best scored response is the right one, strictly and with ties credited evenly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from its.rewards.voting import leaders


@dataclass(frozen=True, slots=True)
class Credit:
    """Of one labelled item: 1 where the right response leads alone (`strict`); 1/m where it is
    one of m that share the lead (`ties_even`); else 0. An item without any score gets 0."""

    strict: float
    ties_even: float


def credit(values: Sequence[float | None], label: int) -> Credit:
    """The credit for scores of all responses, of which the one at `label` is right."""
    first = leaders(values)
    if label not in first:
        return Credit(0.0, 0.0)
    return Credit(float(len(first) == 1), 1 / len(first))


def accuracy(credits: Sequence[Credit]) -> dict[str, float | None]:
    """Mean `strict` and `ties_even` credit over items; None without any."""
    if not credits:
        return {"strict": None, "ties_even": None}
    return {
        "strict": round(sum(c.strict for c in credits) / len(credits), 6),
        "ties_even": round(sum(c.ties_even for c in credits) / len(credits), 6),
    }
