"""The Llama forward pass as the papers write it, in float64: slow, plain, nothing folded."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from its.models.embedded.weights import Weights

Doubles = NDArray[np.float64]


def reference_logprobs(weights: Weights, tokens: bytes) -> Doubles:
    """(len(tokens), vocabulary): log-probabilities of the token after each of these."""
    shape, tensors = weights.shape, weights.tensors
    length, heads, size = len(tokens), shape.num_attention_heads, shape.head_dim
    x = tensors["model.embed_tokens.weight"][list(tokens)].astype(np.float64)
    frequencies = shape.rope_theta ** -(np.arange(0, size, 2) / size)
    angles = np.tile(np.outer(np.arange(length), frequencies), 2)
    future = np.triu(np.full((length, length), -np.inf), 1)

    def norm(values: Doubles, name: str) -> Doubles:
        mean = (values**2).mean(-1, keepdims=True)
        normed: Doubles = values / np.sqrt(mean + shape.rms_norm_eps) * tensors[name]
        return normed

    def rotated(values: Doubles) -> Doubles:
        turned = np.concatenate([-values[..., size // 2 :], values[..., : size // 2]], -1)
        result: Doubles = values * np.cos(angles) + turned * np.sin(angles)
        return result

    for layer in range(shape.num_hidden_layers):
        prefix = f"model.layers.{layer}."
        h = norm(x, prefix + "input_layernorm.weight")
        q, k, v = (
            (h @ tensors[f"{prefix}self_attn.{name}_proj.weight"].T)
            .reshape(length, heads, size)
            .swapaxes(0, 1)
            for name in "qkv"
        )
        scores = rotated(q) @ rotated(k).swapaxes(1, 2) / size**0.5 + future
        scores = np.exp(scores - scores.max(-1, keepdims=True))
        scores /= scores.sum(-1, keepdims=True)
        attended = (scores @ v).swapaxes(0, 1).reshape(length, -1)
        x = x + attended @ tensors[f"{prefix}self_attn.o_proj.weight"].T
        h = norm(x, prefix + "post_attention_layernorm.weight")
        gate = h @ tensors[f"{prefix}mlp.gate_proj.weight"].T
        up = h @ tensors[f"{prefix}mlp.up_proj.weight"].T
        x = x + (gate / (1 + np.exp(-gate)) * up) @ tensors[f"{prefix}mlp.down_proj.weight"].T
    logits = norm(x, "model.norm.weight") @ tensors["model.embed_tokens.weight"].T
    logits -= logits.max(-1, keepdims=True)
    result: Doubles = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    return result
