"""The trainer end to end on a one-minute budget (needs the extra `train`)."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")


@pytest.mark.timeout(240)
def test_a_minute_of_training_improves_the_loss(tmp_path: Path) -> None:
    output = tmp_path / "small-solver.safetensors"
    done = subprocess.run(
        [sys.executable, "-m", "its_training.train", "--model", "small-solver", "--minutes", "1",
         "--seed", "7", "-o", str(output)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    losses = [float(found) for found in re.findall(r"loss ([\d.]+)", done.stdout)]
    assert len(losses) >= 2, done.stdout
    assert losses[-1] < 0.75 * losses[0]

    from its.models.embedded.transformer import Transformer
    from its.models.embedded.weights import read_weights

    weights = read_weights(output)
    assert weights.shape.parameters == 131_520
    logits = Transformer(weights).logits(Transformer(weights).prefill(b"\x012+3\x022+3=5")[1])
    assert np.isfinite(logits).all()


def test_torch_and_numpy_compute_the_same(tmp_path: Path) -> None:
    from its.models.embedded.transformer import Transformer
    from its.models.embedded.weights import read_weights
    from its_training.network import SMALL, Network
    from its_training.weights import save_weights

    torch.manual_seed(0)
    network = Network(SMALL)
    tensors = {name: w.detach().half().float().numpy() for name, w in network.named_parameters()}
    network.load_state_dict({name: torch.from_numpy(w) for name, w in tensors.items()})
    path = tmp_path / "w.safetensors"
    save_weights(path, tensors, {"config": SMALL.config()})
    transformer = Transformer(read_weights(path))
    text = b"\x01What is 41*3+5*24-37?\x025*24=120; "
    _, x = transformer.prefill(text)
    expected = network(torch.tensor([list(text)]))[0].detach().numpy()
    assert np.abs(transformer.logits(x) - expected).max() < 1e-3
