"""How a run's slots for one model are divided among its workers."""

from __future__ import annotations

from collections.abc import Sequence


def fair_shares(limit: int, wanted: Sequence[int]) -> list[int]:
    """Nobody gets less than another one unless it wants no more; what nobody wants is divided
    evenly, so that a worker can begin more calls without asking. Together they are the limit."""
    if not wanted:
        return []
    shares = [0] * len(wanted)
    order = sorted(range(len(wanted)), key=wanted.__getitem__)
    left = limit
    for place, number in enumerate(order):
        shares[number] = min(wanted[number], left // (len(order) - place))
        left -= shares[number]
    each, over = divmod(left, len(order))
    for place, number in enumerate(reversed(order)):
        shares[number] += each + (place < over)
    return shares
