"""A pool that answers in place of an endpoint."""

from __future__ import annotations

from hashlib import blake2b

from its.errors import Unsupported
from its.models.protocol import Capabilities, Completion, Received, Reply, Request
from its.models.recorded.pool import Pool, PoolProblem, RecordedSample
from its.usage import Usage

_START = 24
_ALONE = (
    "only independent answers to the question were recorded; refining, searching, judging and "
    "rating need a live model"
)


class RecordedModel:
    """Serves the samples of a pool, each at most once, in an order shuffled by `seed`.

    The k-th independent draw for a problem (`Request.draw`) is always the same sample, whatever
    arrives first. A problem is found by its question, which the last user message must hold word
    for word; of several the longest counts, and rows that ask the same share their samples.
    What was never recorded is refused with Unsupported: other prompts (a critique, a judgement,
    a rating), continuing a text, constrained output, log-probabilities, and one draw too many.
    Nothing is computed, so FLOPs and unknown token counts stay None.
    """

    def __init__(self, pool: Pool, seed: int = 0) -> None:
        self.name = f"recorded:{pool.name}"
        self.parameters: int | None = None
        self._pool = pool
        self._seed = seed
        self._index = _QuestionIndex(pool.problems)
        self._orders: dict[str, list[RecordedSample]] = {}

    async def probe(self) -> tuple[Capabilities, Usage]:
        notes = ("answers come from recorded samples", self._pool.biased)
        return (
            Capabilities(
                usage="absent", streams=False, notes=tuple(note for note in notes if note)
            ),
            Usage(),
        )

    async def complete(self, request: Request, n: int = 1, *, received: Received) -> Reply:
        """Draws `request.draw`, and the n - 1 that follow it."""
        first = _draw(request)
        question = request.messages[-1].content
        order = self._samples(question)
        if any(said(sample) in question for sample in order if len(said(sample)) > _START):
            raise Unsupported(f"{_ALONE}, and this prompt shows an earlier one")
        if first + n > len(order):
            raise Unsupported(
                f"{self.name} holds {len(order)} samples for this problem, and sample number "
                f"{first + n} was asked for: lower n or the budget"
            )
        drawn = order[first : first + n]
        received.sent = True
        usage = Usage(
            calls=1,
            completions=n,
            prompt_tokens=drawn[0].prompt_tokens,
            cached_tokens=None,
            completion_tokens=_sum([sample.completion_tokens for sample in drawn]),
            reasoning_tokens=None,
            flops=None,
        )
        return Reply(
            tuple(Completion(said(s), "end", tokens=s.completion_tokens) for s in drawn), usage
        )

    def verdict(self, question: str, text: str) -> bool | None:
        """Whether a sample that says this was recorded as right; None where nothing was."""
        flags = {
            said(sample): sample.correct
            for problem in self._index.problems.get(question.strip(), ())
            for sample in problem.samples
        }
        return flags.get(text)

    def prompt_bound(self, request: Request) -> int:
        """A token is at least a byte."""
        return sum(len(m.content.encode("utf-8", "surrogatepass")) for m in request.messages)

    def count_tokens(self, text: str) -> int:
        return (len(text) + 3) // 4

    async def close(self) -> None:
        return None

    def _samples(self, message: str) -> list[RecordedSample]:
        question = self._index.find(message)
        if question is None:
            start = " ".join(message.split())[:60]
            raise Unsupported(
                f"{self.name} has no problem whose question is in this prompt ({start!r}...): "
                "run it on the problems that the pool was recorded for"
            )
        if question not in self._orders:
            self._orders[question] = _shuffled(self._index.problems[question], self._seed)
        return self._orders[question]


def said(sample: RecordedSample) -> str:
    """What a sample says. An answer recorded without its text stands for itself; a missing one
    says nothing, and so abstains."""
    if sample.text is not None:
        return sample.text
    return "" if sample.answer is None else f"Answer: {' '.join(sample.answer.split())}"


def _draw(request: Request) -> int:
    """The number of the independent draw that is asked for; Unsupported for all else."""
    wanted = {
        "continuing a partial answer": bool(request.continues),
        "constrained output": request.json_schema is not None,
        "log-probabilities": request.logprobs is not None,
    }
    for what, asked in wanted.items():
        if asked:
            raise Unsupported(f"recorded samples do not offer {what}: use a live model")
    if request.draw is None or not request.messages:
        raise Unsupported(_ALONE)
    return request.draw


def _shuffled(problems: list[PoolProblem], seed: int) -> list[RecordedSample]:
    """A permutation that depends on seed, problem and place alone."""
    placed = [
        (blake2b(f"{seed}\0{problem.id}\0{i}".encode(), digest_size=8).digest(), sample)
        for problem in problems
        for i, sample in enumerate(problem.samples)
    ]
    return [sample for _, sample in sorted(placed, key=lambda entry: entry[0])]


def _sum(counts: list[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if len(known) == len(counts) else None


class _QuestionIndex:
    """Finds the recorded question inside a prompt, without trying every question on it.

    Questions are kept by their first characters; a prompt is looked up at each of its places.
    """

    def __init__(self, problems: tuple[PoolProblem, ...]) -> None:
        self.problems: dict[str, list[PoolProblem]] = {}
        self._by_start: dict[str, list[str]] = {}
        self._found: dict[str, str | None] = {}
        for problem in problems:
            self.problems.setdefault(problem.question.strip(), []).append(problem)
        for question in self.problems:
            self._by_start.setdefault(question[:_START], []).append(question)
        self._lengths = tuple({len(start) for start in self._by_start})

    def find(self, message: str) -> str | None:
        """The longest recorded question that the message holds; None where it holds none."""
        if message not in self._found:
            candidates = {
                question
                for length in self._lengths
                for place in range(len(message) - length + 1)
                for question in self._by_start.get(message[place : place + length], ())
                if message.startswith(question, place)
            }
            self._found[message] = max(candidates, key=len, default=None)
        return self._found[message]
