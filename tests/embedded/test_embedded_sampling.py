"""Sampling draws from the distribution that was asked for, from numbers that are only counted."""

from __future__ import annotations

import numpy as np
import pytest

from its.models.embedded.sampling import (
    choose,
    log_softmax,
    sequence_key,
    settings_of,
    uniforms,
)
from its.models.embedded.weights import Floats

DRAWS = 20_000


def frequencies(logits: Floats, temperature: float, top_p: float = 1.0) -> Floats:
    """How often each token is drawn, over DRAWS rows with the same logits."""
    keys = np.array([sequence_key(7, index) for index in range(DRAWS)], np.uint64)
    settings = settings_of(
        np.full(DRAWS, temperature, np.float32), np.full(DRAWS, top_p, np.float32)
    )
    numbers = uniforms(keys, np.array([3], np.uint64))[:, 0]
    chosen = choose(np.tile(logits, (DRAWS, 1)), settings, numbers)
    counts = np.bincount(chosen, minlength=len(logits)).astype(np.float32)
    return counts / np.float32(DRAWS)


@pytest.fixture
def logits() -> Floats:
    return np.random.default_rng(0).normal(0, 2, 128).astype(np.float32)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_tokens_come_as_often_as_the_softmax_says(logits: Floats, temperature: float) -> None:
    expected = np.exp(log_softmax(logits / np.float32(temperature)))

    error = frequencies(logits, temperature) - expected

    spread = np.sqrt(expected * (1 - expected) / DRAWS)
    assert np.all(np.abs(error) < 5 * spread + 2 / DRAWS)


def test_temperature_zero_takes_the_likeliest(logits: Floats) -> None:
    assert frequencies(logits, 0.0)[logits.argmax()] == 1


def test_top_p_keeps_the_fewest_tokens_that_reach_it() -> None:
    logits = np.log(np.array([0.1, 0.4, 0.2, 0.3], np.float32))

    assert np.flatnonzero(frequencies(logits, 1.0, top_p=0.6)).tolist() == [1, 3]
    assert np.flatnonzero(frequencies(logits, 1.0, top_p=0.75)).tolist() == [1, 2, 3]
    assert np.flatnonzero(frequencies(logits, 1.0, top_p=0.01)).tolist() == [1]
    assert frequencies(logits, 1.0, top_p=0.6)[1] == pytest.approx(4 / 7, abs=0.02)


def test_rows_with_other_settings_do_not_disturb_each_other(logits: Floats) -> None:
    rows = np.tile(logits, (3, 1))
    mixed = settings_of(np.array([0, 1, 1], np.float32), np.array([1, 1, 1e-3], np.float32))

    chosen = choose(rows, mixed, np.array([0.999, 0.0, 0.999], np.float32))

    assert chosen.tolist() == [logits.argmax(), 0, logits.argmax()]


def test_numbers_are_uniform_and_below_one() -> None:
    keys = np.array([sequence_key(seed, 0) for seed in range(200)], np.uint64)

    numbers = uniforms(keys, np.arange(500, dtype=np.uint64))

    assert numbers.min() >= 0
    assert numbers.max() < 1
    counts, _ = np.histogram(numbers, 20, (0, 1))
    expected = numbers.size / 20
    assert ((counts - expected) ** 2 / expected).sum() < 50
    assert abs(np.corrcoef(numbers[:, 0], numbers[:, 1])[0, 1]) < 0.3


def test_neighbouring_seeds_and_indices_have_keys_of_their_own() -> None:
    keys = {sequence_key(seed, index) for seed in range(-50, 50) for index in range(50)}

    assert len(keys) == 5000
