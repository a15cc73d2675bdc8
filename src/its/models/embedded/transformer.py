"""The Llama forward pass in numpy: a whole prompt at once, and one step of many sequences.

What a sequence gets never depends on the others in its batch. Matrix products of a step are of
one shape, `TILE` rows; attention is computed in pages of `PAGE` positions and added up page by
page, and pages that are empty for a sequence add exact zeros to it. Everything else works on each
row by itself.

Constants are folded into the weights: norm gains, the square root of the width that turns a norm
into a root mean square, attention's scale, and the sign of the gate. A head's dimensions i and
i + 16 lie side by side, so that RoPE is one multiplication of complex numbers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from its.models.embedded.weights import Floats, Shape, Weights

TILE = 32
PAGE = 64

Positions = NDArray[np.intp]
_MASKED = np.float32(-1e30)


@dataclass(frozen=True, slots=True)
class _Layer:
    """One layer's matrices, (inputs, outputs)."""

    qkv: Floats
    out: Floats
    gate_up: Floats
    down: Floats


class Transformer:
    """A model's weights, ready to run. Holds nothing of any sequence."""

    def __init__(self, weights: Weights) -> None:
        shape, tensors = weights.shape, weights.tensors
        self.shape = shape
        root = np.float32(shape.hidden_size**0.5)
        self._epsilon = np.float32(shape.rms_norm_eps * shape.hidden_size)
        self._embedding = tensors["model.embed_tokens.weight"]
        self._head = _matrix(self._embedding * tensors["model.norm.weight"] * root)
        self._layers = [
            _fold(shape, tensors, f"model.layers.{i}.") for i in range(shape.num_hidden_layers)
        ]
        self._rotation = _rotation(shape)

    def new_cache(self, sequences: int, positions: int) -> list[Floats]:
        """Per layer (sequences, 2 x heads, positions, head_dim): keys, then values. All zeros."""
        shape = self.shape
        size = (sequences, 2 * shape.num_attention_heads, positions, shape.head_dim)
        return [np.zeros(size, np.float32) for _ in self._layers]

    def prefill(self, tokens: bytes) -> tuple[list[Floats], Floats]:
        """Run one sequence from its start.

        Returns per layer its keys and values (2 x heads, positions, head_dim), and the last
        layer's output (positions, hidden_size), for `logits`.
        """
        length = len(tokens)
        heads, size = self.shape.num_attention_heads, self.shape.head_dim
        width = self.shape.hidden_size
        x = self._embedding[np.frombuffer(tokens, np.uint8)]
        rotation = self._rotation[:length]
        future = np.triu(np.full((length, length), _MASKED), 1)
        cache = []
        for layer in self._layers:
            qkv = _product(x, layer.qkv)
            qkv /= self._norm(x)
            _rotate(qkv, width, rotation)
            split = np.ascontiguousarray(qkv.reshape(length, 3 * heads, size).swapaxes(0, 1))
            queries, keys, values = split[:heads], split[heads : 2 * heads], split[2 * heads :]
            scores = queries @ keys.swapaxes(1, 2)
            scores += future
            scores -= scores.max(2, keepdims=True)
            np.exp(scores, out=scores)
            attended = (scores @ values) / scores.sum(2)[:, :, None]
            x += _product(attended.swapaxes(0, 1).reshape(length, width), layer.out)
            x += self._feed_forward(layer, x)
            cache.append(split[heads:])
        return cache, x

    def logits(self, x: Floats) -> Floats:
        """The next token's logits (rows, vocabulary) after each row of the last layer's output."""
        logits = _product(x, self._head)
        logits /= self._norm(x)
        return logits

    def step(self, tokens: NDArray[np.uint8], at: Positions, cache: list[Floats]) -> Floats:
        """Run one token of each of many sequences; returns the next tokens' logits.

        `tokens` and `at` (its position) have a multiple of TILE entries, the first rows of
        `cache` belong to them, and that is extended in place.
        """
        rows, heads, size = len(tokens), self.shape.num_attention_heads, self.shape.head_dim
        width = self.shape.hidden_size
        pages = int(at.max()) // PAGE + 1
        row = np.arange(rows)
        rotation = self._rotation[at]
        unwritten = np.where(np.arange(pages * PAGE) > at[:, None], _MASKED, np.float32(0))
        unwritten = unwritten.reshape(rows, 1, pages, PAGE)
        x = self._embedding[tokens]
        for layer, kept in zip(self._layers, cache, strict=True):
            qkv = _product(x, layer.qkv)
            qkv /= self._norm(x)
            _rotate(qkv, width, rotation)
            kept[row, :, at] = qkv[:, width:].reshape(rows, 2 * heads, size)
            paged = kept[:rows].reshape(rows, 2 * heads, -1, PAGE, size)[:, :, :pages]
            queries = qkv[:, :width].reshape(rows, heads, 1, size, 1)
            scores = np.matmul(paged[:, :heads], queries)[..., 0]
            scores += unwritten
            scores -= scores.reshape(rows, heads, -1).max(2)[:, :, None, None]
            np.exp(scores, out=scores)
            attended = np.matmul(scores[..., None, :], paged[:, heads:])[..., 0, :].sum(2)
            attended /= scores.sum(2).sum(2)[:, :, None]
            x += _product(attended.reshape(rows, width), layer.out)
            x += self._feed_forward(layer, x)
        logits = _product(x, self._head)
        logits /= self._norm(x)
        return logits

    def _feed_forward(self, layer: _Layer, x: Floats) -> Floats:
        both = _product(x, layer.gate_up)
        both /= self._norm(x)
        middle = both.shape[1] // 2
        gate, up = both[:, :middle], both[:, middle:]
        up *= gate
        np.exp(gate, out=gate)
        gate += 1
        up /= gate
        return _product(up, layer.down)

    def _norm(self, x: Floats) -> Floats:
        """(rows, 1): the norms by which RMSNorm divides, up to the constant in the weights."""
        norm = np.vecdot(x, x)
        norm += self._epsilon
        result: Floats = np.sqrt(norm)[:, None]
        return result


