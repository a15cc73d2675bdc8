"""The Llama forward pass in numpy: a whole prompt at once, and one step of many sequences.

What a sequence gets never depends on the others in its batch. Matrix products of a step are of
one shape, `TILE` rows; attention is computed page by page and added up in the order of a
sequence's pages, and the empty ones that fill up its row of the table add exact zeros. Everything
else works on each row by itself.

Constants are folded into the weights: norm gains, the square root of the width that turns a norm
into a root mean square, attention's scale, and the sign of the gate. A head's dimensions i and
i + 16 lie side by side, so that RoPE is one multiplication of complex numbers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from its.models.embedded.blas import pin_to_one_thread
from its.models.embedded.cache import PAGE, Indices, PagedCache
from its.models.embedded.weights import Floats, Shape, Weights

TILE = 32

_MASKED = np.float32(-1e30)
_LEAST_TOTAL, _MOST_TOTAL = np.float32(1e-25), np.float32(1e35)


@dataclass(frozen=True, slots=True)
class _Layer:
    """One layer's matrices, (inputs, outputs)."""

    qkv: Floats
    out: Floats
    gate: Floats
    up: Floats
    down: Floats


class Transformer:
    """A model's weights, ready to run. Holds nothing of any sequence."""

    def __init__(self, weights: Weights) -> None:
        pin_to_one_thread()
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

    @np.errstate(over="ignore")
    def prefill(self, tokens: bytes) -> tuple[list[tuple[Floats, Floats]], Floats]:
        """Run one sequence from its start.

        Returns each layer's keys and values, (heads, positions, head_dim) each, and the last
        layer's output (positions, hidden_size), for `logits`.
        """
        length, heads = len(tokens), self.shape.num_attention_heads
        x = self._embedding[np.frombuffer(tokens, np.uint8)]
        rotation = self._rotation[:length]
        future = np.triu(np.full((length, length), _MASKED), 1)
        cache = []
        for layer in self._layers:
            split = self._qkv(layer, x, rotation).reshape(length, 3, heads, -1)
            queries, keys, values = np.ascontiguousarray(split.transpose(1, 2, 0, 3))
            scores = queries @ keys.swapaxes(1, 2)
            scores += future
            scores -= scores.max(2, keepdims=True)
            np.exp(scores, out=scores)
            attended = (scores @ values) / scores.sum(2)[:, :, None]
            x += _product(attended.swapaxes(0, 1).reshape(x.shape), layer.out)
            x += self._feed_forward(layer, x)
            cache.append((keys, values))
        return cache, x

    @np.errstate(over="ignore", invalid="ignore")  # see _attend; a gate may be far below zero
    def step(self, tokens: NDArray[np.uint8], at: Indices, cache: PagedCache) -> Floats:
        """Run one token of each of many sequences; returns the next tokens' logits.

        `at` are their positions; they are the cache's first rows, which it extends.
        """
        live, heads = len(at), self.shape.num_attention_heads
        page, place = cache.reserve(at)
        pages = cache.table[:live, : int(at.max()) // PAGE + 1].T.copy()
        padded = np.zeros(-(-live // TILE) * TILE, np.intp)
        padded[:live] = tokens
        x = self._embedding[padded]
        padded[:live] = at
        rotation = self._rotation[padded]
        attended = np.zeros_like(x)
        for number, layer in enumerate(self._layers):
            split = self._qkv(layer, x, rotation).reshape(len(x), 3, heads, -1)[:live]
            cache.keys[number][page, :, place] = split[:, 1]
            cache.values[number][page, :, place] = split[:, 2]
            attended[:live] = _attend(split[:, 0], number, cache, pages).reshape(live, -1)
            x += _product(attended, layer.out)
            x += self._feed_forward(layer, x)
        return self.logits(x)[:live]

    def logits(self, x: Floats) -> Floats:
        """The next token's logits (rows, vocabulary) after each row of the last layer's output."""
        return _product(self._normed(x), self._head)

    def _qkv(self, layer: _Layer, x: Floats, rotation: NDArray[np.complex64]) -> Floats:
        """(rows, 3 x hidden_size): queries and keys, rotated and queries scaled, and values."""
        qkv = _product(self._normed(x), layer.qkv)
        rotated = qkv[:, : 2 * x.shape[1]].view(np.complex64)
        rotated *= rotation
        return qkv

    def _feed_forward(self, layer: _Layer, x: Floats) -> Floats:
        normed = self._normed(x)
        gate, up = _product(normed, layer.gate), _product(normed, layer.up)
        up *= gate
        np.exp(gate, out=gate)
        gate += 1
        up /= gate
        return _product(up, layer.down)

    def _normed(self, x: Floats) -> Floats:
        """RMSNorm of each row, up to the constants that are in the weights."""
        square = np.vecdot(x, x)
        square += self._epsilon
        normed: Floats = x / np.sqrt(square)[:, None]
        return normed


def _product(x: Floats, matrix: Floats) -> Floats:
    """x @ matrix; a multiple of TILE rows goes in tiles, so that no row's result knows how many."""
    tile = TILE if len(x) % TILE == 0 else len(x)
    tiles = x.reshape(-1, tile, x.shape[1])
    product: Floats = np.matmul(tiles, matrix).reshape(len(x), -1)
    return product


def _attend(queries: Floats, layer: int, cache: PagedCache, pages: Indices) -> Floats:
    """Attention of each row's query (rows, heads, head_dim) over its own pages.

    `pages` is the table of these rows, transposed. A softmax may be shifted at will; here it is
    not, as long as the sum of its exponentials stays well inside a float's range. A head where it
    does not is shifted by its greatest score, which is what others do always.
    """
    used = cache.used
    owner, valid = cache.owner[:used], cache.valid[:used, None]
    scores = np.matmul(cache.keys[layer][:used], queries.take(owner, axis=0)[..., None])[..., 0]
    weights = np.exp(scores)
    totals = np.vecdot(weights, valid).take(pages, axis=0).sum(0)
    if totals.min() < _LEAST_TOTAL or not totals.max() < _MOST_TOTAL:
        extreme = ~((totals >= _LEAST_TOTAL) & (totals < _MOST_TOTAL))
        peaks = np.where(valid > 0, scores, -np.inf).max(2).take(pages, axis=0).max(0)
        shifted = np.minimum(scores - peaks[owner][..., None], 0)
        weights = np.where(extreme[owner][..., None], np.exp(shifted), weights)
        totals = np.vecdot(weights, valid).take(pages, axis=0).sum(0)
    sums = np.matmul(weights[:, :, None], cache.values[layer][:used])[:, :, 0]
    attended: Floats = sums.take(pages, axis=0).sum(0)
    attended /= totals[..., None]
    return attended


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
        gate=_matrix(-gate * before_mlp),
        up=_matrix(up * before_mlp),
        down=_matrix(-down),
    )


def _paired(matrix: Floats, shape: Shape) -> Floats:
    """The rows of a query or key projection with each head's i and i + half side by side."""
    halves = matrix.reshape(shape.num_attention_heads, 2, -1, shape.hidden_size)
    return halves.swapaxes(1, 2).reshape(matrix.shape)


def _matrix(weight: Floats) -> Floats:
    """A weight of (outputs, inputs) as the contiguous right-hand side of a product."""
    return np.ascontiguousarray(weight.T, np.float32)
