"""Short-m@k: start k samples, keep the m that end first (arXiv:2505.17813)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Shortest:
    """`kept` are the places of the m shortest samples, in order of length; `tokens` is what all k
    had produced when the m-th ended, and `sequential_tokens` how long that took."""

    kept: tuple[int, ...]
    tokens: int
    sequential_tokens: int


def short_m_at_k(lengths: Sequence[int], m: int) -> Shortest:
    """The vote is among the m shortest of k samples; the others are cut when the m-th ends.

    `lengths` counts completion tokens, not seconds, so that the choice repeats; of equals the
    lower number is first. Raises ValueError where m is not from 1 to k.
    """
    if not 1 <= m <= len(lengths):
        raise ValueError(f"short-{m}@{len(lengths)}: m must be from 1 to k")
    ranked = sorted(range(len(lengths)), key=lambda i: (lengths[i], i))
    longest = lengths[ranked[m - 1]]
    return Shortest(tuple(ranked[:m]), sum(min(n, longest) for n in lengths), longest)
