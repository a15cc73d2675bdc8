"""Doubt search: which steps are written anew, by whom, and within what cap."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from its.candidates import Answer, Candidate, Score
from its.errors import CallError, ConfigurationError, TransientCallError, Unsupported
from its.models.protocol import Capabilities, Completion, Request, TokenLogprob
from its.step_logprobs import STEP_LOGPROBS, steps_of
from its.strategies.doubt_search import DoubtSearch
from tests.strategies.scripted_door import PROMPTS, FreeScorer, ScriptedDoor, assignment

ABLE = Capabilities(continues="trailing", logprobs=True)
SEPARATOR = PROMPTS.separator
TWO = ("step_by_step", "backwards")


def said(*steps: tuple[str, float], ends: bool = True) -> Completion:
    """A reply of steps, each one token of a probability."""
    texts = [text + SEPARATOR for text, _ in steps]
    if ends:
        texts[-1] = steps[-1][0]
    tokens = [TokenLogprob(text, math.log(p)) for text, (_, p) in zip(texts, steps, strict=True)]
    text = "".join(texts).removesuffix(SEPARATOR)
    return Completion(text, "end" if ends else "stop_string", len(tokens), tuple(tokens))


def scripted(replies: Mapping[str, Completion | CallError]) -> ScriptedDoor:
    return ScriptedDoor(lambda request, label: replies[label], capabilities=ABLE)


async def test_a_solution_without_doubt_takes_one_call() -> None:
    door = scripted({"0/0": said(("1+1=2", 0.99), ("Answer: 2", 0.99))})
    outcome = await DoubtSearch(styles=TWO).run(assignment(door))
    assert door.labels == ["0/0"]
    (candidate,) = outcome.candidates
    assert (candidate.text, candidate.complete) == ("1+1=2\n\nAnswer: 2", True)
    assert candidate.answer == Answer("2", "text")


async def test_the_likeliest_of_the_styles_steps_stands_and_the_solution_goes_on_from_it() -> None:
    door = scripted(
        {
            "0/0": said(("1+1=2", 0.99), ("2+2=5", 0.5), ("Answer: 5", 0.99)),
            "0/1/backwards": said(("2+2=4", 0.98), ends=False),
            "0/1": said(("Answer: 4", 0.99)),
        }
    )
    outcome = await DoubtSearch(n=1, styles=TWO).run(assignment(door))
    begun = dict(door.sent)["0/1/backwards"]
    assert (begun.continues, begun.stop, begun.temperature) == ("1+1=2\n\n", (SEPARATOR,), 0.0)
    assert dict(door.sent)["0/1"].continues == "1+1=2\n\n2+2=4\n\n"
    (candidate,) = outcome.candidates
    assert candidate.text == "1+1=2\n\n2+2=4\n\nAnswer: 4"
    assert candidate.step_scores == pytest.approx((0.99, 0.98, 0.99))
    assert candidate.tokens == 3
    assert candidate.mean_logprob == pytest.approx(math.log(0.99 * 0.98 * 0.99) / 3)
    ((_, note),) = door.events
    assert note["reason"] == "step 2 of 0 has probability 0.5: that of backwards (0.98) stands"


async def test_a_doubted_step_stands_where_no_other_is_likelier_and_nothing_is_written_again() -> (
    None
):
    door = scripted(
        {
            "0/0": said(("2+2=4", 0.6), ("Answer: 4", 0.99)),
            "0/1/backwards": said(("2+2=5", 0.4), ends=False),
        }
    )
    outcome = await DoubtSearch(n=1, styles=TWO).run(assignment(door))
    assert door.labels == ["0/0", "0/1/backwards"]
    assert outcome.candidates[0].text == "2+2=4\n\nAnswer: 4"


async def test_another_style_may_end_the_solution() -> None:
    door = scripted(
        {"0/0": said(("Answer: 5", 0.5)), "0/1/backwards": said(("Answer: 4", 0.9))},
    )
    outcome = await DoubtSearch(n=1, styles=TWO).run(assignment(door))
    (candidate,) = outcome.candidates
    assert (candidate.text, candidate.complete) == ("Answer: 4", True)


async def test_a_further_solution_begins_in_the_next_style_unless_the_first_is_certain() -> None:
    door = scripted({"0/0": said(("Answer: 4", 0.93)), "1/0": said(("Answer: 4", 0.94))})
    outcome = await DoubtSearch(n=3, styles=TWO).run(assignment(door))
    assert [candidate.style for candidate in outcome.candidates] == ["step_by_step", "backwards"]
    certain = await DoubtSearch(n=3, styles=TWO, enough=0.9).run(assignment(door := scripted(
        {"0/0": said(("Answer: 4", 0.93))}
    )))  # fmt: skip
    assert (len(certain.candidates), door.labels) == (1, ["0/0"])


async def test_steps_of_free_wording_can_be_compared_by_the_token() -> None:
    words = tuple(TokenLogprob(token, math.log(0.9)) for token in ("An", "swer", ":", " 4"))
    door = scripted({"0/0": Completion("Answer: 4", "end", 4, words)})
    strategy = DoubtSearch(n=1, styles=TWO, doubt=0.8, per_token=True)
    await strategy.run(assignment(door))
    assert door.labels == ["0/0"]


class Reader(FreeScorer):
    """Reads a step as sure, but for those in `unlikely`; one completion a reading."""

    def __init__(self, unlikely: dict[str, float]) -> None:
        super().__init__(lambda candidate: None)
        self.unlikely = unlikely

    def completions(self, candidates: int) -> int:
        return candidates

    async def __call__(self, candidates: Sequence[Candidate]) -> list[Score]:
        self.seen += candidates
        return [self._score(candidate) for candidate in candidates]

    def _score(self, candidate: Candidate) -> Score:
        steps = candidate.text.removesuffix(SEPARATOR).split(SEPARATOR)
        logprobs = [math.log(self.unlikely.get(step, 1.0)) for step in steps]
        value = math.exp(math.fsum(logprobs))
        return Score(candidate.id, value, "reader", details={STEP_LOGPROBS: logprobs})


async def test_what_a_reader_doubts_is_written_again_and_its_reading_is_the_score() -> None:
    door = scripted(
        {
            "0/0": said(("2+2=5", 0.99), ("Answer: 5", 0.99)),
            "0/1/backwards": said(("2+2=4", 0.98), ends=False),
            "0/1": said(("Answer: 4", 0.99)),
        }
    )
    reader = Reader({"2+2=5": 0.1, "2+2=4": 0.9})
    strategy = DoubtSearch(n=1, styles=TWO, doubt=0.8, read=True)
    outcome = await strategy.run(assignment(door, completions=6, scorer=reader))
    assert [candidate.style for candidate in reader.seen] == ["step_by_step", *reversed(TWO)]
    assert outcome.candidates[0].text == "2+2=4\n\nAnswer: 4"
    (score,) = outcome.scores
    assert (score.candidate, score.reward) == (outcome.candidates[0].id, "reader")
    assert score.value == pytest.approx(0.9)


async def test_readings_are_within_the_cap() -> None:
    door_replies = {"0/0": said(("2+2=5", 0.99), ("Answer: 5", 0.99))}
    door = scripted(door_replies)
    strategy, reader = DoubtSearch(n=2, styles=TWO, read=True), Reader({"2+2=5": 0.1})
    outcome = await strategy.run(assignment(door, completions=1, scorer=reader))
    assert (len(outcome.candidates), outcome.scores, reader.seen) == (1, (), [])
    outcome = await strategy.run(assignment(scripted(door_replies), completions=2, scorer=reader))
    assert (len(outcome.candidates), len(reader.seen)) == (1, 1)


async def test_reading_needs_a_reward() -> None:
    door = ScriptedDoor(lambda request, label: "Answer: 1", capabilities=ABLE)
    with pytest.raises(ConfigurationError, match="needs a reward"):
        await DoubtSearch(read=True).run(assignment(door))
    assert door.sent == []


async def test_a_call_that_fails_costs_only_itself() -> None:
    door = scripted(
        {
            "0/0": said(("2+2=5", 0.5), ("Answer: 5", 0.99)),
            "0/1/backwards": said(("2+2=4", 0.98), ends=False),
            "0/1": TransientCallError("reset"),
        }
    )
    outcome = await DoubtSearch(n=1, styles=TWO).run(assignment(door))
    assert [candidate.text for candidate in outcome.candidates] == ["2+2=5\n\nAnswer: 5"]
    assert outcome.failures == ("stage/0: reset",)


@pytest.mark.parametrize(
    "able", [Capabilities(logprobs=True, continues="no"), Capabilities(continues="trailing")]
)
async def test_it_is_refused_without_continuation_or_probabilities(able: Capabilities) -> None:
    door = ScriptedDoor(lambda request, label: "Answer: 1", capabilities=able)
    with pytest.raises(Unsupported, match="doubt_search"):
        await DoubtSearch().run(assignment(door))
    assert door.sent == []


@settings(max_examples=40, deadline=None)
@given(
    completions=st.integers(0, 30),
    seed=st.integers(0, 1000),
    share=st.sampled_from([0.0, 0.3, 1.0]),
    shuffle=st.integers(),
)
async def test_the_cap_is_hard_and_arrival_changes_nothing(
    completions: int, seed: int, share: float, shuffle: int
) -> None:
    def reply(request: Request, label: str) -> Completion | CallError:
        random = Random(f"{seed}/{label}/{request.continues}")
        if random.random() < share:
            cut = random.random() < 0.5
            return Completion("cut", "length") if cut else TransientCallError("reset")
        step = (f"step {random.randrange(9)}", random.random())
        ends = random.random() < 0.3
        if request.stop:
            return said(step, ends=ends)
        return said(*[step] * random.randrange(3), (f"Answer: {random.randrange(3)}", 0.9))

    strategy = DoubtSearch(n=3)
    door = ScriptedDoor(reply, capabilities=ABLE)
    outcome = await strategy.run(assignment(door, completions=completions))
    assert len(door.sent) <= completions
    assert len(outcome.candidates) <= strategy.candidates_from(completions)
    if completions and not share:
        assert outcome.candidates
    shuffled = ScriptedDoor(reply, shuffle=shuffle, capabilities=ABLE)
    assert await strategy.run(assignment(shuffled, completions=completions)) == outcome


@given(st.lists(st.text("ab\n", max_size=4), max_size=8))
def test_steps_hold_every_character_and_every_probability(tokens: list[str]) -> None:
    logprobs = tuple(TokenLogprob(token, -1.0) for token in tokens)
    text = "".join(tokens)
    steps = steps_of(text, logprobs, "\n\n")
    assert "".join(step.text for step in steps) == text
    assert sum(step.tokens for step in steps) == (len(tokens) if text else 0)
    assert all(step.text.endswith("\n\n") for step in steps[:-1])
    assert math.fsum(step.logprob for step in steps) == -sum(step.tokens for step in steps)
