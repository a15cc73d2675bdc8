"""Looking at completions while they are written, so that what is not worth its tokens is stopped.

A model that streams shows each completion to its watch piece by piece and stops what the watch
cuts; the reply of any other is shown whole (`look_at_whole`). A watch decides on what was written,
never on the pieces in which it came, so that both come to the same completion.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol

from its.models.protocol import Completion, Reply


@dataclass(frozen=True, slots=True)
class Cut:
    """Why a completion is stopped. `finish` as in Completion; `kept` is how many characters of it
    (reasoning included) stay, all that came where None."""

    finish: Literal["cut", "loop"]
    reason: str
    kept: int | None = None


class Watch(Protocol):
    """Looks at one completion from its beginning to its end. Called from any thread."""

    def look(self, text: str, tokens: int, tops: Sequence[Sequence[float]]) -> Cut | None:
        """Take what was written since the last look, and say whether it ends here.

        `text` holds reasoning too; `tokens` is never more than were really written; `tops` has, for
        each token that came with them, the log-probabilities of its likeliest alternatives.
        """
        ...

    def ended(self, tokens: int | None) -> float | None:
        """Take that it ended by itself after so many tokens (None: nobody knows). Returns the
        `least_confidence` of the completion, None where this watch measures none."""
        ...


Watches = Mapping[str, Callable[[], Watch]]
"""For each label of a call, what makes the watch of one attempt at it."""


def look_at_whole(reply: Reply, watches: Sequence[Watch]) -> Reply:
    """The reply of a model that shows nothing while it writes; what is cut has lost its tokens, but
    saved none."""
    seen = [_seen(c, watch) for c, watch in zip(reply.completions, watches, strict=False)]
    return replace(reply, completions=(*seen, *reply.completions[len(seen) :]))


def stopped(completion: Completion, cut: Cut) -> Completion:
    """What a watch leaves of a completion, without the probabilities of its tokens."""
    text, reasoning = completion.text, completion.reasoning
    if cut.kept is not None:
        text, reasoning = text[: max(0, cut.kept - len(reasoning))], reasoning[: cut.kept]
    return replace(
        completion,
        text=text,
        reasoning=reasoning,
        finish=cut.finish,
        logprobs=None,
        cut=cut.reason,
    )


def _seen(completion: Completion, watch: Watch) -> Completion:
    tokens = completion.tokens or len(completion.logprobs or ())
    tops = [[number for _, number in token.top] for token in completion.logprobs or () if token.top]
    cut = watch.look(completion.reasoning + completion.text, tokens, tops)
    if cut is not None:
        return stopped(replace(completion, tokens=None), cut)
    least = None if completion.finish == "filtered" else watch.ended(tokens or None)
    return completion if least is None else replace(completion, least_confidence=least)