def _product(x: Floats, matrix: Floats) -> Floats:
    """x @ matrix; a multiple of TILE rows goes in tiles, so that no row's result knows how many."""
    tile = TILE if len(x) % TILE == 0 else len(x)
    tiles = x.reshape(-1, tile, x.shape[1])
    product: Floats = np.matmul(tiles, matrix).reshape(len(x), -1)
    return product


def _rotate(qkv: Floats, width: int, rotation: NDArray[np.complex64]) -> None:
    """Apply RoPE to the queries and keys in place."""
    rotated = qkv[:, : 2 * width].view(np.complex64)
    rotated *= rotation


def _rotation(shape: Shape) -> NDArray[np.complex64]:
    """(positions, hidden_size): e^(i angle) for the pairs of all heads' queries, then keys."""
    half = np.arange(shape.head_dim // 2) * 2 / shape.head_dim
    angles = np.outer(np.arange(shape.max_position_embeddings), shape.rope_theta**-half)
    return np.tile(np.exp(1j * angles).astype(np.complex64), (1, 2 * shape.num_attention_heads))


def _fold(shape: Shape, tensors: dict[str, Floats], prefix: str) -> _Layer:
    root = np.float32(shape.hidden_size**0.5)
    before_attention = tensors[prefix + "input_layernorm.weight"] * root
    before_mlp = tensors[prefix + "post_attention_layernorm.weight"] * root
    query, key, value, out = (tensors[f"{prefix}self_attn.{name}_proj.weight"] for name in "qkvo")
    gate, up, down = (tensors[f"{prefix}mlp.{name}_proj.weight"] for name in ("gate", "up", "down"))
    query = _paired(query, shape) * np.float32(shape.head_dim**-0.5)
    return _Layer(
        qkv=_matrix(np.concatenate([query, _paired(key, shape), value]) * before_attention),
        out=_matrix(out),
        gate_up=_matrix(np.concatenate([-gate, up]) * before_mlp),
        down=_matrix(-down),
    )


def _paired(matrix: Floats, shape: Shape) -> Floats:
    """The rows of a query or key projection with each head's i and i + half side by side."""
    halves = matrix.reshape(shape.num_attention_heads, 2, -1, shape.hidden_size)
    return halves.swapaxes(1, 2).reshape(matrix.shape)


def _matrix(weight: Floats) -> Floats:
    """A weight of (outputs, inputs) as the contiguous right-hand side of a product."""
    return np.ascontiguousarray(weight.T, np.float32)
