"""Slots are divided fairly: nobody waits while another has more than it uses."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from its.ray.leases import fair_shares


@given(st.integers(0, 1000), st.lists(st.integers(0, 1000), min_size=1, max_size=12))
def test_shares_are_the_limit_and_fair(limit: int, wanted: list[int]) -> None:
    shares = fair_shares(limit, wanted)
    assert sum(shares) == limit
    assert min(shares) >= 0
    if sum(wanted) <= limit:
        assert all(share >= want for share, want in zip(shares, wanted, strict=True))
    for share, want in zip(shares, wanted, strict=True):
        if share < want:  # nobody else has more than one slot over it, beyond rounding
            assert max(shares) <= share + 1


def test_what_nobody_wants_is_divided_evenly() -> None:
    assert fair_shares(12, [2, 0, 1]) == [5, 3, 4]
    assert fair_shares(10, [100, 3, 100]) == [3, 3, 4]
    assert fair_shares(3, []) == []
