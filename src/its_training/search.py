"""A search that goes back to the first line it doubts, and has other styles write that line.

A solution is written greedily in one style. The probability of a line is what the solver gave it
when writing, times what the verifier gives it when reading (where there is one). At the first line
below a threshold every other style proposes a line of its own, since all of them carry on the same
working; the likeliest of these and the doubted one stands, and the solution goes on from there.
This is best-first search over lines with a process reward, branching only where in doubt. Several
paths begin in several styles and vote.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from its_training.lessons import solve_prompt
from its_training.pools import Entry, answer_of
from its_training.problems import Problem
from its_training.routes import STYLES
from its_training.scaling import Outcome, sampling_flops
from its_training.writing import Ask, Writers

_LONGEST = 1400  # characters, after which a path gives up
_ROUNDS = 16


@dataclass(frozen=True)
class Lines:
    """Lines of a solution, and the log probability of each, its end included."""

    texts: tuple[str, ...] = ()
    logprobs: tuple[float, ...] = ()

    def __add__(self, more: Lines) -> Lines:
        return Lines(self.texts + more.texts, self.logprobs + more.logprobs)

    def part(self, begin: int, end: int | None = None) -> Lines:
        return Lines(self.texts[begin:end], self.logprobs[begin:end])


@dataclass(frozen=True)
class Walk:
    """A solution on its way, or ended: lines that stand, those written behind them that are still
    to be looked at, and FLOPs."""

    lines: Lines = Lines()
    ahead: Lines = Lines()
    flops: float = 0.0
    ended: bool = False

    @property
    def text(self) -> str:
        """The lines that stand, each with its end; the whole solution once it has ended."""
        texts = self.lines.texts
        return "\n".join(texts) + ("" if self.ended or not texts else "\n")


@dataclass(frozen=True)
class Walked:
    """What a path came to: its answer (None abstains), its certainty and all that it cost."""

    answer: str | None
    certainty: float
    flops: float


def search(
    solver: Writers,
    verifier: Writers | None,
    problems: Sequence[Problem],
    styles: Sequence[str],
    doubt: float,
    enough: float,
) -> list[tuple[Walked, ...]]:
    """Paths for every problem, a style each, as many as it takes for the answers of one kind to be
    certain to `enough` together."""
    found: list[tuple[Walked, ...]] = [() for _ in problems]
    for style in styles:
        open_ones = [i for i, paths in enumerate(found) if max(tally(paths).values()) < enough]
        asked = [problems[i] for i in open_ones]
        for i, path in zip(open_ones, _walk(solver, verifier, asked, style, doubt), strict=True):
            found[i] += (path,)
    return found


def tally(paths: Iterable[Walked]) -> dict[str | None, float]:
    """The certainty of each answer's paths together; None has none."""
    totals: dict[str | None, float] = defaultdict(float, {None: 0.0})
    for path in paths:
        totals[path.answer] += 0.0 if path.answer is None else math.exp(path.certainty)
    return totals


def vote(paths: Sequence[Walked], enough: float, problem: Problem) -> Outcome:
    """The heaviest answer of the first paths that are certain to `enough` together, or of all."""
    count = next(
        (n for n in range(1, len(paths)) if max(tally(paths[:n]).values()) >= enough), len(paths)
    )
    totals = tally(paths[:count])
    best = max(totals, key=totals.__getitem__)
    return Outcome(best == str(problem.answer), math.fsum(p.flops for p in paths[:count]))


def vote_with_samples(paths: Sequence[Walked], entry: Entry, count: int, enough: float) -> Outcome:
    """The first path where it is certain to `enough`; else all paths, and samples of the pool.

    A sample weighs its probability by the verifier; a path, whose certainty is the solver's and the
    verifier's together, the geometric mean of the two.
    """
    first = paths[0]
    if first.answer is not None and math.exp(first.certainty) >= enough:
        return Outcome(entry.right(first.answer), first.flops)
    totals: dict[str | None, float] = defaultdict(float, {None: 0.0})
    for path in paths:
        totals[path.answer] += 0.0 if path.answer is None else math.exp(path.certainty / 2)
    samples = entry.samples[:count]
    read = [s for s in samples if s.answer is not None and s.reading is not None]
    flops = sampling_flops(entry, samples) + math.fsum(path.flops for path in paths)
    for sample in read:
        assert sample.reading is not None
        totals[sample.answer] += math.exp(sample.reading.certainty)
        flops += sample.reading.flops
    best = max(totals, key=totals.__getitem__)
    return Outcome(entry.right(best), flops)


