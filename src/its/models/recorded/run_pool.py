"""A run directory as a pool: the independent samples that it drew are recorded in its trace."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from its.errors import InputError
from its.models.recorded.pool import Pool, PoolProblem, RecordedSample
from its.problems.problem import Problem

INDEPENDENT = frozenset({"attempts", "self_consistency", "best_of_n", "probe"})
"""Strategies whose samples are independent answers to the question."""


def is_run(path: Path) -> bool:
    return (path / "run.json").is_file()


def read_run(path: Path, problems: str | None = None) -> Pool:
    """The samples of every problem that was answered, in the order of their ordinals.

    References come from `problems`, else from the run's own input where it is still there. Raises
    InputError where the directory cannot be read or holds no independent samples.
    """
    try:
        description = orjson.loads((path / "run.json").read_bytes())
        events = list(_events(path / "traces.jsonl"))
    except (OSError, orjson.JSONDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"{path}: cannot read the run: {reason}") from error
    configuration = description.get("configuration") or {}
    source = problems or str(description.get("source", "-"))
    known = problems_by_id(source, bool(problems), configuration)
    stories: dict[str, _Story] = {}
    for event in events:
        stories.setdefault(str(event["problem"]), _Story()).take(event)
    found = tuple(
        drawn.like(known[name]) if name in known else drawn
        for name, drawn in (
            (name, PoolProblem(name, story.question, None, tuple(story.samples())))
            for name, story in stories.items()
            if story.question
        )
    )
    if not any(problem.samples for problem in found):
        raise InputError(
            f"{path}: the run drew no independent samples "
            f"({', '.join(sorted(INDEPENDENT))} do), so it is no pool"
        )
    flops = [cost for story in stories.values() for cost in story.flops()]
    counted = [cost for cost in flops if cost is not None]
    price = (configuration.get("model") or {}).get("price") or {}
    return Pool(
        path.name,
        found,
        _bias(configuration),
        sum(counted) / len(counted) if counted and len(counted) == len(flops) else None,
        price.get("input"),
        price.get("output"),
        configuration,
    )


class _Story:
    """What a problem's events say of its independent samples."""

    def __init__(self) -> None:
        self.question = ""
        self._strategies: dict[str, str] = {"difficulty": "probe"}
        self._completions: dict[tuple[str, int], _Drawn] = {}
        self._answers: dict[tuple[str, int], str | None] = {}
        self._scores: dict[tuple[str, int], float | None] = {}

    def take(self, event: Mapping[str, Any]) -> None:
        kind, stage = event["event"], str(event.get("stage", ""))
        if kind == "question":
            self.question = str(event["text"])
        elif kind == "stage":
            self._strategies[stage] = str(event["strategy"])
        elif kind == "call" and event.get("state") == "done":
            usage, labels = event["usage"], event["labels"]
            prompt = usage["prompt_tokens"] if len(labels) == 1 else None
            flops = None if usage["flops"] is None else usage["flops"] / len(labels)
            for label, completion in zip(labels, event["completions"], strict=True):
                if label.isdecimal() and completion["finish"] != "cut":
                    self._completions[stage, int(label)] = _Drawn(completion, prompt, flops)
        elif kind in ("candidate", "score"):
            place, _, label = str(event["candidate"]).rpartition("/")
            if label.isdecimal() and kind == "candidate":
                self._answers[place, int(label)] = event["answer"]
            elif label.isdecimal():
                self._scores[place, int(label)] = event["value"]

    def samples(self) -> Iterator[RecordedSample]:
        for place in self._places():
            drawn = self._completions[place]
            yield RecordedSample(
                text=drawn.completion["text"],
                answer=self._answers.get(place),
                completion_tokens=drawn.completion["tokens"],
                prompt_tokens=drawn.prompt_tokens,
                score=self._scores.get(place),
            )

    def flops(self) -> Iterator[float | None]:
        return (self._completions[place].flops for place in self._places())

    def _places(self) -> list[tuple[str, int]]:
        """Stage and ordinal of the independent samples, stages in the order they ran."""
        return [
            place
            for stage, strategy in self._strategies.items()
            if strategy in INDEPENDENT
            for place in sorted(place for place in self._completions if place[0] == stage)
        ]


@dataclass(frozen=True, slots=True)
class _Drawn:
    completion: Mapping[str, Any]
    prompt_tokens: int | None
    flops: float | None


def _events(path: Path) -> Iterator[Mapping[str, Any]]:
    with path.open("rb") as file:
        for line in file:
            if line.endswith(b"\n"):  # a torn last line belongs to a problem that is not done
                yield orjson.loads(line)


def problems_by_id(
    source: str, named: bool, configuration: Mapping[str, Any] | None = None
) -> dict[str, Problem]:
    """Problems by id, read as the run read them (`configuration`); none where the input was a
    stream or has gone, and was not `named`."""
    if not named and (source == "-" or not Path(source).is_file()):
        return {}
    from its.problems.reading import open_problems

    read = (configuration or {}).get("input") or {}
    with open_problems(source, fields=read.get("map"), template=read.get("template")) as reader:
        return {row.id: row for row in reader if isinstance(row, Problem)}


def _bias(configuration: Mapping[str, Any]) -> str:
    stop = configuration.get("stop") or {}
    budget = configuration.get("budget") or {}
    if stop.get("rule", "none") != "none":
        return f"it stopped adaptively, by {stop['rule']}"
    if any(stage.get("cut") for stage in configuration.get("stages") or ()):
        return "it cut samples while they were written, which are no samples of this pool"
    if budget.get("batch"):
        return "one budget for the batch decided which problems drew more"
    return ""
