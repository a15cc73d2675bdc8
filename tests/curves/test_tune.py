"""Tuning: budgets by difficulty, chosen on one half and judged on the other."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from its.curves.policies import Policy, difficulty_of, replay_policy, try_policy, vote_trial
from its.curves.preset import preset
from its.curves.records import SampleRecord, shuffles
from its.curves.source import graded_records
from its.curves.tuning import tune
from its.models.recorded import load_pool
from its.pipeline.load import load_pipeline
from its.strategies.self_consistency import SelfConsistency
from its.views.tune import policy_in_words, tune_lines
from tests.curves.made_records import record


@pytest.fixture
def records(pool_file: Path) -> list[SampleRecord]:
    return asyncio.run(graded_records(load_pool(pool_file)))


def test_the_probe_is_charged_and_votes() -> None:
    policy = Policy(probe=2, stages=((5, 4),))
    agreed, torn = record("aabbbbb"), record("abaaaaa")
    assert replay_policy(policy, agreed).samples == 2
    assert replay_policy(policy, torn).samples == 6
    assert replay_policy(policy, torn).correct is True


def test_a_rule_watches_its_own_stage_only() -> None:
    """As in a pipeline: the probe's samples are candidates, and the stage's rule starts anew."""
    policy = Policy(probe=2, stages=((1, 10),), rule="adaptive_consistency")
    assert replay_policy(policy, record("aaaaaaaaaaaa")).rounds == (2, 4)


def test_stages_add_up_by_difficulty() -> None:
    policy = Policy(probe=4, stages=((3, 2), (8, 6)))
    assert [policy.samples(level) for level in (1, 3, 7, 8)] == [4, 6, 6, 12]
    assert difficulty_of(record("aaab"), 4) == 4
    assert difficulty_of(record("aaab"), 0) == 1
    assert "Difficulty 3 to 7: 6 samples in all." in policy_in_words(policy)


def test_a_fraction_of_a_sample_lies_between_its_neighbours(records: list[SampleRecord]) -> None:
    drawn = shuffles(records, 3)
    low, middle, high = (vote_trial(drawn, n) for n in (4, 4.5, 5))
    assert middle.accuracy == pytest.approx((low.accuracy + high.accuracy) / 2)
    assert middle.cost == pytest.approx(4.5)


def test_tuning_beats_plain_voting_where_difficulty_differs(records: list[SampleRecord]) -> None:
    tuned = tune(records, budget=6, orders=2)
    assert tuned.expected.cost <= 6 + 1e-9
    assert tuned.held_out.accuracy >= tuned.vote.accuracy
    assert tuned.low <= tuned.gain <= tuned.high
    assert tuned.vote.cost == pytest.approx(tuned.held_out.cost)
    assert try_policy(tuned.policy, shuffles(records, 2)).cost <= 6 + 1e-9


def test_where_all_samples_agree_it_says_that_nothing_beats_voting() -> None:
    same = [record("aaaaaaaa") for _ in range(8)]
    tuned = tune(same, budget=4, orders=2)
    assert not tuned.beats_voting
    assert tuned.policy.samples(1) <= 4
    assert any("Nothing here beats plain voting" in line for line in tune_lines(tuned))


def test_the_preset_is_a_pipeline_with_the_policy_in_it(
    records: list[SampleRecord], tmp_path: Path
) -> None:
    tuned = tune(records, budget=4, orders=1)
    path = tmp_path / "tuned.yaml"
    path.write_text(preset(tuned, "pool"))
    pipeline = load_pipeline(str(path))
    for level in range(1, 11):
        planned = min(level * pipeline.budget.per_difficulty, pipeline.budget.max)
        running = [s.build() for s in pipeline.stages if planned >= s.from_budget]
        drawn = [s.n for s in running if isinstance(s, SelfConsistency)]
        assert len(drawn) == len(running)
        samples = tuned.policy.probe + sum(drawn)
        assert samples == tuned.policy.samples(level)
        assert samples <= planned
    assert path.read_text().startswith("# Tuned on pool")


@pytest.mark.parametrize("count", [0, 3])
def test_too_few_problems_are_refused(count: int) -> None:
    with pytest.raises(ValueError, match="at least four"):
        tune([record("ab")] * count, budget=1)


@pytest.mark.slow
def test_the_tuned_preset_runs_on_the_pool_and_spends_what_it_promised(
    pool_file: Path, tmp_path: Path
) -> None:
    tuned, run = tmp_path / "tuned.yaml", tmp_path / "run"
    command = [sys.executable, "-m", "its"]
    chosen = subprocess.run(
        [*command, "tune", str(pool_file), "--budget", "6", "--orders", "3", "-o", str(tuned)],
        capture_output=True,
        check=False,
    )
    assert chosen.returncode == 0, chosen.stderr
    assert b"Held out" in chosen.stderr
    assert b"calibration error" in chosen.stderr
    select = yaml.safe_load(tuned.read_text())["select"]
    assert select["method"] == "vote"
    assert len(select["calibration"]) == 2
    options = ["-c", str(tuned), "-o", str(run), "-q", "--stdout"]
    solved = subprocess.run(
        [*command, "solve", str(pool_file), "-m", f"recorded:{pool_file}", *options],
        capture_output=True,
        check=False,
    )
    assert solved.returncode == 0, solved.stderr
    assert len(solved.stdout.splitlines()) == 40
