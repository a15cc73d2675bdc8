"""Search that goes back to the first step it doubts, and has other styles write that step.

Styles err at different steps, and where they continue the same text, their next steps can be
compared by their probability. So compute goes to the few steps that a model is not sure of, where
a search over all steps spends it on every one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated

from annotated_types import Ge, Interval, MinLen

from its.candidates import Candidate, Score
from its.errors import CallError, Unsupported
from its.models.protocol import Completion, Finish, Request
from its.parts import Need
from its.step_logprobs import STEP_LOGPROBS, Step, steps_of
from its.strategies.asking import ask_all, candidate_from, together
from its.strategies.attempts import FIVE_STYLES
from its.strategies.protocol import Assignment, Outcome, Strategy
from its.strategies.search_driver import require_continuation, require_scorer


@dataclass(frozen=True, slots=True)
class DoubtSearch(Strategy):
    """`n` solutions, one after the other, each begun greedily in another of `styles`.

    The first step of probability under `doubt` is written again by every other style; the likeliest
    is kept, and the solution continues from it. Each going back takes a completion for each style.
    Where one answer's solutions are together certain to `enough` (the sum of their probabilities),
    no further one is begun. With `read` the stage's reward (`likelihood`, which scores steps)
    reads all that is written: a step's probability is then its writer's times the reader's, and
    the reader's alone is the candidate's score. `per_token` takes a step's probability per token.
    """

    name = "doubt_search"
    needs = frozenset({Need.CONTINUATION, Need.TOKEN_PROBABILITIES})

    n: Annotated[int, Ge(1)] = 2
    styles: Annotated[tuple[str, ...], MinLen(2)] = FIVE_STYLES
    doubt: Annotated[float, Interval(ge=0, le=1)] = 0.9
    enough: Annotated[float, Interval(gt=0)] = 0.95
    read: bool = False
    per_token: bool = False

    def needed(self) -> frozenset[Need]:
        return self.needs | ({Need.REWARD} if self.read else frozenset())

    def gives_probabilities(self) -> bool:
        return True

    def candidates_from(self, completions: int) -> int:
        return min(self.n, completions)

    async def run(self, assignment: Assignment) -> Outcome:
        """Raises Unsupported where the endpoint cannot continue a partial answer, or gives no
        probabilities."""
        require_continuation(assignment, "doubt_search")
        if self.read:
            require_scorer(assignment, "doubt_search that reads")
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
        return Outcome(
            tuple(each.candidate for each in found),
            tuple(each.score for each in found if each.score),
            failures=tuple(failures),
        )


@dataclass(frozen=True, slots=True)
class _Solution:
    """A whole solution, and the probability of all its steps."""

    candidate: Candidate
    probability: float
    score: Score | None


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
class _Written:
    """A step with its writer's log-probability, and its reader's, None where it was not read."""

    step: Step
    read: float | None = None

    def certainty(self, per_token: bool) -> float:
        together = self.step.logprob + (self.read or 0.0)
        return together / max(1, self.step.tokens) if per_token else together


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
        self.scorer = assignment.scorer if settings.read else None
        self.price = self.scorer.completions(1) if self.scorer else 0
        self.stands: list[_Written] = []
        self.ahead: list[_Written] = []
        self.whole: list[_Solution] = []
        self.back = 0
        self.reader = ""

    @property
    def text(self) -> str:
        return "".join(written.step.text for written in self.stands)

    async def walk(self) -> None:
        """Write to the end; go back to doubtful steps as long as completions are left."""
        await self._write()
        while self._reach_doubt() and self.left >= (len(self.others) + 1) * (1 + self.price):
            await self._go_back()
            if self.text.endswith(self.separator) and not self.ahead:
                await self._write()

    def _reach_doubt(self) -> bool:
        """Let stand what is likely enough; whether a doubtful step comes next."""
        least = math.log(self.settings.doubt) if self.settings.doubt else -math.inf
        while self.ahead and self._certainty(self.ahead[0]) >= least:
            self.stands.append(self.ahead.pop(0))
        return bool(self.ahead)

    def _certainty(self, written: _Written) -> float:
        return written.certainty(self.settings.per_token)

    async def _write(self) -> None:
        self.left -= 1
        label = f"{self.number}/{self.back}"
        reply = await self.assignment.door.complete(self._request(self.style), label)
        steps = steps_of(reply.text, reply.logprobs or (), self.separator)
        self.ahead = await self._read(steps, self.style, label)
        self._is_whole(reply.finish)

    async def _go_back(self) -> None:
        """Have the others write the step ahead, and let the likeliest stand."""
        self.back += 1
        self.left -= len(self.others)
        requests = [self._request(style, (self.separator,)) for style in self.others]
        labels = [f"{self.number}/{self.back}/{style}" for style in self.others]
        replies = await ask_all(self.assignment.door, requests, labels)
        steps = [[] if isinstance(reply, CallError) else self._proposed(reply) for reply in replies]
        proposed = await together(map(self._read, steps, self.others, labels))
        best, chosen = self.ahead[0], ""
        for style, written in zip(self.others, proposed, strict=True):
            if written and self._certainty(written[0]) > self._certainty(best):
                best, chosen = written[0], style
        self._note(best, chosen)
        self.stands.append(best)
        self.ahead = [] if chosen else self.ahead[1:]
        if chosen and not best.step.text.endswith(self.separator):
            self._is_whole("end")

    def _proposed(self, reply: Completion) -> list[Step]:
        """The step of a reply; none where it is empty, or was cut short."""
        if not reply.text.strip() or not reply.logprobs or reply.finish in ("length", "filtered"):
            return []
        read = self.assignment.read(reply.text)
        ends = reply.finish == "end" or (reply.finish == "stop" and read and not read.fallback)
        text = reply.text if ends else reply.text + self.separator
        logprob = math.fsum(token.logprob for token in reply.logprobs)
        return [Step(text, logprob, len(reply.logprobs))]

    async def _read(self, steps: list[Step], style: str, label: str) -> list[_Written]:
        """New steps behind those that stand, read in the style that wrote them."""
        if self.scorer is None or not steps or self.left < self.price:
            return [_Written(step) for step in steps]
        self.left -= self.price
        text = self.text + "".join(step.text for step in steps)
        name = self.assignment.candidate_id(label)
        candidate = Candidate(name, text, None, complete=False, style=style)
        (score,) = await self.scorer([candidate])
        read = score.details.get(STEP_LOGPROBS, [])[len(self.stands) :]
        if len(read) != len(steps):  # it abstained
            return [_Written(step) for step in steps]
        self.reader = score.reward
        return [_Written(*each) for each in zip(steps, read, strict=True)]

    def _is_whole(self, finish: Finish) -> None:
        """Keep the solution as it is now, having come to its end."""
        steps = self.stands + self.ahead
        tokens = sum(written.step.tokens for written in steps)
        logprob = min(0.0, math.fsum(written.step.logprob for written in steps))
        told = [written.read for written in steps if written.read is not None]
        read = min(0.0, math.fsum(told))
        text = "".join(written.step.text for written in steps)
        candidate = candidate_from(
            self.assignment,
            str(self.number),
            Completion(text, finish, tokens),
            style=self.style,
            step_scores=tuple(math.exp(min(0.0, w.certainty(False))) for w in steps),
        )
        candidate = replace(candidate, mean_logprob=logprob / max(1, tokens))
        reason = f"log-probability {read:.2f}, each step in its writer's style"
        score = Score(candidate.id, math.exp(read), self.reader, reason)
        all_read = steps and len(told) == len(steps)
        self.whole = [_Solution(candidate, math.exp(logprob + read), score if all_read else None)]

    def _request(self, style: str, stop: Sequence[str] = ()) -> Request:
        prompts, door = self.assignment.prompts, self.assignment.door
        return door.request(
            prompts.render("attempt", self.assignment.question, style=prompts.style(style)),
            temperature=0.0,
            stop=stop,
            logprobs=0,
            continues=self.text,
        )

    def _note(self, stands: _Written, chosen: str) -> None:
        """Write into the trace which step was doubted, and what stands."""
        was, now = (math.exp(min(0.0, self._certainty(w))) for w in (self.ahead[0], stands))
        told = f"that of {chosen} ({now:.2g}) stands" if chosen else "it stands"
        self.assignment.door.note(
            "decision",
            decision="back",
            reason=f"step {len(self.stands) + 1} of {self.number} has probability {was:.2g}: "
            f"{told}",
        )
