"""The forward pass against the textbook's, in float64; sizes and FLOPs against known figures."""

from __future__ import annotations

import numpy as np
import pytest

from its.models.embedded.sampling import log_softmax
from its.models.embedded.transformer import Transformer
from its.models.embedded.weights import Shape
from tests.embedded.drawing import draw, run, transformer
from tests.embedded.random_weights import LARGE, SMALL, random_weights
from tests.embedded.reference import reference_logprobs


@pytest.mark.parametrize("shape", [SMALL, LARGE], ids=["small", "large"])
def test_a_prefill_gives_the_textbooks_log_probabilities(shape: Shape) -> None:
    tokens = draw("Solve: 41*3+5*24-37").prompt * 4
    model = transformer(shape)
    _, x = model.prefill(tokens)

    found = log_softmax(model.logits(x))

    assert np.abs(found - reference_logprobs(random_weights(shape), tokens)).max() < 1e-4


@pytest.mark.parametrize("shape", [SMALL, LARGE], ids=["small", "large"])
def test_decoding_gives_the_textbooks_log_probabilities_over_many_pages(shape: Shape) -> None:
    asked = draw("Solve: 41*3+5*24-37", limit=150)

    (sample,) = run(transformer(shape), [asked])[0]

    tokens = asked.prompt + sample.tokens
    expected = reference_logprobs(random_weights(shape), tokens)[len(asked.prompt) - 1 : -1]
    chosen = expected[np.arange(len(sample.tokens)), list(sample.tokens)]
    assert len(tokens) > 64
    assert sample.logprobs is not None
    assert np.abs(sample.logprobs - chosen).max() < 1e-4


@pytest.mark.parametrize("sign", [1, -1])
def test_attention_scores_beyond_a_floats_exponent_are_weighed_rightly(sign: int) -> None:
    """Queries and keys so long that exp(score) overflows, or vanishes in every place."""
    weights = random_weights(SMALL)
    for layer in range(SMALL.num_hidden_layers):
        attention = f"model.layers.{layer}.self_attn."
        weights.tensors[attention + "k_proj.weight"] *= 40
        weights.tensors[attention + "q_proj.weight"] = (
            np.float32(sign) * weights.tensors[attention + "k_proj.weight"] / np.float32(10)
        )
    asked = draw("Solve: 41*3", limit=40)

    (sample,) = run(Transformer(weights), [asked])[0]

    expected = reference_logprobs(weights, asked.prompt + sample.tokens)[len(asked.prompt) - 1 :]
    chosen = expected[np.arange(len(sample.tokens)), list(sample.tokens)]
    assert sample.logprobs is not None
    assert np.abs(sample.logprobs - chosen).max() < 1e-2


@pytest.mark.parametrize(("shape", "parameters"), [(SMALL, 131_520), (LARGE, 1_869_504)])
def test_parameters_are_those_of_the_tensors(shape: Shape, parameters: int) -> None:
    counted = sum(tensor.size for tensor in random_weights(shape).tensors.values())

    assert shape.parameters == counted == parameters


def test_flops_add_up_token_by_token() -> None:
    by_hand = [2 * (131_520 + 2 * 3 * 64 * context) for context in range(1, 31)]

    assert SMALL.flops(0, 30) == sum(by_hand)
    assert SMALL.flops(10, 5) == sum(by_hand[10:15])
    assert SMALL.flops(0, 10) + SMALL.flops(10, 20) == SMALL.flops(0, 30)
