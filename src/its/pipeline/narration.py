"""What the events of one problem say: plain fields of difficulty, candidates and selection."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from its.allocation.difficulty import Difficulty
from its.candidates import Candidate, Selection


def difficulty_fields(difficulty: Difficulty) -> dict[str, Any]:
    return {
        "value": difficulty.value,
        "method": difficulty.method,
        "reason": difficulty.reason,
    }


def texts_of(events: Sequence[dict[str, Any]]) -> dict[str, int]:
    """Which event holds a completion with this text, so that no text is written twice."""
    return {
        completion["text"]: event["seq"]
        for event in events
        if event["event"] == "call"
        for completion in event.get("completions", ())
    }


def candidate_fields(candidate: Candidate, texts: dict[str, int]) -> dict[str, Any]:
    answer = candidate.answer
    fields: dict[str, Any] = {
        "candidate": candidate.id,
        "answer": answer.text if answer else None,
        "kind": answer.kind if answer else None,
        "fallback": bool(answer and answer.fallback),
        "complete": candidate.complete,
        "style": candidate.style,
        "model": candidate.model,
        "parents": candidate.parents,
        "weight": candidate.weight,
        "tokens": candidate.tokens,
        "mean_logprob": candidate.mean_logprob,
        "step_scores": candidate.step_scores,
    }
    call = texts.get(candidate.text)
    fields.update({"text": candidate.text} if call is None else {"call": call})
    return {name: value for name, value in fields.items() if value not in (None, "", ())} | {
        "answer": fields["answer"]
    }


def selection_fields(selection: Selection) -> dict[str, Any]:
    chosen = selection.candidate
    return {
        "candidate": chosen.id if chosen else None,
        "answer": chosen.answer.text if chosen and chosen.answer else None,
        "confidence": selection.confidence,
        "reason": selection.reason,
        "tally": selection.tally,
    } | ({} if selection.verified is None else {"verified": selection.verified})
