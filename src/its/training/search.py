"""A search over lines with the verifier: keep what it passes, go back to where it first objects.

It objects by calling a line wrong, or by writing its own version of a line with a probability
below one half. Each of n solutions is checked; one that meets an objection is cut before that line
and written anew from there, for some rounds. The last check of each is its weight in the final
vote. This is best-first search with a process reward, in which a solution's state is its verified
beginning.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from its.training.lessons import filled, solve_prompt
from its.training.pools import answer_of
from its.training.problems import Problem
from its.training.scaling import Outcome
from its.training.writing import Answered, Ask, Writers

_OBJECTION = " wrong"
_DOUBT = math.log(0.5)


@dataclass(frozen=True)
class _Path:
    """One solution on its way: its text, what it has cost, its last check's weight."""

    place: int
    text: str
    weight: float = 0.0
    flops: float = 0.0
    settled: bool = False


def search_outcomes(
    solver: Writers,
    verifier: Writers,
    problems: Sequence[Problem],
    paths: int,
    rounds: int,
    temperature: float,
    seed: int,
    style: str,
) -> list[Outcome]:
    """Run the search on every problem, in step, and charge all of it."""
    prompts = [solve_prompt(p.question, style) for p in problems]
    first = solver.write([
        Ask(prompt, seed * 7919 + i, paths, temperature) for i, prompt in enumerate(prompts)
    ])  # fmt: skip
    spent = [answer.prompt_flops for answer in first]
    walks = [
        _Path(i, reply.text, flops=reply.flops)
        for i, answer in enumerate(first)
        for reply in answer.replies
    ]
    for number in range(rounds + 1):
        open_walks = [w for w in walks if not w.settled]
        checks = verifier.write([_question(problems[w.place], w.text) for w in open_walks])
        judged = [_judged(w, c) for w, c in zip(open_walks, checks, strict=True)]
        if number < rounds:
            judged = _rewritten(solver, prompts, judged, temperature, seed + 31 * (number + 1))
        walks = [w for w in walks if w.settled] + [w for w, _ in judged]
    outcomes = []
    for i, problem in enumerate(problems):
        totals: dict[str, float] = {}
        mine = [w for w in walks if w.place == i]
        for walk in mine:
            answer = answer_of(walk.text)
            if answer is not None:
                totals[answer] = totals.get(answer, 0.0) + walk.weight
        best = max(totals, key=totals.__getitem__) if totals else None
        cost = spent[i] + math.fsum(w.flops for w in mine)
        outcomes.append(Outcome(best == str(problem.answer), cost))
    return outcomes


def _question(problem: Problem, text: str) -> Ask:
    prompt = filled("critique", question=problem.question, draft=text)
    return Ask(prompt, stop=(_OBJECTION,), limit=1000, logprobs=True)


def _judged(walk: _Path, check: Answered) -> tuple[_Path, int | None]:
    """The path with its check, and the line that the verifier objects to."""
    reply = check.replies[0]
    cost = walk.flops + check.flops
    likely = sum(d * p for d, p in enumerate(reply.last_digit)) / 9 if reply.last_digit else 0.5
    weight = 0.02 + likely * math.exp(math.fsum(reply.logprobs))
    objection = 0 if reply.finish == "stop_string" else None
    start = 0
    for number, line in enumerate(reply.text.split("\n")):
        stop = start + len(line) + 1
        doubtful = math.fsum(reply.logprobs[start:stop]) < _DOUBT
        last = number == reply.text.count("\n")
        if (doubtful and not line.startswith("Score")) or (last and objection == 0):
            objection = number
            break
        start = stop
    if objection is None:
        return replace(walk, weight=weight, flops=cost, settled=True), None
    return replace(walk, weight=weight, flops=cost), objection


def _rewritten(
    solver: Writers,
    prompts: Sequence[str],
    judged: Sequence[tuple[_Path, int | None]],
    temperature: float,
    seed: int,
) -> list[tuple[_Path, int | None]]:
    """The paths that met an objection, written anew from the line before it."""
    asks, places = [], []
    for index, (walk, line) in enumerate(judged):
        if line is not None:
            kept = "".join(f"{text}\n" for text in walk.text.split("\n")[:line])
            asks.append(Ask(prompts[walk.place], seed * 7919 + index, 1, temperature, kept))
            places.append((index, kept))
    after = list(judged)
    for (index, kept), answer in zip(places, solver.write(asks), strict=True):
        walk = judged[index][0]
        text = kept + answer.replies[0].text
        after[index] = (replace(walk, text=text, flops=walk.flops + answer.flops), None)
    return after
