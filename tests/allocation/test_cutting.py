"""Which running samples are stopped: low confidence, the shortest of k, text in a loop."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import accumulate, cycle, pairwise, takewhile
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from its.allocation.cutting import AllCutting, Cutting
from its.allocation.cutting_rules import LowConfidence, Repetition, Shortest
from its.allocation.deepconf import cut_at, cut_threshold, token_confidence, trace_confidence
from its.allocation.repetition import STRIDE, loop_at_the_end
from its.allocation.short import short_m_at_k
from its.allocation.stopping import Consensus
from its.models.protocol import Completion, Finish
from its.models.watching import Cut, Watch

# --- low confidence -----------------------------------------------------------------------------


def trace(*confidences: float) -> list[tuple[float, float]]:
    """Two alternatives at each token, whose mean of -log p is the confidence."""
    return [(-confidence - 0.5, -confidence + 0.5) for confidence in confidences]


def run(watch: Watch, tops: Sequence[Sequence[float]], size: int = 1) -> Cut | None:
    """Show a trace in pieces, up to the token where it is cut."""
    for start in range(0, len(tops), size):
        part = tops[start : start + size]
        if cut := watch.look("x" * len(part), len(part), part):
            return cut
    return None


def settled(least: float | None, finish: Finish = "end") -> Completion:
    return Completion("", finish, least_confidence=least)


def warmed(rule: LowConfidence, *least: float | None) -> Cutting:
    cutting = rule.begin()
    for number, each in enumerate(least):
        cutting.settle(number, settled(each))
    return cutting


def test_the_threshold_is_the_least_confidence_that_the_surest_share_had() -> None:
    rule = LowConfidence(warm_up=4, keep=0.5, group=2)
    cutting = warmed(rule, 3.0, 1.0, 4.0, 2.0)
    # The surest two of four never fell under 3.0.
    assert run(cutting.watch(4), trace(9, 3.25, 2.75, 9)) is None
    cut = run(cutting.watch(5), trace(9, 3.25, 2.5, 9))
    assert cut == Cut("cut", "its confidence fell to 2.875, under 3.000, after 3 tokens")


def test_the_first_samples_are_never_stopped_but_may_not_count() -> None:
    cutting = warmed(LowConfidence(warm_up=2, keep=0.5, group=1), 3.0, 1.0)
    assert run(cutting.watch(1), trace(0.1, 0.1)) is None
    assert cutting.leaves_out(0) == ""
    assert cutting.leaves_out(1) == "its least confidence, 1.000, is under 3.000"


def test_no_later_sample_goes_out_before_the_first_have_come() -> None:
    cutting = LowConfidence(warm_up=2, group=1).begin()
    cutting.settle(1, settled(2.0))
    assert cutting.open() == 2
    cutting.settle(0, None)  # its call failed
    assert cutting.open() is None
    assert run(cutting.watch(2), trace(1.9)) is not None


def test_without_probabilities_nothing_is_stopped_and_all_count() -> None:
    cutting = warmed(LowConfidence(warm_up=2), None, None)
    assert run(cutting.watch(2), trace(0.0)) is None
    assert cutting.leaves_out(0) == ""


def test_a_sample_shorter_than_a_group_is_judged_at_its_end() -> None:
    cutting = warmed(LowConfidence(warm_up=1, keep=1.0, group=5), 3.0)
    watch = cutting.watch(1)
    assert run(watch, trace(2.0, 2.5)) is None
    least = watch.ended(2)
    assert least == pytest.approx(2.25)
    cutting.settle(1, settled(least))
    assert cutting.leaves_out(1)


confidences = st.floats(0, 20, allow_nan=False)


@settings(deadline=None)
@given(
    st.lists(st.lists(confidences, min_size=1, max_size=30), min_size=1, max_size=6),
    st.lists(confidences, min_size=1, max_size=40),
    st.floats(0.01, 1),
    st.integers(1, 8),
    st.integers(1, 9),
)
def test_a_running_sample_is_cut_where_the_whole_one_says(
    first: list[list[float]], later: list[float], keep: float, group: int, size: int
) -> None:
    cutting = LowConfidence(warm_up=len(first), keep=keep, group=group).begin()
    measured = []
    for number, tops in enumerate(trace(*each) for each in first):
        watch = cutting.watch(number)
        assert run(watch, tops, size) is None
        measured.append(watch.ended(len(tops)) or 0.0)
        cutting.settle(number, settled(measured[-1]))
        tokens = [token_confidence(top) for top in tops]
        assert measured[-1] == trace_confidence(tokens, "lowest", group)
    threshold = cut_threshold(measured, keep)
    tokens = [token_confidence(top) for top in trace(*later)]
    at, cut = cut_at(tokens, threshold, group), run(cutting.watch(99), trace(*later), size)
    assert (cut is None) == (at is None)
    assert cut is None or cut.reason.endswith(f"after {at} tokens")
    kept = [number for number in range(len(first)) if not cutting.leaves_out(number)]
    assert len(kept) >= max(1, math.ceil(keep * len(first) - 1e-9))


# --- the shortest of k --------------------------------------------------------------------------


def test_a_sample_is_stopped_once_it_is_longer_than_m_that_have_ended() -> None:
    cutting = Shortest(m=2).begin()
    running = cutting.watch(0)
    assert running.look("", 100, ()) is None
    cutting.watch(1).ended(30)
    assert running.look("", 1, ()) is None
    cutting.watch(2).ended(40)
    assert running.look("", 1, ()) == Cut("cut", "it is not among the 2 shortest")
    level = cutting.watch(3)
    assert level.look("", 40, ()) is None, "it may still be as short as they are"
    assert level.look("", 1, ()) is not None
    cutting.watch(4).ended(10)
    assert cutting.watch(5).look("", 31, ()) is not None, "30 is the second shortest by now"


@settings(deadline=None)
@given(
    st.lists(st.integers(1, 12), min_size=1, max_size=8),
    st.integers(1, 5),
    st.integers(1, 8),
    st.randoms(use_true_random=False),
)
def test_whatever_the_timing_the_same_samples_are_kept(
    lengths: list[int], m: int, slots: int, random: Random
) -> None:
    """Samples run in any order, so many at a time, in steps of any size."""
    pick = random.choice
    cutting = Shortest(m).begin()
    waiting, running = list(range(len(lengths))), dict[int, tuple[Watch, int]]()
    cut, written = set(), 0
    while waiting or running:
        while waiting and len(running) < slots:
            number = pick(waiting)
            waiting.remove(number)
            running[number] = (cutting.watch(number), 0)
        number = pick(sorted(running))
        watch, before = running[number]
        step = min(pick([1, 2, 5]), lengths[number] - before)
        written += step
        if watch.look("", step, ()) is not None:
            cut.add(number)
            del running[number]
        elif before + step == lengths[number]:
            watch.ended(lengths[number])
            cutting.settle(number, Completion("", "end", lengths[number]))
            del running[number]
        else:
            running[number] = (watch, before + step)
    kept = [n for n in range(len(lengths)) if n not in cut and not cutting.leaves_out(n)]
    expected = short_m_at_k(lengths, min(m, len(lengths)))
    assert kept == sorted(expected.kept)
    assert expected.tokens <= written + len(lengths) * 5
    assert written <= sum(lengths)


def test_what_a_filter_swallowed_has_not_ended_first() -> None:
    cutting = Shortest(m=1).begin()
    cutting.settle(0, Completion("", "filtered", 1))
    cutting.settle(1, Completion("long", "end", 50))
    assert cutting.leaves_out(1) == ""


def test_where_nobody_counts_tokens_the_text_does() -> None:
    cutting = Shortest(m=1).begin()
    cutting.settle(0, Completion("a" * 90, "end"))
    cutting.settle(1, Completion("a" * 40, "end"))
    assert cutting.leaves_out(0)
    assert not cutting.leaves_out(1)


# --- loops --------------------------------------------------------------------------------------

SENTENCE = "So the answer may be 12, or else it may be 13. "


@pytest.mark.parametrize(
    ("text", "period"),
    [
        ("a" * 400, 1),
        ("a" * 399, None),
        ("Let me see. " + SENTENCE * 12, len(SENTENCE)),
        (SENTENCE * 3, None),
        ((SENTENCE + "Wait. ") * 12, len(SENTENCE) + 6),
        ("".join(f"{n} squared is {n * n}. " for n in range(60)), None),
        ("ab" * 150 + "c" + "ab" * 150, None),
        (("-" * 200 + "\n") * 6, 201),
        ("", None),
    ],
)
def test_a_loop_is_the_same_passage_again_and_again(text: str, period: int | None) -> None:
    assert loop_at_the_end(text, 4, 400) == period


@settings(deadline=None)
@given(st.text("abc", max_size=60), st.text("abc", min_size=1, max_size=30), st.integers(2, 5))
def test_every_loop_within_reach_is_found(before: str, passage: str, repeats: int) -> None:
    times = max(repeats + 1, math.ceil(60 / len(passage)) + 1)
    found = loop_at_the_end(before + passage * times, repeats, 60)
    assert found is not None
    tail = (before + passage * times)[-found * repeats :]
    assert tail == tail[:found] * repeats


def repeating(pieces: Sequence[str], rule: Repetition | None = None) -> Cut | None:
    watch = (rule or Repetition()).begin().watch(0)
    return next((cut for piece in pieces if (cut := watch.look(piece, 1, ()))), None)


@settings(deadline=None)
@given(
    st.text("abcdef ", max_size=300),
    st.text("abcdef ", min_size=1, max_size=120),
    st.integers(1, 30),
    st.lists(st.integers(1, 300), min_size=1, max_size=20),
)
def test_a_loop_is_cut_at_the_same_character_however_it_comes(
    before: str, passage: str, times: int, sizes: list[int]
) -> None:
    text = before + passage * times
    ends = list(takewhile(lambda end: end < len(text), accumulate(cycle(sizes))))
    pieces = [text[start:end] for start, end in pairwise([0, *ends, len(text)])]
    whole = repeating([text])
    assert repeating(pieces) == whole == repeating(list(text))
    if whole is not None:
        assert whole.kept is not None
        assert whole.kept % STRIDE == 0
        assert loop_at_the_end(text[: whole.kept], 4, 400) is not None


def test_a_loop_far_into_a_long_text_is_found() -> None:
    text = "".join(f"{number}, " for number in range(4000)) + SENTENCE * 30
    cut = repeating([text[at : at + 7] for at in range(0, len(text), 7)])
    assert cut is not None
    assert cut.finish == "loop"
    assert cut.kept is not None
    start = len(text) - len(SENTENCE) * 30
    assert start + 400 <= cut.kept <= start + 400 + STRIDE + len(SENTENCE)
    assert cut.reason == f"it repeats the same 47 characters, after {cut.kept:,} characters"


def test_a_passage_that_is_too_long_to_be_seen_again_is_not_looked_for() -> None:
    text = "".join(f"{number}, " for number in range(400)) * 6
    assert repeating([text]) is None
    assert repeating([text[at : at + 100] for at in range(0, len(text), 100)]) is None


def test_fewer_repeats_may_do() -> None:
    text = ["x" * 20 + SENTENCE * 2 + " " * 50]
    assert repeating([SENTENCE * 3], Repetition(repeats=2, least=60)) is not None
    assert repeating(text, Repetition(repeats=3, least=60)) is None


# --- several rules, and the stopping rule that goes with them -----------------------------------


def test_the_first_rule_that_cuts_has_cut() -> None:
    cutting = AllCutting([Repetition(), Shortest(m=1), LowConfidence(warm_up=3, group=1)])
    assert cutting.open() == 3
    cutting.watch(1).ended(10)
    cut = cutting.watch(0).look("a" * 640, 640, trace(2.0))
    assert cut is not None
    assert cut.finish == "loop"
    assert cutting.watch(2).ended(5) is None
    watch = cutting.watch(2)
    watch.look("", 1, trace(2.0))
    assert watch.ended(1) == pytest.approx(2.0)
    cutting.settle(1, Completion("", "end", 10))
    cutting.settle(2, Completion("", "end", 1))
    assert cutting.leaves_out(1) == "it is not among the 1 shortest"


@pytest.mark.parametrize(
    ("answers", "further"),
    [
        ([], 4),
        ([0, 0, 0], 1),
        ([0, 0, 0, 0], 0),
        ([0, 0, 0, None], 0),
        ([0, 0, 0, 1], 1),
        ([0, 1, 0, 1], 6),
        ([None] * 4, 1),
        ([0, 1] * 5, 0),
    ],
)
def test_consensus_stops_at_a_share_of_the_votes(answers: list[int | None], further: int) -> None:
    assert Consensus(ratio=0.8, minimum=4, maximum=10).further_samples(answers) == further
