"""How a run's slots for one model are divided among its workers."""

from __future__ import annotations

from collections.abc import Sequence

from its.ray.member import Member


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


def share_slots(role: str, limit: int, ready: Sequence[Member]) -> None:
    """Divide the slots of a model by what workers want. What one has too many of is free for
    another once it says that it uses them no more."""
    demands = [member.demand(role) for member in ready]
    shares = fair_shares(limit, [demand.in_use + demand.waiting for demand in demands])
    someone_waits = any(demand.waiting for demand in demands)
    for member, share in zip(ready, shares, strict=True):
        if share < member.leases.get(role, 0):
            member.grant(role, share)
            if someone_waits:
                member.push()
    free = limit - sum(member.held(role) for member in ready)
    for member, share, demand in zip(ready, shares, demands, strict=True):
        before = member.leases.get(role, 0)
        more = min(share - before, free)
        if more > 0:
            free -= more
            member.grant(role, before + more)
            if demand.waiting or not before:
                member.push()
