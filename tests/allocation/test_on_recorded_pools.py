"""Stopping rules and the batch budget on recorded outputs of real models.

Answers are the pools' own strings and verdicts. Settings were found on the first pool only; the
others were never tuned on. Run with `-s` to see the figures.
"""

from pathlib import Path

import pytest

from its.allocation.batch import BatchPolicy
from its.allocation.stopping import AdaptiveConsistency, StoppingRule, UnanimousWindow
from its.curves.records import SampleRecord, record_of, shuffles
from its.curves.replay import Replay, replay_batch, replay_stop, replay_vote
from its.estimators import bootstrap_interval, maj_at_k, pass_at_k
from its.models.recorded import load_pool

POOLS = Path(__file__).parents[3] / "shared" / "data" / "pools"
LLAMA_8B = "search-and-learn__math500-first100__llama-3.1-8b-instruct-awq"
QWEN_7B = "itu__math500__qwen2.5-math-7b"
BEAMS = "search-and-learn__math500-full__llama-3.1-8b-awq-prm-beams"
GAME24 = "tot__game24__gpt-4-io"
CODE = "codet__humaneval__codegen-16b"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not POOLS.is_dir(), reason=f"no recorded pools in {POOLS}"),
]


def pool(name: str) -> list[SampleRecord]:
    return [record_of(problem) for problem in load_pool(POOLS / f"{name}.jsonl.gz").problems]


def mean(values: list[float]) -> float:
    return sum(values) / len(values)


@pytest.mark.parametrize(
    ("name", "k", "published"),
    [
        (LLAMA_8B, 1, 0.432),
        (LLAMA_8B, 40, 0.882),
        (QWEN_7B, 8, 0.854),
        (GAME24, 100, 0.33),
        (CODE, 1, 0.224),
        (CODE, 100, 0.744),
    ],
)
def test_pass_at_k_agrees_with_the_known_figures(name: str, k: int, published: float) -> None:
    estimates = [pass_at_k(len(r), sum(r.correct), k) for r in pool(name)]
    assert mean(estimates) == pytest.approx(published, abs=0.002)


@pytest.mark.parametrize(
    ("name", "k", "published"), [(LLAMA_8B, 8, 0.561), (LLAMA_8B, 40, 0.624), (QWEN_7B, 8, 0.787)]
)
def test_maj_at_k_agrees_with_the_known_figures(name: str, k: int, published: float) -> None:
    estimates = [maj_at_k(r.classes, r.correct, k) for r in pool(name)]
    assert mean(estimates) == pytest.approx(published, abs=0.006)


def stopped(
    records: list[SampleRecord], rule: StoppingRule, orders: int
) -> tuple[float, float, float]:
    """Accuracy with the rule and with 40 samples, and samples drawn, over random orders."""
    replays: list[Replay] = []
    full: list[Replay] = []
    for drawn in shuffles(records, orders):
        replays += [replay_stop(record, rule, 40) for record in drawn]
        full += [replay_vote(record, 40) for record in drawn]
    return (
        mean([replay.correct for replay in replays]),
        mean([replay.correct for replay in full]),
        mean([replay.samples for replay in replays]),
    )


def test_adaptive_consistency_keeps_the_accuracy_of_40_samples_at_about_half() -> None:
    accuracy, full, samples = stopped(pool(LLAMA_8B), AdaptiveConsistency(), orders=40)
    print(f"\nadaptive consistency .95: {accuracy:.4f} at {samples:.2f}; 40 samples {full:.4f}")
    assert abs(accuracy - full) <= 0.003
    assert samples <= 22.5


def test_unanimous_windows_keep_it_too_and_save_less_here() -> None:
    accuracy, full, samples = stopped(pool(LLAMA_8B), UnanimousWindow(), orders=10)
    assert abs(accuracy - full) <= 0.006
    assert samples < 30


def batch_and_uniform(
    records: list[SampleRecord], budgets: list[int], orders: int, seed: int = 0
) -> list[tuple[float, float, float, tuple[float, float]]]:
    """For each mean budget: accuracy of one budget for the batch, what it spent, that of uniform
    voting, and the 95 % interval of the difference over problems."""
    batch = [[0.0] * len(records) for _ in budgets]
    uniform = [[0.0] * len(records) for _ in budgets]
    spent = [0.0] * len(budgets)
    for drawn in shuffles(records, orders, seed):
        replays = replay_batch(drawn, BatchPolicy(), [n * len(records) for n in budgets])
        for b, n in enumerate(budgets):
            spent[b] += mean([replay.samples for replay in replays[b]]) / orders
            for i, record in enumerate(drawn):
                batch[b][i] += replays[b][i].correct / orders
                uniform[b][i] += replay_vote(record, n).correct / orders
    found = []
    for mine, plain, cost in zip(batch, uniform, spent, strict=True):
        difference = [a - b for a, b in zip(mine, plain, strict=True)]
        found.append((mean(mine), cost, mean(plain), bootstrap_interval(difference)))
    return found


Found = tuple[float, float, float, tuple[float, float]]
"""Accuracy of one budget for the batch, what it spent, accuracy of uniform voting, and the
95 % interval of the difference over problems."""


def report(name: str, budgets: list[int], found: list[Found]) -> None:
    for n, (accuracy, cost, plain, (low, high)) in zip(budgets, found, strict=True):
        print(
            f"\n{name} budget {n}: batch {accuracy:.4f} at {cost:.2f}, uniform {plain:.4f}, "
            f"difference {accuracy - plain:+.4f} [{low:+.4f}, {high:+.4f}]"
        )


def test_one_budget_for_the_batch_beats_the_same_for_every_problem() -> None:
    budgets = [4, 8, 16]
    found = batch_and_uniform(pool(LLAMA_8B), budgets, orders=40)
    report("Llama 8B (tuned on)", budgets, found)
    for (accuracy, cost, _, (low, _)), n, least in zip(
        found, budgets, (0.545, 0.590, 0.617), strict=True
    ):
        assert cost <= n + 1e-9
        assert accuracy >= least
        assert low > 0


@pytest.mark.parametrize(
    ("name", "budgets", "gains"), [(QWEN_7B, [2, 3], (0.015, 0.015)), (BEAMS, [4, 8], (0.02, 0.02))]
)
def test_it_does_so_on_pools_that_nothing_was_tuned_on(
    name: str, budgets: list[int], gains: tuple[float, float]
) -> None:
    found = batch_and_uniform(pool(name), budgets, orders=5)
    report(name, budgets, found)
    for (accuracy, cost, plain, (low, _)), n, gain in zip(found, budgets, gains, strict=True):
        assert cost <= n + 1e-9
        assert accuracy - plain > gain
        assert low > 0


def test_where_voting_gains_nothing_it_leaves_most_of_a_large_budget_alone() -> None:
    ((accuracy, cost, plain, (low, _)),) = batch_and_uniform(pool(GAME24), [40], orders=3)
    report("Game of 24", [40], [(accuracy, cost, plain, (low, low))])
    assert cost < 20
    assert accuracy > plain - 0.02
