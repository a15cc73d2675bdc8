"""Train one of the embedded models: `python -m its_training.train --model small-solver -o FILE`.

The learning rate is planned by the clock: constant, then falling in a line to nothing, since the
fall is where most of the accuracy comes from. `--threads T` runs T processes of one thread each,
which share gradients; on a busy machine that is faster than T threads in one process.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from its_training.batches import batches
from its_training.lessons import MIXTURES
from its_training.onpolicy import load_solutions

# glibc returns freed tensors to the system at once unless told otherwise: 1.7 times slower.
_ALLOCATOR = {
    "MALLOC_MMAP_THRESHOLD_": "1073741824",
    "MALLOC_TRIM_THRESHOLD_": "4294967296",
    "MALLOC_TOP_PAD_": "268435456",
}
_PEAK = {
    "small-solver": 5e-3,
    "small-verifier": 3e-3,
    "small-judge": 4e-3,
    "large-solver": 4e-3,
}


@dataclass(frozen=True)
class Plan:
    """One training run. `decay_from` is the share of the time after which the rate falls."""

    model: str
    minutes: float
    seed: int
    threads: int
    output: Path
    tokens: int = 4096
    decay_from: float = 0.55
    resume: Path | None = None
    own: Path | None = None
    start: Path | None = None
    checkpoint_minutes: float = 5.0
    top: int = 10
    peak: float | None = None


def main() -> None:
    plan = _plan()
    missing = {k: v for k, v in _ALLOCATOR.items() if k not in os.environ}
    if missing:  # read by the allocator at start, so start again
        arguments = [sys.executable, "-m", "its_training.train", *sys.argv[1:]]
        os.execve(sys.executable, arguments, {**os.environ, **missing})
    train(plan)


def train(plan: Plan) -> None:
    """Run a plan to its end and write the weight file."""
    if plan.threads == 1:
        run_rank(0, plan)
        return
    from torch.multiprocessing.spawn import spawn

    spawn(run_rank, args=(plan,), nprocs=plan.threads, join=True)  # type: ignore[no-untyped-call]


def rate_at(progress: float, peak: float, decay_from: float, warm: float = 0.01) -> float:
    """The learning rate at a share `progress` of the time: up, level, and down to nothing."""
    if progress < warm:
        return peak * (0.1 + 0.9 * progress / warm)
    if progress < decay_from:
        return peak
    return peak * max(0.0, (1 - progress) / (1 - decay_from))


def run_rank(rank: int, plan: Plan) -> None:
    """One of the processes of a run; the first of them keeps the clock and writes the files."""
    import torch
    import torch.distributed as group

    from its_training.learner import Learner

    torch.set_num_threads(1)
    if plan.threads > 1:
        rendezvous = f"file://{plan.output.absolute()}.ranks-{os.getppid()}"
        group.init_process_group("gloo", rendezvous, rank=rank, world_size=plan.threads)
    learner = Learner(plan.model, plan.seed, plan.threads)
    if plan.resume:
        learner.resume(plan.resume)
    elif plan.start:
        learner.start_from(plan.start)
    earlier, first_step = learner.minutes, learner.steps
    own = load_solutions(plan.own) if plan.own else []
    seed = plan.seed * 1_000_003 + 1009 * first_step + rank
    warm = 0.0 if plan.resume else 0.01
    begun = noted = kept = time.monotonic()
    for batch in batches(seed, MIXTURES[plan.model], own, plan.tokens, plan.top):
        progress = (time.monotonic() - begun) / (60 * plan.minutes)
        progress = learner.gradients(batch, progress if rank == 0 else 0.0)
        if progress >= 1:  # the same number in every process
            break
        rate = rate_at(progress, plan.peak or _PEAK[plan.model], plan.decay_from, warm)
        learner.update(rate)
        now = time.monotonic()
        learner.minutes = earlier + (now - begun) / 60
        if rank == 0 and (now - noted > 20 or learner.steps == first_step + 1):
            noted = now
            print(learner.progress_line(rate), flush=True)
        if rank == 0 and now - kept > 60 * plan.checkpoint_minutes:
            kept = now
            name = f"{plan.output.stem}-{learner.minutes:.0f}min.safetensors"
            learner.write(plan.output.with_name(name), averaged=True)
    if rank == 0:
        print(learner.progress_line(0.0), flush=True)
        learner.write(plan.output, averaged=False)
        learner.save_state(plan.output.with_suffix(".state"))
    if plan.threads > 1:
        group.destroy_process_group()


def _plan() -> Plan:
    parser = argparse.ArgumentParser(prog="python -m its_training.train", description=__doc__)
    parser.add_argument("--model", required=True, choices=sorted(MIXTURES))
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--tokens", type=int, default=4096, help="a batch, in each process")
    parser.add_argument("--decay-from", type=float, default=0.55)
    parser.add_argument("--resume", type=Path, help="the .state file of an earlier run")
    parser.add_argument("--start", type=Path, help="weights of the same shape to start from")
    parser.add_argument("--own", type=Path, help="solutions by the solver, for a verifier")
    parser.add_argument("--checkpoint-minutes", type=float, default=5.0)
    parser.add_argument("--peak", type=float, help="highest learning rate")
    parser.add_argument("--top", type=int, default=10, help="hardest problems to learn from")
    return Plan(**vars(parser.parse_args()))


if __name__ == "__main__":
    main()
