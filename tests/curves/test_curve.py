"""Curves from recorded samples: what each budget would have cost and given."""

import asyncio
import math
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from its.allocation.batch import BatchPolicy
from its.allocation.stopping import AdaptiveConsistency, UnanimousWindow
from its.candidates import Answer, Candidate, without_guesses
from its.curves.curve import Prices, compute_curve, default_sizes
from its.curves.records import SampleRecord, shuffles
from its.curves.replay import (
    replay_batch,
    replay_best_of_n,
    replay_confidence,
    replay_short,
    replay_stop,
    replay_vote,
    replay_weighted_vote,
)
from its.curves.source import graded_records
from its.errors import InputError
from its.models.recorded import Pool, PoolProblem, RecordedSample, load_pool
from its.selection import norm_vote, vote, weighted_vote
from its.selection.ranking import guard_of
from its.views.curve import plot, svg
from tests.curves.made_records import record


@pytest.fixture
def records(pool_file: Path) -> list[SampleRecord]:
    return asyncio.run(graded_records(load_pool(pool_file)))


def test_a_vote_takes_the_first_n_and_abstentions_have_no_voice() -> None:
    assert replay_vote(record("baa"), 1).correct is False
    assert replay_vote(record("baa"), 3).correct is True
    assert replay_vote(record("..a"), 3).correct is True
    assert replay_vote(record("..", right="a"), 2).correct is False


def test_a_stopping_rule_stops_where_it_would_have_live() -> None:
    replay = replay_stop(record("aaaabbbbbbbb"), AdaptiveConsistency(), most=12)
    assert (replay.correct, replay.rounds) == (True, (4,))
    torn = replay_stop(record("abaaaaaaaa"), AdaptiveConsistency(), most=10)
    assert torn.rounds == (4, 3)


def test_a_weighted_vote_follows_the_scores() -> None:
    scored = record("abb", scores=(0.9, 0.2, 0.2))
    assert replay_weighted_vote(scored, 3).correct is True
    assert replay_vote(scored, 3).correct is False


def test_a_doubtful_sample_counts_for_less_before_a_confident_rule() -> None:
    assert replay_confidence(record("aaaaaa", scores=(1.0,) * 6), 6).rounds == (4,)
    assert replay_confidence(record("aaaaaaa", scores=(0.5,) * 7), 7).rounds == (4, 2, 1)


def test_short_m_at_k_votes_among_the_first_to_end_and_charges_the_cut() -> None:
    replay = replay_short(record("aabbb", tokens=(10, 20, 30, 40, 50)), 5)
    assert replay.correct is True
    assert (replay.completion_tokens, replay.sequential_tokens) == (10 + 20 + 3 * 30, 30)


samples = st.lists(
    st.tuples(
        st.one_of(st.none(), st.integers(0, 2)),
        st.one_of(st.none(), st.sampled_from([0.0, 0.1, 0.2, 0.3, 0.6]), st.just(math.nan)),
        st.booleans(),
    ),
    min_size=1,
    max_size=9,
)


@given(samples)
def test_a_replay_chooses_what_a_run_chooses(
    drawn: list[tuple[int | None, float | None, bool]],
) -> None:
    """Ties, guesses, missing and useless scores: word for word the selection of a run."""
    classes, scores, guesses = zip(*drawn, strict=True)
    n = len(classes)
    candidates = [
        Candidate(str(i), "text", None if c is None else Answer(str(c), "text", guess))
        for i, (c, guess) in enumerate(zip(classes, guesses, strict=True))
    ]
    voting = without_guesses(classes, guesses)
    for replay, live in (
        (replay_vote, vote(candidates, voting)),
        (replay_weighted_vote, weighted_vote(candidates, voting, scores)),
        (
            replay_best_of_n,
            norm_vote(
                candidates, voting, scores, guard_of(sum(number is not None for number in voting))
            ),
        ),
    ):
        of_run = None if live.candidate is None else int(live.candidate.id)
        for i in range(n):
            right = tuple(position == i for position in range(n))
            recorded = SampleRecord("p", "q", classes, right, (1,) * n, scores, guesses=guesses)
            replayed = replay(recorded, n)
            assert replayed.correct is (of_run == i)
            assert replayed.confidence == pytest.approx(live.confidence)


def test_guesses_have_no_voice_where_an_answer_is_stated() -> None:
    guessed = SampleRecord("p", "q", (0, 0, 1), (False, False, True), (1,) * 3, (None,) * 3, None,
                     (True, True, False))  # fmt: skip
    assert replay_vote(guessed, 2).correct is False
    assert replay_vote(guessed, 3).correct is True
    assert replay_stop(guessed, UnanimousWindow(window=2), 3).samples == 3


def test_one_budget_never_exceeds_its_total_and_larger_ones_go_on(
    records: list[SampleRecord],
) -> None:
    replays = replay_batch(records, BatchPolicy(share=0.3), [80, 160])
    spent = [sum(replay.samples for replay in of_budget) for of_budget in replays]
    assert spent[0] <= 80
    assert spent[0] <= spent[1] <= 160
    assert all(small.samples <= large.samples for small, large in zip(*replays, strict=True))


