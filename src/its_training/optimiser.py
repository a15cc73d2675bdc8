"""Muon for matrices: momentum whose direction is made orthogonal (Jordan et al. 2024).

On networks this small it learns arithmetic several times faster than AdamW alone. Matrices of one
size are treated together, since the cost on a CPU is in the calls, not in the arithmetic.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import torch
from torch import Tensor


class Muon:
    """Momentum .95 (Nesterov), five Newton-Schulz iterations, steps sized like AdamW's."""

    def __init__(self, weights: Iterable[Tensor], momentum: float = 0.95) -> None:
        self.momentum = momentum
        self.groups: dict[tuple[int, ...], list[Tensor]] = defaultdict(list)
        for weight in weights:
            self.groups[tuple(weight.shape)].append(weight)
        self.speeds = {size: torch.zeros(len(ws), *size) for size, ws in self.groups.items()}

    @torch.no_grad()
    def step(self, rate: float, decay: float = 0.01) -> None:
        """One update at a learning rate; `decay` is decoupled weight decay."""
        for size, weights in self.groups.items():
            slope = torch.stack([w.grad for w in weights if w.grad is not None])
            speed = self.speeds[size]
            speed.lerp_(slope, 1 - self.momentum)
            update = _orthogonal(slope.lerp(speed, self.momentum))
            scale = 0.2 * max(size) ** 0.5  # updates of the size that AdamW's have
            for weight, change in zip(weights, update, strict=True):
                weight.mul_(1 - rate * decay)
                weight.add_(change, alpha=-rate * scale)


def _orthogonal(x: Tensor) -> Tensor:
    """Nearly the orthogonal factor of each matrix (rows, ...): singular values go to about 1."""
    wide = x.shape[-2] > x.shape[-1]
    y = x.mT if wide else x
    y = (y / (y.norm(dim=(-2, -1), keepdim=True) + 1e-7)).bfloat16()
    for _ in range(5):
        square = y @ y.mT
        y = 3.4445 * y + (-4.7750 * square + 2.0315 * square @ square) @ y
    whole: Tensor = (y.mT if wide else y).float()
    return whole
