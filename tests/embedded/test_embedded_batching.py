"""A sample is a function of its request and seed alone: bit by bit the same in any company."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from its.models.embedded.batch import DecodingBatch, DecodingSample, Draw
from its.models.embedded.weights import Floats, Shape
from tests.embedded.drawing import draw, run, transformer
from tests.embedded.random_weights import LARGE, SMALL


def same(one: DecodingSample, other: DecodingSample) -> bool:
    """Whether two samples are equal in all, log-probabilities to the last bit."""
    return (
        (one.tokens, one.text, one.finish) == (other.tokens, other.text, other.finish)
        and same_values(one.logprobs, other.logprobs)
        and same_values(one.alternatives, other.alternatives)
    )


def same_values(one: Floats | None, other: Floats | None) -> bool:
    if one is None or other is None:
        return one is other
    return np.array_equal(one, other)


@pytest.mark.parametrize("shape", [SMALL, LARGE], ids=["small", "large"])
def test_alone_and_in_a_batch_of_64_it_is_the_same(shape: Shape) -> None:
    rng = random.Random(1)
    draws = [
        draw(
            f"{'1+' * rng.randint(0, 40)}{seed}",
            seed=seed,
            limit=rng.randint(20, 120),
            temperature=rng.choice([0.0, 0.7, 1.0]),
            top_p=rng.choice([0.8, 1.0]),
            logprobs=rng.choice([0, 3]),
        )
        for seed in range(64)
    ]
    together = run(transformer(shape), draws, capacity=64)

    for number in range(0, 64, 4 if shape is SMALL else 16):
        (alone,) = run(transformer(shape), [draws[number]], capacity=64)
        assert same(together[number][0], alone[0])


@st.composite
def traffic(data: st.DrawFn) -> tuple[list[Draw], list[int]]:
    """Draws of all kinds and the steps at which they come in."""
    draws = [
        draw(
            "7*8+" * data(st.integers(0, 30)) + "1",
            seed=data(st.integers(0, 99)),
            n=data(st.integers(1, 9)),
            limit=data(st.integers(1, 50)),
            temperature=data(st.sampled_from([0.0, 0.5, 1.0])),
            top_p=data(st.sampled_from([0.5, 0.95, 1.0])),
            stop=data(st.sampled_from([(), ("\n",), ("1", "ab")])),
            logprobs=data(st.sampled_from([None, 0, 2])),
            continues=data(st.sampled_from(["", "7*8=56; "])),
        )
        for _ in range(data(st.integers(1, 6)))
    ]
    return draws, [data(st.integers(0, 60)) for _ in draws]


@settings(max_examples=25, deadline=None)
@given(traffic())
def test_in_any_interleaving_it_is_the_same(traffic: tuple[list[Draw], list[int]]) -> None:
    draws, entering = traffic
    mixed = run(transformer(), draws, entering, capacity=32)

    for asked, samples in zip(draws, mixed, strict=True):
        (alone,) = run(transformer(), [asked])
        assert len(alone) == len(samples) == len(asked.keys)
        assert all(map(same, alone, samples))


def test_a_sample_does_not_depend_on_how_many_are_drawn() -> None:
    (few,), (many,) = (run(transformer(), [draw("5*5", seed=3, n=n)]) for n in (3, 20))

    assert all(map(same, few, many))
    assert len({sample.text for sample in many}) > 10


def test_a_draw_that_is_cancelled_leaves_the_others_as_they_are() -> None:
    kept, dropped = draw("1+1", seed=1, n=5, limit=60), draw("2+2", seed=2, n=7, limit=60)
    model = transformer()
    batch = DecodingBatch(model, 32)
    for asked in (dropped, kept):
        batch.add(asked, range(len(asked.keys)), model.prefill(asked.prompt[:-1])[0])
    done = [ended for _ in range(20) for ended in batch.step()]
    cancelled = batch.cancel(dropped)
    while batch.rows:
        done += batch.step()

    alone = run(model, [kept])[0]
    found = {row.index: sample for row, sample in done if row.draw is kept}
    assert all(same(found[index], sample) for index, sample in enumerate(alone))
    whole = run(model, [dropped])[0]
    assert cancelled
    for row, sample in cancelled:
        assert sample.finish is None
        assert sample.tokens == whole[row.index].tokens[:20]


def test_a_text_that_is_cut_and_continued_with_its_seed_goes_on_as_it_would_have() -> None:
    whole = draw("Solve: 9*9", seed=11, limit=60)
    (uncut,) = run(transformer(), [whole])[0]
    start = len(uncut.text) // 2
    half = draw("Solve: 9*9", seed=11, limit=60, continues=uncut.text[:start])

    (rest,) = run(transformer(), [half])[0]

    if len(uncut.text) == len(uncut.tokens):  # silent tokens cannot be put back as text
        assert rest.text.startswith(uncut.text[start:])
    assert replace(half, keys=()).prompt.endswith(uncut.text[:start].encode())
