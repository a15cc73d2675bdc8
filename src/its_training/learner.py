"""A network that learns: gradients shared between processes, updates, averages, files."""

from __future__ import annotations

from pathlib import Path

import torch
import torch.distributed as group
import torch.nn.functional as F  # noqa: N812  (as everybody calls it)

from its.models.embedded.weights import read_weights
from its_training.batches import Batch
from its_training.network import SHAPES, Network
from its_training.optimiser import Muon
from its_training.weights import read_card, save_weights


class Learner:
    """A model in training. Muon moves the matrices, AdamW the embedding and the norms."""

    def __init__(self, model: str, seed: int, processes: int) -> None:
        torch.manual_seed(seed)
        self.model, self.seed, self.processes = model, seed, processes
        self.network = Network(SHAPES[model])
        named = dict(self.network.named_parameters())
        self._others = [w for n, w in named.items() if w.dim() == 1 or "embed" in n]
        self._muon = Muon([w for n, w in named.items() if w.dim() == 2 and "embed" not in n])
        self._adam = torch.optim.AdamW(self._others, betas=(0.9, 0.98), weight_decay=0.0)
        self._mean = {n: w.detach().clone() for n, w in named.items()}
        self._narrow = model == "large-solver"  # bfloat16: 1.3 times faster there, no gain if small
        self._running = 0.0
        self._spread = 0.0
        self.tokens, self.steps, self.minutes = 0, 0, 0.0

    def start_from(self, weights: Path) -> None:
        """Take over the weights of a file, and its counts: all that these weights have learned."""
        tensors = read_weights(weights).tensors
        card = read_card(weights)
        self.tokens, self.steps = int(card["training_tokens"]), int(card["training_steps"])
        self.minutes = float(card["training_minutes"])
        self.network.load_state_dict({n: torch.from_numpy(w) for n, w in tensors.items()})

    def resume(self, state: Path) -> None:
        """Take over all that `save_state` wrote."""
        saved = torch.load(state, weights_only=False)
        self.network.load_state_dict(saved["network"])
        self._muon.speeds, self._mean = saved["speeds"], saved["mean"]
        self._adam.load_state_dict(saved["adam"])
        self.tokens, self.steps, self.minutes = saved["seen"], saved["steps"], saved["minutes"]

    def save_state(self, path: Path) -> None:
        """Everything that going on with this run needs."""
        torch.save(
            {"network": self.network.state_dict(), "speeds": self._muon.speeds, "mean": self._mean,
             "adam": self._adam.state_dict(), "seen": self.tokens, "steps": self.steps,
             "minutes": self.minutes},
            path,
        )  # fmt: skip

    def gradients(self, batch: Batch, shared: float) -> float:
        """Gradients of a batch, averaged over the processes; returns the sum of their `shared`."""
        ids, weights = torch.from_numpy(batch.ids), torch.from_numpy(batch.weights)
        logits = self.network(ids[:, :-1], narrow=self._narrow)
        target = ids[:, 1:].flatten()
        losses = F.cross_entropy(logits.flatten(0, 1), target, reduction="none")
        loss = (losses * weights.flatten()).sum() / weights.sum()
        loss.backward()  # type: ignore[no-untyped-call]
        told = torch.tensor([shared, loss.item(), float(batch.tokens)])
        if self.processes > 1:
            told = self._share(told)
        shared, value, tokens = told.tolist()
        self.tokens += int(tokens)
        self.steps += 1
        value /= self.processes
        self._running = 0.98 * self._running + 0.02 * value if self._running else value
        return shared

    def update(self, rate: float) -> None:
        """One step of both optimisers, and of the running mean of the weights."""
        self._spread = float(torch.nn.utils.clip_grad_norm_(self._others, 1.0))
        for setting in self._adam.param_groups:
            setting["lr"] = rate
        self._adam.step()
        self._muon.step(rate)
        self.network.zero_grad()
        with torch.no_grad():
            for name, weight in self.network.named_parameters():
                self._mean[name].lerp_(weight, 0.003 * self.processes)

    def progress_line(self, rate: float) -> str:
        """Time, steps, tokens, smoothed loss and rate as a line of the log."""
        pace = self.tokens / 60 / max(self.minutes, 1e-9)
        return (
            f"{self.minutes:7.2f} min  step {self.steps}  {self.tokens / 1e6:.2f} M tokens  "
            f"loss {self._running:.4f}  rate {rate:.5f}  norm {self._spread:.2f}  "
            f"{pace:.0f} tokens/s"
        )

    def write(self, path: Path, averaged: bool) -> None:
        """The weight file: the weights, or in mid-run their running mean, which is as good as
        weights after a short decay."""
        shape = self.network.shape
        card = {
            "format": "pt", "model": self.model, "config": shape.config(),
            "parameters": shape.parameters, "seed": self.seed, "training_tokens": self.tokens,
            "training_steps": self.steps, "training_minutes": round(self.minutes, 2),
            "processes": self.processes, "training_loss": round(self._running, 5),
        }  # fmt: skip
        source = self._mean if averaged else dict(self.network.named_parameters())
        save_weights(path, {n: w.detach().float().numpy() for n, w in source.items()}, card)

    def _share(self, told: torch.Tensor) -> torch.Tensor:
        """Average gradients and add up `told` over the processes, in one message."""
        weights = list(self.network.parameters())
        slopes = [w.grad.flatten() for w in weights if w.grad is not None]
        flat = torch.cat([told, *slopes])
        group.all_reduce(flat)
        place = len(told)
        for weight in weights:
            part = flat[place : place + weight.numel()]
            weight.grad = part.view_as(weight) / self.processes
            place += weight.numel()
        return flat[: len(told)]
