"""Counts add up, and what is unknown stays unknown, and alone."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from its.calls.replies import share
from its.usage import Usage, total


def test_an_unknown_count_makes_that_count_unknown_and_no_other() -> None:
    summed = total(
        [Usage(calls=1, prompt_tokens=3, usd=None), Usage(calls=1, prompt_tokens=4, usd=1)]
    )
    assert (summed.calls, summed.prompt_tokens, summed.usd) == (2, 7, None)
    assert total([Usage(prompt_tokens=None), Usage(completion_tokens=2)]) == Usage(
        prompt_tokens=None, completion_tokens=2
    )


@given(tokens=st.integers(0, 10**9), parts=st.integers(1, 50))
def test_shares_of_a_call_never_come_to_less_than_the_call(tokens: int, parts: int) -> None:
    part = share(Usage(prompt_tokens=tokens, completion_tokens=tokens), parts)
    assert part.prompt_tokens is not None
    assert tokens <= parts * part.prompt_tokens < tokens + parts
    assert part.completion_tokens == part.prompt_tokens
