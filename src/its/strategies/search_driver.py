"""Drives any ask/tell search against a door: the one place where searches do I/O.

All tasks of a round go out together, and results are told in the order of the tasks, never of
their arrival. A task's id is its call's label, so a resumed run finds every call it paid for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from its.candidates import Candidate, Score
from its.errors import BudgetExhausted, CallError, ConfigurationError, Unsupported
from its.models.protocol import Completion, Request
from its.strategies.asking import ask_each, mean_logprob, settled, together
from its.strategies.protocol import Assignment, Outcome
from its.strategies.search import (
    Continuation,
    Extend,
    Failed,
    Node,
    Prompt,
    Rate,
    Result,
    S,
    Search,
    State,
    Task,
)

RequestFor = Callable[[Assignment, Extend], Request]


async def drive(
    search: Search[S], assignment: Assignment, extension: RequestFor | None = None
) -> S:
    """Run a search to its end and return its last state.

    `extension` makes the request of an Extend task.
    """
    scorer = assignment.scorer
    price = scorer.completions(1) if scorer else 0
    state = search.start(assignment.completions, price, assignment.seed)
    state.models = [each.name for each in assignment.models]
    while tasks := search.ask(state):
        _note_growth(assignment, state, tasks)
        results = await _perform(assignment, tasks, extension)
        for task, result in zip(tasks, results, strict=True):
            search.tell(state, task.id, result)
            _note_score(assignment, task, result)
    return state


def require_scorer(assignment: Assignment, strategy: str) -> None:
    """Raises ConfigurationError where a search that needs scores has no scorer."""
    if assignment.scorer is None:
        raise ConfigurationError(f"{strategy} needs a reward: give the stage or `select` one")


def require_continuation(assignment: Assignment, strategy: str) -> None:
    """Raises Unsupported where the endpoint cannot continue a partial answer."""
    if assignment.door.capabilities.continues == "no":
        raise Unsupported(
            f"{strategy} continues partial answers, which this endpoint cannot: "
            "use a strategy of whole answers, such as attempts or solution_search"
        )


def candidate_of(assignment: Assignment, node: Node, weight: float = 1.0) -> Candidate:
    """A node as a candidate; a guess at the answer of one that was cut short is no answer."""
    answer = assignment.read(node.text)
    if answer is not None and answer.fallback and node.status == "truncated":
        answer = None
    return Candidate(
        id=assignment.candidate_id(node.id),
        text=node.text,
        answer=answer,
        complete=node.status == "finished",
        parents=(assignment.candidate_id(node.parent),) if node.parent else (),
        weight=weight,
        step_scores=node.scores,
        tokens=node.tokens,
        model=node.model,
    )


def outcome_of(
    assignment: Assignment, state: S, nodes: list[Node], weights: list[float] | None = None
) -> Outcome:
    """These nodes as candidates, with the scores that the search paid for."""
    return Outcome(
        candidates=tuple(
            candidate_of(assignment, node, weight)
            for node, weight in zip(nodes, weights or [1.0] * len(nodes), strict=True)
        ),
        scores=tuple(
            replace(state.ratings[node.id], candidate=assignment.candidate_id(node.id))
            for node in nodes
            if node.id in state.ratings
        ),
        note=state.note,
        failures=tuple(assignment.candidate_id(failure) for failure in state.failures),
    )


def _note_growth(assignment: Assignment, state: State, tasks: list[Task]) -> None:
    """Write into the trace which nodes a round makes, and from which parents ("" the question)."""
    grown = [state.nodes[task.id] for task in tasks if task.id in state.nodes]
    if not grown:
        return
    families: dict[str, list[str]] = {}
    for node in grown:
        families.setdefault(node.parent or "the question", []).append(node.id)
    reason = "; ".join(f"{parent} → {', '.join(ids)}" for parent, ids in families.items())
    named = assignment.candidate_id
    nodes = {named(node.id): node.parent and named(node.parent) for node in grown}
    assignment.door.note(
        "decision", decision="expand", reason=reason, round=state.round, nodes=nodes
    )


def _note_score(assignment: Assignment, task: Task, result: Result) -> None:
    """Write the score of a prefix into the trace; those of solutions are the outcome's."""
    if isinstance(task, Rate) and isinstance(result, Score) and not task.complete:
        assignment.door.note(
            "score",
            candidate=assignment.candidate_id(task.node),
            value=result.value,
            reward=result.reward,
            prefix=True,
        )


async def _perform(
    assignment: Assignment, tasks: list[Task], extension: RequestFor | None
) -> list[Result]:
    asking = [task for task in tasks if not isinstance(task, Rate)]
    rating = [task for task in tasks if isinstance(task, Rate)]
    said, ratings = await together([_ask(assignment, asking, extension), _rate(assignment, rating)])
    results = dict(zip((task.id for task in asking + rating), said + ratings, strict=True))
    return [results[task.id] for task in tasks]


async def _ask(
    assignment: Assignment, tasks: list[Extend | Prompt], extension: RequestFor | None
) -> list[Result]:
    asked = [
        (model, _request(assignment.of(model), task, extension))
        for task in tasks
        for model in [task.model if isinstance(task, Prompt) else ""]
    ]
    replies = await ask_each(assignment, asked, [task.id for task in tasks])
    return [
        _failed(reply) if isinstance(reply, CallError) else _said(assignment, task, reply)
        for task, reply in zip(tasks, replies, strict=True)
    ]


def _request(
    assignment: Assignment, task: Extend | Prompt, extension: RequestFor | None
) -> Request:
    if isinstance(task, Extend):
        assert extension is not None
        return extension(assignment, task)
    prompts = assignment.prompts
    messages = prompts.render(
        task.prompt,
        assignment.question,
        style=prompts.style(task.style) if task.style else "",
        draft=task.draft,
    )
    return assignment.door.request(messages)


def _said(assignment: Assignment, task: Extend | Prompt, reply: Completion) -> Continuation:
    whole = task.text + reply.text if isinstance(task, Extend) else reply.text
    answer = assignment.read(whole)
    return Continuation(
        text=reply.text,
        finish=reply.finish,
        answer="none" if answer is None else "guess" if answer.fallback else "read",
        tokens=reply.tokens,
        mean_logprob=mean_logprob(reply),
    )


def _failed(error: CallError) -> Failed:
    return Failed(str(error), exhausted=isinstance(error, BudgetExhausted))


async def _rate(assignment: Assignment, tasks: list[Rate]) -> list[Result]:
    """Each node is scored by itself, so that scores of different rounds mean the same."""

    async def rate(task: Rate) -> Result:
        if assignment.scorer is None:
            return Score(assignment.candidate_id(task.node), None, "none")
        candidate = Candidate(
            id=assignment.candidate_id(task.node),
            text=task.text,
            answer=assignment.read(task.text) if task.complete else None,
            complete=task.complete,
        )
        scores = await settled(assignment.scorer([candidate]))
        return _failed(scores) if isinstance(scores, CallError) else scores[0]

    return await together(rate(task) for task in tasks)
