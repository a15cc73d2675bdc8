"""From a completion to a candidate."""

from __future__ import annotations

from typing import Any

from its.candidates import Candidate
from its.models.protocol import Completion
from its.strategies.protocol import Assignment


def candidate_from(
    assignment: Assignment, label: str, completion: Completion, **fields: Any
) -> Candidate:
    """The candidate that one completion makes by itself.

    `fields` are further fields of Candidate. A text that was cut short is not complete, and a mere
    guess at its answer (the last number so far) is no answer.
    """
    answer = assignment.read(completion.text)
    complete = completion.finish not in ("length", "filtered")
    if answer is not None and answer.fallback and not complete:
        answer = None
    return Candidate(
        id=assignment.candidate_id(label),
        text=completion.text,
        answer=answer,
        complete=complete,
        mean_logprob=mean_logprob(completion),
        tokens=completion.tokens,
        **fields,
    )


def mean_logprob(completion: Completion) -> float | None:
    """Mean natural-log probability of the tokens, None where they did not come."""
    if not completion.logprobs:
        return None
    return sum(token.logprob for token in completion.logprobs) / len(completion.logprobs)