def test_one_budget_gives_the_doubtful_more_than_the_sure_and_the_lost(
    records: list[SampleRecord],
) -> None:
    (replays,) = replay_batch(records, BatchPolicy(share=0.3), [4 * len(records)])
    drawn = [[r.samples for r in replays[sort::3]] for sort in range(3)]
    sure, doubtful, _ = (sum(n) / len(n) for n in drawn)
    assert doubtful > 2 * sure


def test_the_oracle_is_the_ceiling_of_every_strategy(records: list[SampleRecord]) -> None:
    strategies = ["vote", "adaptive", "windows", "short", "batch", "oracle", "diminishing_returns"]
    points = compute_curve(records, strategies, sizes=[1, 3, 8], orders=3)
    ceiling = {point.n: point.accuracy for point in points if point.strategy == "oracle"}
    for point in points:
        assert point.accuracy <= ceiling[point.n] + 0.1  # the others are means of 3 orders
        assert point.low <= point.accuracy <= point.high
        assert point.calls <= point.n


def test_costs_are_reported_where_known_and_none_where_not() -> None:
    priced = record("aab", tokens=100, prompt_tokens=50)
    (point,) = compute_curve([priced], ["vote"], sizes=[2], prices=Prices(1.0, 2.0), orders=1)
    assert (point.calls, point.completion_tokens, point.tokens) == (2, 200, 300)
    assert point.sequential_tokens == 100
    assert point.usd == pytest.approx((100 * 1 + 200 * 2) / 1e6)
    (silent,) = compute_curve([record("aab", tokens=None)], ["vote"], sizes=[2], orders=1)
    assert silent.tokens is silent.usd is silent.sequential_tokens is None


def test_sequential_tokens_add_up_over_rounds(records: list[SampleRecord]) -> None:
    vote, adaptive = compute_curve(records, ["vote", "adaptive"], sizes=[24], orders=3)
    assert adaptive.calls < vote.calls
    assert adaptive.sequential_tokens is not None
    assert vote.sequential_tokens is not None
    assert adaptive.sequential_tokens > vote.sequential_tokens


def test_sizes_double_up_to_the_most_there_are(records: list[SampleRecord]) -> None:
    assert default_sizes(records) == [1, 2, 4, 8, 16, 24]
    assert shuffles(records, 2, seed=1) == shuffles(records, 2, seed=1)


def test_a_biased_pool_is_refused_unless_asked_for(pool_file: Path) -> None:
    pool = load_pool(pool_file)
    biased = Pool(pool.name, pool.problems, biased="it stopped adaptively")
    with pytest.raises(InputError, match="stopped adaptively"):
        asyncio.run(graded_records(biased))
    assert asyncio.run(graded_records(biased, allow_biased=True))


def test_samples_without_a_verdict_are_graded_by_the_reference() -> None:
    samples = (
        RecordedSample("So it is 1/2.\n\nAnswer: 1/2", None),
        RecordedSample(None, "0.5"),
        RecordedSample(None, "2"),
    )
    pool = Pool("made", (PoolProblem("p", "q", "0.5", samples),))
    (graded,) = asyncio.run(graded_records(pool))
    assert graded.correct == (True, True, False)
    assert graded.classes[0] == graded.classes[1] != graded.classes[2]


def test_without_any_verdict_there_is_no_curve() -> None:
    pool = Pool("made", (PoolProblem("p", "q", None, (RecordedSample(None, "1"),)),))
    with pytest.raises(InputError, match="which answers are right"):
        asyncio.run(graded_records(pool))


def test_pictures_show_every_strategy(records: list[SampleRecord]) -> None:
    points = compute_curve(records, ["vote", "oracle"], orders=2)
    drawn, picture = plot(points), svg(points, title="a < b")
    assert "vote" in drawn
    assert "(log)" in drawn
    assert ElementTree.fromstring(picture).tag.endswith("svg")
    assert "a &lt; b" in picture
    assert picture.count("<polyline") == 2
    assert plot(points, "usd") == ""


def run_curve(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "its", "curve", *arguments], capture_output=True, check=False
    )


@pytest.mark.slow
def test_the_command_prints_json_lines_when_piped(pool_file: Path, tmp_path: Path) -> None:
    picture = tmp_path / "curve.svg"
    done = run_curve(str(pool_file), "-n", "1,4", "--orders", "2", "-o", str(picture))
    assert done.returncode == 0, done.stderr
    points = [orjson.loads(line) for line in done.stdout.splitlines()]
    assert {point["strategy"] for point in points} == {
        "vote",
        "adaptive",
        "windows",
        "short",
        "batch",
        "oracle",
    }
    assert b"40 problems" in done.stderr
    assert picture.read_text().startswith("<svg")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--strategies", "magic"], b"no strategy 'magic'"),
        (["--strategies", "best_of_n"], b"needs a recorded score"),
        (["-n", "0"], b"whole numbers"),
        (["-o", "/absent/curve.svg"], b"cannot write"),
    ],
)
def test_bad_options_are_plain_sentences(
    pool_file: Path, arguments: list[str], complaint: bytes
) -> None:
    done = run_curve(str(pool_file), *arguments)
    assert done.returncode == 2
    assert complaint in done.stderr
    assert b"Traceback" not in done.stderr
