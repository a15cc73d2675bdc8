"""Search that goes back to the first step it doubts, and has other styles write that step.

Styles err at different steps, and where they carry on the same working, their next steps can be
compared by their probability. So compute goes to the few steps that a model is not sure of, where
a search over all steps spends it on every one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar

from annotated_types import Ge, Interval, MinLen

from its.candidates import Candidate
from its.errors import CallError, Unsupported
from its.models.protocol import Completion, Request
from its.strategies.asking import ask_all, candidate_from
from its.strategies.attempts import FIVE_STYLES
from its.strategies.protocol import Assignment, Outcome
from its.strategies.search_driver import require_continuation


@dataclass(frozen=True, slots=True)
class DoubtSearch:
    """`n` solutions, one after the other, each begun greedily in another of `styles`.

    The first step of probability under `doubt` is written anew by every other style; the likeliest
    stands, and the solution goes on from it. Each going back takes a completion for each style.
    Where one answer's solutions are together certain to `enough` (the sum of their probabilities),
    no further one is begun. `per_token` compares steps by their probability per token.
    """

    __pydantic_config__: ClassVar[Mapping[str, Any]] = {"extra": "forbid"}

    n: Annotated[int, Ge(1)] = 2
    styles: Annotated[tuple[str, ...], MinLen(2)] = FIVE_STYLES
    doubt: Annotated[float, Interval(ge=0, le=1)] = 0.9
    enough: Annotated[float, Interval(gt=0)] = 0.95
    per_token: bool = False

    def candidates_from(self, completions: int) -> int:
        return min(self.n, completions)

    async def run(self, assignment: Assignment) -> Outcome:
        """Raises Unsupported where the endpoint cannot carry on a partial answer, or gives no
        probabilities."""
        require_continuation(assignment, "doubt_search")
        if not assignment.door.capabilities.logprobs:
            raise Unsupported(
                "doubt_search needs token probabilities, which this endpoint does not give"
            )
        found: list[_Solution] = []
        failures: list[str] = []
        left = assignment.completions
        for number in range(self.n):
            if left < 1 or _together(assignment, found) >= self.enough:
                break
            path = _Path(self, assignment, number, left)
            try:
                await path.walk()
            except CallError as error:
                failures.append(f"{assignment.candidate_id(str(number))}: {error}")
            left = path.left
            found += path.whole
        return Outcome(tuple(each.candidate for each in found), failures=tuple(failures))


@dataclass(frozen=True, slots=True)
class _Solution:
    """A whole solution, and the probability of all its steps."""

    candidate: Candidate
    probability: float


def _together(assignment: Assignment, found: Sequence[_Solution]) -> float:
    """The most probability that the solutions of one answer have together."""
    sums = [0.0]
    for one in found:
        mine = one.candidate.answer
        sums.append(
            math.fsum(
                other.probability
                for other in found
                if mine and (theirs := other.candidate.answer) and assignment.same(mine, theirs)
            )
        )
    return max(sums)


@dataclass(frozen=True, slots=True)
class Step:
    """A step's text with its separator, its log-probability, and that of a token of it."""

    text: str
    logprob: float
    tokens: int

    @property
    def per_token(self) -> float:
        return self.logprob / max(1, self.tokens)


def steps_of(reply: Completion, separator: str) -> list[Step]:
    """A reply as steps, each with the tokens that begin in it."""
    pieces = reply.text.split(separator)
    texts = [piece + separator for piece in pieces[:-1]] + ([pieces[-1]] if pieces[-1] else [])
    sums, counts = [0.0] * len(texts), [0] * len(texts)
    place, step, end = 0, 0, len(texts[0]) if texts else 0
    for token in reply.logprobs or ():
        while place >= end and step < len(texts) - 1:
            step += 1
            end += len(texts[step])
        if texts:
            sums[step] += token.logprob
            counts[step] += 1
        place += len(token.token)
    return [Step(*each) for each in zip(texts, sums, counts, strict=True)]


