"""Rewards read from token probabilities, where the endpoint gives them."""

from __future__ import annotations

import asyncio
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from annotated_types import Interval

from its.calls.protocol import Door
from its.candidates import Candidate, Score
from its.models.protocol import Completion, TokenLogprob
from its.parts import Need
from its.problems.problem import Question
from its.prompts import PromptSet
from its.prompts.fencing import fenced
from its.rewards import verdicts
from its.rewards.asking import ask
from its.rewards.protocol import Reward


@dataclass(frozen=True, slots=True)
class MeanLogprob(Reward):
    """The geometric mean probability of a candidate's own tokens. Costs no call.

    Candidates that were sampled without token probabilities have no score.
    """

    name = "mean_logprob"
    reads_probabilities = True

    def completions(self, candidates: int) -> int:
        return 0

    async def score(
        self,
        question: Question,
        candidates: Sequence[Candidate],
        door: Door,
        prompts: PromptSet,
    ) -> list[Score]:
        return [
            Score(c.id, None, "mean_logprob", "sampled without token probabilities")
            if c.mean_logprob is None or math.isnan(c.mean_logprob)
            else Score(
                c.id,
                math.exp(min(c.mean_logprob, 0.0)),
                "mean_logprob",
                f"mean token log-probability {c.mean_logprob:.3f}",
            )
            for c in candidates
        ]


@dataclass(frozen=True, slots=True)
class SequenceProbability(Reward):
    """The probability of all of a candidate's tokens, as a share of the likeliest candidate's.

    Costs no call. One slip in a long derivation shows here, where a mean hides it. Candidates that
    were sampled without token probabilities have no score.
    """

    name = "sequence_probability"
    reads_probabilities = True

    def completions(self, candidates: int) -> int:
        return 0

    async def score(
        self,
        question: Question,
        candidates: Sequence[Candidate],
        door: Door,
        prompts: PromptSet,
    ) -> list[Score]:
        sums = [_sum_of_logprobs(candidate) for candidate in candidates]
        highest = max((total for total in sums if total is not None), default=0.0)
        return [
            Score(c.id, None, "sequence_probability", "sampled without token probabilities")
            if total is None
            else Score(
                c.id,
                math.exp(total - highest),
                "sequence_probability",
                f"log-probability {total:.2f}",
            )
            for c, total in zip(candidates, sums, strict=True)
        ]


def _sum_of_logprobs(candidate: Candidate) -> float | None:
    mean, tokens = candidate.mean_logprob, candidate.tokens
    if mean is None or tokens is None or math.isnan(mean):
        return None
    return min(mean, 0.0) * tokens


@dataclass(frozen=True, slots=True)
class PTrue(Reward):
    """The probability of "1" when the model is asked whether a candidate is right, 0 or 1
    (arXiv:2502.06233 finds it the best weight of CISC).

    Needs token probabilities: where the endpoint has none, every score abstains and nothing is
    sent.
    """

    name = "p_true"
    needs = frozenset({Need.TOKEN_PROBABILITIES})

    temperature: Annotated[float, Interval(ge=0, le=2)] = 0.0

    def completions(self, candidates: int) -> int:
        return candidates

    async def score(
        self,
        question: Question,
        candidates: Sequence[Candidate],
        door: Door,
        prompts: PromptSet,
    ) -> list[Score]:
        if not door.capabilities.logprobs:
            why = "the endpoint gives no token probabilities"
            return [Score(candidate.id, None, "p_true", why) for candidate in candidates]

        async def one(candidate: Candidate) -> Score:
            messages = prompts.render(
                "p_true", question, fenced=fenced([candidate.text])[0], draft=candidate.text
            )
            request = door.request(
                messages, temperature=self.temperature, max_tokens=4, logprobs=10
            )
            reply = await ask(door, request, f"p_true/{candidate.id}")
            value = None if reply is None else first_odds(reply, ("1",), ("0",))
            reason = "no verdict could be read" if value is None else f"p(right) = {value:.3f}"
            return Score(candidate.id, value, "p_true", reason)

        return list(await asyncio.gather(*map(one, candidates)))


def first_odds(reply: Completion, yes: Sequence[str], no: Sequence[str]) -> float | None:
    """p(yes) / (p(yes) + p(no)) at the first token that says one of the two."""
    for token in reply.logprobs or ():
        if _word(token.token) in (*yes, *no):
            return _odds(token, yes, no)
    return None


def verdict_odds(reply: Completion) -> float | None:
    """p(yes) / (p(yes) + p(no)) at the token that holds the verdict of a yes-or-no question.

    That is the last token whose opposite would turn the verdict around: what is said before it or
    after it ("there are no mistakes") does not. None where no single token decides.
    """
    tokens = reply.logprobs or ()
    texts = [_plain_token(token.token) for token in tokens]
    verdict = verdicts.yes_no(reply.text)
    if verdict is None or verdicts.yes_no("".join(texts)) is not verdict:
        return None
    for place in reversed(range(len(texts))):
        word = _word(texts[place])
        if word not in _OPPOSITES:
            continue
        turned = texts[place].casefold().replace(word, _OPPOSITES[word])
        if verdicts.yes_no("".join([*texts[:place], turned, *texts[place + 1 :]])) is not verdict:
            return _odds(tokens[place], _YES, _NO)
    return None


_YES, _NO = ("yes", "true"), ("no", "false")
_OPPOSITES = {"yes": "no", "no": "yes", "true": "false", "false": "true"}


def _odds(token: TokenLogprob, yes: Sequence[str], no: Sequence[str]) -> float | None:
    alternatives = dict(token.top)
    alternatives[token.token] = token.logprob
    mass = {True: 0.0, False: 0.0}
    for text, logprob in alternatives.items():
        if (word := _word(text)) in yes or word in no:
            mass[word in yes] += math.exp(min(logprob, 0.0))
    total = mass[True] + mass[False]
    return mass[True] / total if total > 0 and math.isfinite(total) else None


def _plain_token(token: str) -> str:
    """A token as text, where a server shows spaces and line ends as its tokenizer marks them."""
    return token.replace("\u0120", " ").replace("\u2581", " ").replace("\u010a", "\n")


def _word(token: str) -> str:
    return re.sub(r"^[\W_]+|[\W_]+$", "", _plain_token(token)).casefold()