def _walk(
    solver: Writers,
    verifier: Writers | None,
    problems: Sequence[Problem],
    style: str,
    doubt: float,
) -> list[Walked]:
    """A path for every problem, in one style, others asked for lines of probability < `doubt`."""
    paths = [Walk() for _ in problems]
    others = [other for other in STYLES if other != style]
    for last in [*[False] * _ROUNDS, True]:
        going = [i for i, path in enumerate(paths) if not (path.ended or path.ahead.texts)]
        asked = [(problems[i], style, paths[i]) for i in going]
        for i, (ahead, flops) in zip(going, _written(solver, verifier, asked), strict=True):
            paths[i] = replace(paths[i], ahead=ahead, flops=paths[i].flops + flops)
        paths = [_passed(path, -math.inf if last else math.log(doubt)) for path in paths]
        stuck = [i for i, path in enumerate(paths) if not path.ended]
        asked = [(problems[i], other, paths[i]) for i in stuck for other in others]
        proposed = _written(solver, verifier, asked, one_line=True)
        for place, i in enumerate(stuck):
            mine = proposed[place * len(others) : (place + 1) * len(others)]
            paths[i] = _settled(paths[i], mine)
    return [
        Walked(answer_of(path.text), math.fsum(path.lines.logprobs), path.flops) for path in paths
    ]


def _written(
    solver: Writers,
    verifier: Writers | None,
    asked: Sequence[tuple[Problem, str, Walk]],
    one_line: bool = False,
) -> list[tuple[Lines, float]]:
    """How each path goes on in a style, to its end or by one line, and the FLOPs of that."""
    stop = ("\n",) if one_line else ()
    replies = solver.write([
        Ask(solve_prompt(p.question, style), continues=path.text, stop=stop, logprobs=True)
        for p, style, path in asked
    ])  # fmt: skip
    texts = [answer.replies[0].text for answer in replies]
    reads = verifier and verifier.read([
        (solve_prompt(p.question, style), path.text + text)
        for (p, style, path), text in zip(asked, texts, strict=True)
    ])  # fmt: skip
    found = []
    for place, (answer, text) in enumerate(zip(replies, texts, strict=True)):
        logprobs, flops = _by_line(text, answer.replies[0].logprobs), answer.flops
        if reads:
            begun = len(asked[place][2].text)
            read = _by_line(text, reads[place].logprobs[begun:])
            logprobs = [a + b for a, b in zip(logprobs, read, strict=True)]
            flops += reads[place].flops
        found.append((Lines(tuple(text.split("\n")), tuple(logprobs)), flops))
    return found


def _by_line(text: str, logprobs: Sequence[float]) -> list[float]:
    """The log probability of each line of a text, its end included."""
    sums, place = [], 0
    for line in text.split("\n"):
        sums.append(math.fsum(logprobs[place : place + len(line) + 1]))
        place += len(line) + 1
    return sums


def _passed(path: Walk, least: float) -> Walk:
    """The path with the lines ahead that are likely enough, up to the first that is not."""
    doubtful = (n for n, logprob in enumerate(path.ahead.logprobs) if logprob < least)
    first = next(doubtful, len(path.ahead.texts))
    ahead = path.ahead.part(first)
    lines = path.lines + path.ahead.part(0, first)
    return replace(path, lines=lines, ahead=ahead, ended=not ahead.texts)


def _settled(path: Walk, others: Sequence[tuple[Lines, float]]) -> Walk:
    """The path with the likeliest of the lines proposed and the doubted one, the first ahead."""
    doubted = path.ahead.part(0, 1)
    proposed = [doubted, *(line for line, _ in others if line.texts[0])]
    best = max(proposed, key=lambda line: line.logprobs[0])
    after = replace(
        path,
        lines=path.lines + best,
        ahead=path.ahead.part(1) if best is doubted else Lines(),
        flops=path.flops + math.fsum(flops for _, flops in others),
    )
    over = best.texts[0].startswith("Answer: ") or len(after.text) > _LONGEST
    return replace(after, ahead=Lines(), ended=True) if over else after
