"""Run directories written by hand, of any size and with any text in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any

import orjson

ZERO = {
    "calls": 0,
    "completions": 0,
    "prompt_tokens": 0,
    "cached_tokens": 0,
    "completion_tokens": 0,
    "reasoning_tokens": 0,
    "usd": 0.0,
}
WORDS = (
    "apples",
    "boxes",
    "carry",
    "each",
    "finds",
    "gives",
    "how",
    "many",
    "pays",
    "sells",
    "with",
)


def row(id_: str, index: int, **fields: Any) -> dict[str, Any]:
    """A line of `solutions.jsonl`; an answered problem without a reference if not said."""
    return {
        "id": id_,
        "index": index,
        "status": "answered",
        "answer": "1",
        "solution": "1",
        "confidence": 0.5,
        "strategy": "self_consistency",
        "correct": None,
        "difficulty": 3,
        "budget": {"planned": 10, "spent": 4},
        "usage": {**ZERO, "calls": 1, "completions": 4},
        "seconds": 1.0,
        "error": None,
        **fields,
    }


def write_run(
    path: Path,
    rows: Sequence[Mapping[str, Any]],
    stories: Mapping[str, Sequence[Mapping[str, Any]]],
    **description: Any,
) -> Path:
    """A run directory of these rows and of each problem's events, with accounts that add up."""
    path.mkdir(parents=True)
    totals: dict[str, Any] = {
        name: sum(each["usage"][name] for each in rows if name in each["usage"]) for name in ZERO
    }
    totals |= {"flops": None, "seconds": sum(each["seconds"] for each in rows)}
    totals |= dict.fromkeys(("retries", "cancelled", "failed_calls", "estimated"), 0)
    accounts = {"totals": totals, "unattributed": totals, "from_journal": {}}
    by = {"by_stage": "self_consistency", "by_strategy": "self_consistency", "by_model": "made"}
    _write(path / "compute.json", [accounts | {key: {name: totals} for key, name in by.items()}])
    _write(
        path / "run.json",
        [{"version": "0", "state": "finished", "fingerprint": "made", **description}],
    )
    _write(path / "solutions.jsonl", rows)
    _write(
        path / "traces.jsonl",
        [
            {"problem": id_, "seq": n, "time": 0.0, **event}
            for id_, events in stories.items()
            for n, event in enumerate(events)
        ],
    )
    return path


def _write(path: Path, values: Sequence[Mapping[str, Any]]) -> None:
    with path.open("wb") as file:
        file.writelines(orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE) for value in values)


def sampled_run(path: Path, problems: int, samples: int = 8, words: int = 60) -> Path:
    """Graded problems with independent samples of random words, some easy and some hard."""
    rows, stories = [], {}
    for index in range(problems):
        random = Random(index)  # the question does not depend on how often it is asked
        id_, reference, ability = f"p{index:05}", random.randrange(100), random.betavariate(2, 1)
        question = f"{' '.join(random.choices(WORDS, k=25))} {index}?"
        answers = [
            str(reference if random.random() < ability else random.randrange(100))
            for _ in range(samples)
        ]
        best = max(answers, key=answers.count)
        texts = [f"{' '.join(random.choices(WORDS, k=words))} Answer: {a}" for a in answers]
        usage = {**ZERO, "calls": 1, "completions": samples, "prompt_tokens": 40, "usd": 0.001}
        usage["completion_tokens"] = 80 * samples
        stories[id_] = sampled_story(question, texts, answers, usage)
        rows.append(
            row(
                id_,
                index,
                answer=best,
                question=question,
                reference=str(reference),
                metadata={"topic": random.choice("abcde")},
                correct=best == str(reference),
                confidence=round((answers.count(best) + 0.5) / (samples + 1), 4),
                budget={"planned": samples, "spent": samples},
                usage=usage,
            )
        )
    source = path.with_suffix(".jsonl")
    source.parent.mkdir(parents=True, exist_ok=True)
    problems_of = [
        {"id": r["id"], "question": r["question"], "answer": r["reference"]} for r in rows
    ]
    _write(source, problems_of)
    return write_run(path, rows, stories, source=str(source.resolve()), configuration={})


def sampled_story(
    question: str, texts: Sequence[str], answers: Sequence[str | None], usage: Mapping[str, Any]
) -> list[dict[str, Any]]:
    stage = "self_consistency"
    tally: dict[str, float] = {}
    for answer in answers:
        if answer is not None:
            tally[answer] = tally.get(answer, 0.0) + 1
    best = max(tally, key=lambda answer: tally[answer], default=None)
    call = {
        "event": "call",
        "stage": stage,
        "labels": [str(n) for n in range(len(texts))],
        "model": "made",
        "prompt": 0,
        "request": {"temperature": 0.7},
        "state": "done",
        "completions": [{"text": text, "finish": "end", "tokens": 80} for text in texts],
        "usage": {**usage, "flops": None, "seconds": 1.0, "estimated_tokens": 0},
        "from_journal": False,
    }
    return [
        {"event": "question", "text": question},
        {"event": "difficulty", "value": 3, "method": "fixed", "reason": "set"},
        {"event": "budget", "planned": len(texts), "tokens": None, "usd": None, "seconds": None},
        {"event": "stage", "stage": stage, "strategy": stage, "model": "made", "completions": 8},
        {"event": "prompt", "prompt": 0, "messages": [{"role": "user", "content": question}]},
        call,
        *(
            {"event": "candidate", "stage": stage, "candidate": f"{stage}/{n}", "answer": answer,
             "kind": "number", "fallback": False, "complete": True, "weight": 1.0, "call": 5}
            for n, answer in enumerate(answers)
        ),
        {"event": "selection", "candidate": f"{stage}/{answers.index(best)}", "answer": best,
         "confidence": 0.5, "reason": "most agree", "tally": list(tally.items())},
    ]  # fmt: skip
