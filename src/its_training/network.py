"""The network in torch: a small Llama, as its configuration and weights are known elsewhere.

RMSNorm, rotary positions in the half-rotated layout, SwiGLU, tied embeddings, no biases, heads of
32. Names of the weights are those of the Hugging Face layout, so a file can be read by many tools.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812  (as everybody calls it)
from torch import Tensor, nn

HEAD = 32
VOCABULARY = 128
LONGEST = 2048
EPSILON = 1e-5
ROTARY_BASE = 10_000.0


@dataclass(frozen=True)
class Shape:
    """Width, layers, heads and feed-forward width of a network."""

    hidden: int
    layers: int
    heads: int
    inner: int

    @property
    def parameters(self) -> int:
        """How many parameters, tied embeddings counted once."""
        layer = 4 * self.hidden**2 + 3 * self.hidden * self.inner + 2 * self.hidden
        return VOCABULARY * self.hidden + self.layers * layer + self.hidden

    def config(self) -> dict[str, int | float]:
        """The same in Hugging Face's names."""
        return {
            "hidden_size": self.hidden,
            "num_hidden_layers": self.layers,
            "num_attention_heads": self.heads,
            "intermediate_size": self.inner,
            "vocab_size": VOCABULARY,
            "rms_norm_eps": EPSILON,
            "rope_theta": ROTARY_BASE,
            "max_position_embeddings": LONGEST,
        }


SMALL = Shape(hidden=64, layers=3, heads=2, inner=128)
LARGE = Shape(hidden=192, layers=4, heads=6, inner=544)
SHAPES = {
    "small-solver": SMALL,
    "small-verifier": SMALL,
    "small-judge": SMALL,
    "large-solver": LARGE,
}


class _RootMeanSquare(torch.autograd.Function):
    """x / rms(x) * gain, with the few passes over memory that its gradient needs."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, gain: Tensor) -> Tensor:
        scale = (x.square().mean(-1, keepdim=True) + EPSILON).rsqrt()
        normal = x * scale
        ctx.save_for_backward(normal, scale, gain)
        return normal * gain

    @staticmethod
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor, Tensor]:
        normal, scale, gain = ctx.saved_tensors
        product = slope * normal
        of_gain = product.flatten(0, -2).sum(0)
        along = (product @ gain[:, None]) / gain.numel()
        return (slope * gain).sub_(normal * along).mul_(scale), of_gain


class Norm(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = _RootMeanSquare.apply(x, self.weight)  # type: ignore[no-untyped-call]
        return out


class Attention(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.heads = shape.heads
        self.q_proj = nn.Linear(shape.hidden, shape.heads * HEAD, bias=False)
        self.k_proj = nn.Linear(shape.hidden, shape.heads * HEAD, bias=False)
        self.v_proj = nn.Linear(shape.hidden, shape.heads * HEAD, bias=False)
        self.o_proj = nn.Linear(shape.heads * HEAD, shape.hidden, bias=False)

    def forward(self, x: Tensor, turn: tuple[Tensor, Tensor], kind: torch.dtype) -> Tensor:
        rows, length, _ = x.shape
        three = torch.cat([self.q_proj.weight, self.k_proj.weight, self.v_proj.weight])
        qkv = F.linear(x.to(kind), three.to(kind)).float()  # attention is slow in 16 bits
        qkv = qkv.view(rows, length, 3 * self.heads, HEAD).transpose(1, 2)
        both = _turned(qkv[:, : 2 * self.heads], turn)
        y = F.scaled_dot_product_attention(
            both[:, : self.heads], both[:, self.heads :], qkv[:, 2 * self.heads :], is_causal=True
        )
        y = y.transpose(1, 2).reshape(rows, length, -1)
        return F.linear(y.to(kind), self.o_proj.weight.to(kind)).float()


class Mlp(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.gate_proj = nn.Linear(shape.hidden, shape.inner, bias=False)
        self.up_proj = nn.Linear(shape.hidden, shape.inner, bias=False)
        self.down_proj = nn.Linear(shape.inner, shape.hidden, bias=False)

    def forward(self, x: Tensor, kind: torch.dtype) -> Tensor:
        x = x.to(kind)
        gate = F.linear(x, self.gate_proj.weight.to(kind))
        middle = F.silu(gate) * F.linear(x, self.up_proj.weight.to(kind))
        return F.linear(middle, self.down_proj.weight.to(kind)).float()


class Layer(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.input_layernorm = Norm(shape.hidden)
        self.self_attn = Attention(shape)
        self.post_attention_layernorm = Norm(shape.hidden)
        self.mlp = Mlp(shape)

    def forward(self, x: Tensor, turn: tuple[Tensor, Tensor], kind: torch.dtype) -> Tensor:
        x = x + self.self_attn(self.input_layernorm(x), turn, kind)
        out: Tensor = x + self.mlp(self.post_attention_layernorm(x), kind)
        return out


class Body(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.embed_tokens = nn.Embedding(VOCABULARY, shape.hidden)
        self.layers = nn.ModuleList(Layer(shape) for _ in range(shape.layers))
        self.norm = Norm(shape.hidden)


class Network(nn.Module):
    """Token ids (rows, positions) to logits (rows, positions, 128)."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.model = Body(shape)
        for name, weight in self.named_parameters():
            if weight.dim() == 2:
                scale = 0.02 if "embed" in name else weight.shape[1] ** -0.5
                if "o_proj" in name or "down_proj" in name:
                    scale /= (2 * shape.layers) ** 0.5
                nn.init.normal_(weight, std=scale)

    def forward(self, ids: Tensor, narrow: bool = False) -> Tensor:
        """Logits of the token after each position; `narrow` multiplies matrices in bfloat16."""
        kind = torch.bfloat16 if narrow else torch.float32
        turn = _turn(ids.shape[1])
        x = self.model.embed_tokens(ids)
        for layer in self.model.layers:
            x = layer(x, turn, kind)
        return F.linear(self.model.norm(x), self.model.embed_tokens.weight)


def _turn(positions: int) -> tuple[Tensor, Tensor]:
    """Cosines and sines (positions, 32)."""
    speeds = ROTARY_BASE ** (-torch.arange(0, HEAD, 2) / HEAD)
    angles = torch.arange(positions)[:, None] * speeds
    both = torch.cat([angles, angles], dim=-1)
    return both.cos(), both.sin()


def _turned(x: Tensor, turn: tuple[Tensor, Tensor]) -> Tensor:
    half = HEAD // 2
    swapped = torch.cat([-x[..., half:], x[..., :half]], dim=-1)
    return x * turn[0] + swapped * turn[1]
