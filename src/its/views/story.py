"""One problem's events, put in order as a story: difficulty, stages, candidates, vote, bill."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from its.runs.accounting import Bill
from its.usage import Usage

Event = Mapping[str, Any]
_REFINED = re.compile(r"refine(?=/\d+$)")


@dataclass(slots=True)
class CandidateStory:
    """A candidate as the story tells it. `score` is None where nothing scored it."""

    id: str
    label: str
    text: str
    answer: str | None
    style: str = ""
    complete: bool = True
    fallback: bool = False
    parents: tuple[str, ...] = ()
    model: str = ""
    score: float | None = None
    reason: str = ""
    critique: str = ""


@dataclass(slots=True)
class StageStory:
    """A stage that ran (`strategy` is set) or was skipped, and what was decided about it.

    `rounds` tell what each round of a search grew, `grown` holds the ids of that.
    """

    name: str
    strategy: str = ""
    model: str = ""
    models: tuple[str, ...] = ()
    completions: int = 0
    candidates: list[CandidateStory] = field(default_factory=list)
    replies: list[tuple[str, str]] = field(default_factory=list)
    pending: int = 0
    failures: dict[str, int] = field(default_factory=dict)
    decisions: list[tuple[str, str]] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    rounds: list[str] = field(default_factory=list)
    grown: set[str] = field(default_factory=set)

    @property
    def searches_steps(self) -> bool:
        """Whether the stage grew partial solutions, which are no candidates."""
        return bool(self.grown - {candidate.id for candidate in self.candidates})


@dataclass(slots=True)
class Story:
    """All of a problem's way. Parts that have not come yet, or never came, are empty."""

    question: str = ""
    choices: tuple[str, ...] = ()
    difficulty: Event = field(default_factory=dict)
    budget: Event = field(default_factory=dict)
    stages: list[StageStory] = field(default_factory=list)
    selection: Event = field(default_factory=dict)
    checks: list[Event] = field(default_factory=list)
    baseline: Event = field(default_factory=dict)
    failure: str = ""
    bills: dict[str, Bill] = field(default_factory=dict)
    pending: dict[str, int] = field(default_factory=dict)

    @property
    def candidates(self) -> list[CandidateStory]:
        return [candidate for stage in self.stages for candidate in stage.candidates]

    @property
    def abstained(self) -> int:
        return sum(candidate.answer is None for candidate in self.candidates)


def read_story(events: Sequence[Event]) -> Story:
    """The story that a problem's events tell, whole or as far as it has come."""
    story = Story()
    reader = _Reader(story)
    for event in events:
        reader.read(event)
    return story


class _Reader:
    """Takes events in order. Calls are kept, since candidates refer to their texts."""

    def __init__(self, story: Story) -> None:
        self.story = story
        self._stages: dict[str, StageStory] = {}
        self._texts: dict[tuple[str, str], str] = {}
        self._calls: dict[int, str] = {}
        self._told: dict[str, CandidateStory] = {}

    def read(self, event: Event) -> None:
        story, kind = self.story, event["event"]
        if kind == "question":
            story.question, story.choices = event["text"], tuple(event.get("choices", ()))
        elif kind == "difficulty":
            story.difficulty = event
        elif kind == "budget":
            story.budget = event
        elif kind == "baseline":
            story.baseline = event
        elif kind == "selection":
            story.selection = event
        elif kind == "failure":
            story.failure = event["error"]
        elif kind == "stage":
            stage = self._stage(event["stage"])
            stage.strategy, stage.model = event["strategy"], event["model"]
            stage.completions = event["completions"]
            stage.models = tuple(event.get("models", ()))
        elif kind == "call":
            self._read_call(event)
        elif kind == "candidate":
            self._read_candidate(event)
        elif kind == "score":
            self._read_score(event)
        elif kind == "decision":
            self._read_decision(event)

    def _stage(self, name: str) -> StageStory:
        if name not in self._stages:
            self._stages[name] = StageStory(name)
            self.story.stages.append(self._stages[name])
        return self._stages[name]

    def _read_call(self, event: Event) -> None:
        name, state = event["stage"], event.get("state")
        completions = event.get("completions", ())
        for label, completion in zip(event["labels"], completions, strict=False):
            self._texts[name, label] = completion["text"]
        if completions:
            self._calls[event["seq"]] = completions[0]["text"]
        bill = self.story.bills.setdefault(name, Bill())
        bill.retries += event.get("retries", 0)
        if usage := event.get("usage"):
            bill.usage = bill.usage + usage_of(usage)
        stage = self._stages.get(name)
        if state is None:
            self.story.pending[name] = self.story.pending.get(name, 0) + len(event["labels"])
        elif state != "done" and stage is not None:
            reason = event.get("error") or state
            stage.failures[reason] = stage.failures.get(reason, 0) + len(event["labels"])
        if stage is not None:
            stage.replies += [
                (label, completion["text"])
                for label, completion in zip(event["labels"], completions, strict=False)
            ]

    def _read_candidate(self, event: Event) -> None:
        name, identifier = event["stage"], event["candidate"]
        label = identifier.removeprefix(f"{name}/")
        text = event.get("text", self._texts.get((name, label)))
        if text is None:
            text = self._calls.get(event.get("call", -1), "")
        told = CandidateStory(
            identifier,
            label,
            text,
            event["answer"],
            event.get("style", ""),
            event.get("complete", True),
            event.get("fallback", False),
            tuple(event.get("parents", ())),
            event.get("model", ""),
            critique=self._texts.get((name, _REFINED.sub("critique", label)), "")
            if _REFINED.search(label)
            else "",
        )
        self._told[identifier] = told
        self._stage(name).candidates.append(told)

    def _read_score(self, event: Event) -> None:
        told = self._told.get(event["candidate"])
        if told is not None:
            told.score, told.reason = event["value"], event.get("reason", "")

    def _read_decision(self, event: Event) -> None:
        if event.get("stage") == "verification":
            self.story.checks.append(event)
        elif event.get("decision") == "expand":
            stage = self._stage(event["stage"])
            stage.rounds.append(event.get("reason", ""))
            stage.grown.update(event.get("nodes", ()))
        elif event.get("decision") == "left out":
            self._stage(event["stage"]).left_out.append(event.get("reason", ""))
        elif "stage" in event and "decision" in event:
            stage = self._stage(event["stage"])
            stage.decisions.append((event["decision"], event.get("reason", "")))


def usage_of(data: Mapping[str, Any]) -> Usage:
    """A usage from the plain data of an event or of a row."""
    names = {field.name for field in fields(Usage)}
    return Usage(**{name: value for name, value in data.items() if name in names})
