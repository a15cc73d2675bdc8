"""Deep think with confidence (arXiv:2508.15260): how sure a model was of the tokens it wrote."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge, Interval

from its.allocation.deepconf import GROUP, Measure, kept, trace_confidence
from its.calls.protocol import Door
from its.candidates import Candidate, Score
from its.problems.problem import Question
from its.prompts import PromptSet
from its.rewards.protocol import Reward


@dataclass(frozen=True, slots=True)
class DeepConf(Reward):
    """A candidate's confidence as a share of the surest candidate's; 0 outside the surest `keep`.

    `measure` is the mean over its tokens, over its last `group` tokens, of its least sure group,
    or of the least sure tenth of its groups. Costs no call. With a weighted vote this is the
    paper's offline method; a small `keep` can harm, where the model is sure of a wrong answer.
    Candidates that were sampled without the log-probabilities of alternatives have no score.
    """

    name = "deepconf"
    reads_probabilities = True

    measure: Measure = "bottom_tenth"
    group: Annotated[int, Ge(1)] = GROUP
    keep: Annotated[float, Interval(gt=0, le=1)] = 0.9

    def completions(self, candidates: int) -> int:
        return 0

    async def score(
        self,
        question: Question,
        candidates: Sequence[Candidate],
        door: Door,
        prompts: PromptSet,
    ) -> list[Score]:
        measured = [c for c in candidates if c.token_confidences]
        confidences = [
            trace_confidence(c.token_confidences, self.measure, self.group) for c in measured
        ]
        surest, passing = max(confidences, default=0.0), kept(confidences, self.keep)
        scores = {}
        for place, (candidate, confidence) in enumerate(zip(measured, confidences, strict=True)):
            share = confidence / surest if surest > 0 else 1.0
            passes = place in passing
            reason = f"confidence {confidence:.2f}" + ("" if passes else ", not among the surest")
            scores[candidate.id] = Score(candidate.id, share if passes else 0.0, "deepconf", reason)
        why = "sampled without the probabilities of alternatives"
        return [scores.get(c.id) or Score(c.id, None, "deepconf", why) for c in candidates]
