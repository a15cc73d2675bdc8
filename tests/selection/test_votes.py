"""Votes over classes of equivalent answers."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from its.candidates import Answer, Candidate, Score, Selection
from its.selection import best_by_reward, cisc, norm_vote, vote, weighted_vote


def candidates(*answers: str | None, weights: list[float] | None = None) -> list[Candidate]:
    """A candidate an answer; None has no answer."""
    return [
        Candidate(
            f"attempts/{i}",
            f"text {i}",
            None if answer is None else Answer(answer, "number"),
            weight=weights[i] if weights else 1.0,
        )
        for i, answer in enumerate(answers)
    ]


def classes(*answers: str | None) -> list[int | None]:
    """Class numbers by plain equality."""
    seen: dict[str, int] = {}
    return [None if a is None else seen.setdefault(a, len(seen)) for a in answers]


def winner(selection: Selection) -> str | None:
    if selection.candidate is None or selection.candidate.answer is None:
        return None
    return selection.candidate.answer.text


def test_the_answer_of_most_candidates_wins() -> None:
    answers = ["7", "5", "5", "7", "5"]
    selection = vote(candidates(*answers), classes(*answers))
    assert winner(selection) == "5"
    assert selection.tally == (("5", 3.0), ("7", 2.0))
    assert selection.reason == ("3 of 5 candidates agree on 5 (with a weight of 3, next 7 with 2)")


def test_equivalent_answers_written_differently_count_together() -> None:
    selection = vote(candidates("1/2", "7", "0.5", "7", ".5"), [0, 1, 0, 1, 0])
    assert winner(selection) == "1/2"


def test_a_candidate_without_an_answer_never_votes() -> None:
    answers = [None, None, None, "4"]
    assert winner(vote(candidates(*answers), classes(*answers))) == "4"


def test_when_all_abstain_nothing_is_chosen() -> None:
    selection = vote(candidates(None, None), [None, None])
    assert selection.candidate is None
    assert selection.confidence is None
    assert vote([], []).candidate is None


def test_a_tie_goes_to_the_higher_total_reward_then_to_the_earliest() -> None:
    answers = ["a", "b", "b", "a"]
    assert winner(vote(candidates(*answers), classes(*answers), [0.1, 0.9, 0.2, 0.3])) == "b"
    assert winner(vote(candidates(*answers), classes(*answers), [None] * 4)) == "a"


def test_sums_that_differ_only_in_rounding_are_a_tie() -> None:
    answers = ["a", "b", "a"]
    selection = weighted_vote(candidates(*answers), classes(*answers), [0.1, 0.3, 0.2])
    assert winner(selection) == "a"
    assert "tie" in selection.reason


def test_a_candidate_counts_as_many_samples_as_it_weighs() -> None:
    answers = ["a", "b"]
    assert winner(vote(candidates(*answers, weights=[1, 3]), classes(*answers))) == "b"
    assert (
        winner(weighted_vote(candidates(*answers, weights=[1, 3]), classes(*answers), [0.8, 0.3]))
        == "b"
    )


def test_the_best_scored_candidate_represents_its_class() -> None:
    answers = ["5", "5", "5"]
    selection = vote(candidates(*answers), classes(*answers), [0.2, None, 0.7])
    assert selection.candidate is not None
    assert selection.candidate.id == "attempts/2"


def test_weighted_vote_sums_the_scores_of_equal_answers() -> None:
    answers = ["a", "b", "b"]
    selection = weighted_vote(candidates(*answers), classes(*answers), [0.9, 0.4, 0.4])
    assert winner(selection) == "a"
    assert selection.tally == (("a", 0.9), ("b", 0.8))


def test_an_unscored_candidate_weighs_the_mean_of_the_scored() -> None:
    answers = ["a", "b", "b"]
    selection = weighted_vote(candidates(*answers), classes(*answers), [0.6, 0.2, None])
    assert dict(selection.tally) == pytest.approx({"a": 0.6, "b": 0.2 + 0.4})
    assert winner(selection) == "a"  # a tie in weight and reward order: a scored 0.6, b 0.2


@pytest.mark.parametrize("scores", [[None, None, None], [0.0, 0.0, 0.0]])
def test_without_a_useful_score_a_weighted_vote_is_a_vote(scores: list[float | None]) -> None:
    answers = ["a", "b", "b"]
    for select in (weighted_vote, best_by_reward):
        assert winner(select(candidates(*answers), classes(*answers), scores)) == "b"


def test_best_of_n_takes_the_best_scored_whatever_the_others_say() -> None:
    answers = ["a", "b", "b", "b"]
    selection = best_by_reward(candidates(*answers), classes(*answers), [0.9, 0.8, 0.8, 0.8])
    assert winner(selection) == "a"


def test_best_of_n_breaks_a_tie_by_the_total_reward_of_the_answer() -> None:
    answers = ["a", "b", "b"]
    selection = best_by_reward(candidates(*answers), classes(*answers), [0.9, 0.9, 0.1])
    assert winner(selection) == "b"


def test_the_norm_goes_from_best_of_n_to_the_weighted_vote() -> None:
    answers = ["a", "b", "b", "b"]
    scores = [0.9, 0.4, 0.4, 0.4]
    given_ = (candidates(*answers), classes(*answers), scores)
    assert winner(norm_vote(*given_, agreement=0.0)) == "a"
    halfway = dict(norm_vote(*given_, agreement=0.5).tally)
    assert halfway == pytest.approx({"a": 0.9, "b": 0.4 * math.sqrt(3)})
    assert winner(norm_vote(*given_, agreement=1.0)) == "b"
    assert norm_vote(*given_, agreement=1.0).tally == weighted_vote(*given_).tally


def test_cisc_weighs_by_a_softmax_over_the_candidates_that_answer() -> None:
    answers = ["a", "b", None, "b"]
    scores = [1.0, 0.0, 1.0, 0.0]
    sharp = cisc(candidates(*answers), classes(*answers), scores, temperature=0.5)
    assert winner(sharp) == "a"
    assert dict(sharp.tally) == pytest.approx({"a": 1.0, "b": 2 * math.exp(-2)})
    flat = cisc(candidates(*answers), classes(*answers), scores, temperature=100.0)
    assert winner(flat) == "b"


def test_confidence_grows_with_agreement_and_with_the_number_that_agree() -> None:
    def sure(*answers: str | None) -> float:
        return vote(candidates(*answers), classes(*answers)).confidence or 0

    assert sure("a") == 0.5
    assert sure(*"aaaaaaaa") == 1 - 0.5 / 8
    assert sure(*"aaab") > sure(*"aabb")
    assert sure("a", "a", "a", None) < sure("a", "a", "a", "a")


votes_with_scores = st.lists(
    st.tuples(
        st.one_of(st.none(), st.integers(0, 3)),
        st.one_of(st.none(), st.floats(0, 1)),
        st.floats(0.1, 4),
    ),
    max_size=12,
)


Drawn = tuple[int | None, float | None, float]


@given(votes_with_scores, st.floats(0, 1), st.floats(0.05, 5))
def test_every_selection_keeps_the_rules(
    drawn: list[Drawn], agreement: float, temperature: float
) -> None:
    numbers = [number for number, _, _ in drawn]
    scores = [score for _, score, _ in drawn]
    pool = candidates(
        *(None if n is None else str(n) for n in numbers), weights=[w for _, _, w in drawn]
    )
    for selection in (
        vote(pool, numbers, scores),
        weighted_vote(pool, numbers, scores),
        best_by_reward(pool, numbers, scores),
        norm_vote(pool, numbers, scores, agreement),
        cisc(pool, numbers, scores, temperature),
    ):
        if all(number is None for number in numbers):
            assert selection.candidate is None
        else:
            assert selection.confidence is not None
            assert 0 <= selection.confidence <= 1
            assert {answer for answer, _ in selection.tally} == {
                str(number) for number in numbers if number is not None
            }
            weights = [weight for _, weight in selection.tally]
            assert weights == pytest.approx(sorted(weights, reverse=True))
            assert selection.tally[0][0] == winner(selection)


@given(votes_with_scores)
def test_a_large_temperature_makes_cisc_a_plain_vote(drawn: list[Drawn]) -> None:
    numbers = [number for number, _, _ in drawn]
    scores = [score for _, score, _ in drawn]
    pool = candidates(*(None if n is None else str(n) for n in numbers))
    plain = vote(pool, numbers, scores)
    heated = cisc(pool, numbers, scores, temperature=1e15)
    assert heated.candidate == plain.candidate


def test_who_abstained_neither_lowers_nor_raises_the_confidence() -> None:
    answers: list[str | None] = ["a", "a", "a", "b"]
    among_voters = vote(candidates(*answers), classes(*answers)).confidence
    answers += [None] * 12
    assert vote(candidates(*answers), classes(*answers)).confidence == among_voters
    assert among_voters == pytest.approx((3 - 0.5) / 4)


@pytest.mark.parametrize("useless", [0.0, None, math.nan])
def test_the_score_of_a_candidate_without_an_answer_decides_nothing(useless: float | None) -> None:
    """Scores of zero are no preference, however well an abstainer was scored."""
    answers = ["1", "2", "2", "2", None]
    scores = [useless] * 4 + [0.9]
    given = (candidates(*answers), classes(*answers), scores)
    for selection in (
        weighted_vote(*given),
        best_by_reward(*given),
        norm_vote(*given, agreement=0.5),
        cisc(*given, temperature=0.5),
    ):
        assert winner(selection) == "2"
        assert selection.confidence == pytest.approx((3 - 0.5) / 4)


def test_an_unscored_candidate_weighs_the_mean_of_those_that_vote() -> None:
    answers = ["a", "b", None]
    selection = weighted_vote(candidates(*answers), classes(*answers), [0.4, None, 1.0])
    assert dict(selection.tally) == pytest.approx({"a": 0.4, "b": 0.4})


@given(votes_with_scores, st.data())
def test_a_score_that_is_no_number_counts_as_none(drawn: list[Drawn], data: st.DataObject) -> None:
    numbers = [number for number, _, _ in drawn]
    scores = [score for _, score, _ in drawn]
    broken = [
        data.draw(st.sampled_from([math.nan, math.inf, -math.inf])) if score is None else score
        for score in scores
    ]
    pool = candidates(*(None if n is None else str(n) for n in numbers))
    for select in (vote, weighted_vote, best_by_reward):
        assert select(pool, numbers, broken) == select(pool, numbers, scores)


def test_a_reward_that_gives_no_number_abstains() -> None:
    assert Score("c/0", math.nan, "foreign").value is None
    assert Score("c/0", math.inf, "foreign").value is None
    assert Score("c/0", 0.0, "foreign").value == 0.0