class _Path:
    """One solution as it grows; `left` completions may still be asked for.

    `stands` are its steps so far, `ahead` those written behind them and not looked at yet; `whole`
    is the solution as it was last whole, so that a call that fails later costs only itself.
    """

    def __init__(
        self, settings: DoubtSearch, assignment: Assignment, number: int, left: int
    ) -> None:
        self.settings, self.assignment, self.number, self.left = settings, assignment, number, left
        styles = settings.styles
        self.style = styles[number % len(styles)]
        self.others = [style for style in dict.fromkeys(styles) if style != self.style]
        self.separator = assignment.prompts.separator
        self.stands: list[Step] = []
        self.ahead: list[Step] = []
        self.whole: list[_Solution] = []
        self.back = 0

    @property
    def text(self) -> str:
        return "".join(step.text for step in self.stands)

    async def walk(self) -> None:
        """Write to the end; go back to doubtful steps as long as completions are left."""
        await self._write()
        while self._reach_doubt() and self.left >= len(self.others) + 1:
            await self._go_back()
            if self.text.endswith(self.separator) and not self.ahead:
                await self._write()

    def _reach_doubt(self) -> bool:
        """Let stand what is likely enough; whether a doubtful step comes next."""
        least = math.log(self.settings.doubt) if self.settings.doubt else -math.inf
        while self.ahead and self._measure(self.ahead[0]) >= least:
            self.stands.append(self.ahead.pop(0))
        return bool(self.ahead)

    def _measure(self, step: Step) -> float:
        return step.per_token if self.settings.per_token else step.logprob

    async def _write(self) -> None:
        self.left -= 1
        request = self._request(self.style)
        reply = await self.assignment.door.complete(request, f"{self.number}/{self.back}")
        self.ahead = steps_of(reply, self.separator)
        self._is_whole(reply)

    async def _go_back(self) -> None:
        """Have the others write the step ahead, and let the likeliest stand."""
        self.back += 1
        self.left -= len(self.others)
        requests = [self._request(style, (self.separator,)) for style in self.others]
        labels = [f"{self.number}/{self.back}/{style}" for style in self.others]
        replies = await ask_all(self.assignment.door, requests, labels)
        best, chosen = self.ahead[0], ""
        for style, reply in zip(self.others, replies, strict=True):
            step = None if isinstance(reply, CallError) else self._proposed(reply)
            if step is not None and self._measure(step) > self._measure(best):
                best, chosen = step, style
        self._note(best, chosen)
        self.stands.append(best)
        self.ahead = [] if chosen else self.ahead[1:]
        if chosen and not best.text.endswith(self.separator):
            self._is_whole(Completion(self.text, "end"))

    def _is_whole(self, ending: Completion) -> None:
        """Keep the solution as it is now; `ending` is the reply that came to its end."""
        steps = self.stands + self.ahead
        tokens = sum(step.tokens for step in steps)
        logprob = min(0.0, math.fsum(step.logprob for step in steps))
        text = "".join(step.text for step in steps)
        candidate = candidate_from(
            self.assignment,
            str(self.number),
            Completion(text, ending.finish, tokens),
            style=self.style,
            step_scores=tuple(math.exp(min(0.0, step.logprob)) for step in steps),
        )
        candidate = replace(candidate, mean_logprob=logprob / max(1, tokens))
        self.whole = [_Solution(candidate, math.exp(logprob))]

    def _proposed(self, reply: Completion) -> Step | None:
        """The step of a reply; None where there is none, or it was cut short."""
        if not reply.text.strip() or reply.finish in ("length", "filtered"):
            return None
        read = self.assignment.read(reply.text)
        ends = reply.finish == "end" or (reply.finish == "stop" and read and not read.fallback)
        logprobs = [token.logprob for token in reply.logprobs or ()]
        text = reply.text if ends else reply.text + self.separator
        return Step(text, math.fsum(logprobs), len(logprobs)) if logprobs else None

    def _request(self, style: str, stop: Sequence[str] = ()) -> Request:
        prompts, door = self.assignment.prompts, self.assignment.door
        return door.request(
            prompts.render("attempt", self.assignment.question, style=prompts.style(style)),
            temperature=0.0,
            stop=stop,
            logprobs=0,
            continues=self.text,
        )

    def _note(self, step: Step, chosen: str) -> None:
        """Write into the trace which step was doubted, and what stands."""
        was, now = (math.exp(min(0.0, self._measure(each))) for each in (self.ahead[0], step))
        stands = f"that of {chosen} ({now:.2g}) stands" if chosen else "it stands"
        self.assignment.door.note(
            "decision",
            decision="back",
            reason=f"step {len(self.stands) + 1} of {self.number} has probability {was:.2g}: "
            f"{stands}",
        )
