"""Reading a pool from JSON lines, `.gz` or not.

A row is `{"id", "question", "reference"?, "samples": [{"answer"?, "text"?, "correct"?,
"completion_tokens"?, "prompt_tokens"?, "score"?, "prm_step_scores"?}]}`. A sample needs a text or
an answer; an answer of null is one that could not be read.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast, get_args

import orjson

from its.errors import InputError
from its.models.recorded.pool import Pool, PoolProblem, RecordedSample
from its.problems.json_line import LineFault
from its.problems.problem import AnswerKind, Problem, Question, RowVerifier
from its.problems.row_verifier import read_verifier


def read_pool_file(path: Path) -> Pool:
    """Read a pool. Raises InputError that names file, line and field."""
    problems = tuple(_problem(path, number, row) for number, row in _rows(path))
    if not problems:
        raise InputError(f"{path}: the pool is empty; it needs one problem with samples per line")
    return Pool(path.name, problems)


def _rows(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    try:
        data = path.read_bytes()
        text = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"{path}: cannot read the pool: {reason}") from error
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            row = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            raise InputError(f"{path}, line {number}: not JSON ({error})") from error
        if not isinstance(row, dict):
            raise InputError(f"{path}, line {number}: a row must be a JSON object")
        yield number, row


def _problem(path: Path, number: int, row: Mapping[str, Any]) -> PoolProblem:
    samples, question = row.get("samples"), row.get("question")
    if not isinstance(question, str) or not question.strip():
        raise InputError(f"{path}, line {number}: `question` must be a text")
    if not isinstance(samples, list) or not all(isinstance(sample, dict) for sample in samples):
        raise InputError(
            f"{path}, line {number}: `samples` must be a list of objects with a text or an answer"
        )
    name = f"line:{number}" if row.get("id") is None else str(row["id"])
    reference = row.get("reference")
    return PoolProblem(
        name,
        question,
        reference,
        tuple(_sample(sample) for sample in samples),
        Problem(name, number - 1, _asked(question, row), reference, {}, _verifier(row)),
    )


def _asked(question: str, row: Mapping[str, Any]) -> Question:
    """The question, with the kind of answer and the choices that its row names."""
    kind, choices = row.get("answer_kind", row.get("kind")), row.get("choices")
    listed = isinstance(choices, list) and all(isinstance(choice, str) for choice in choices)
    return Question(
        question,
        choices=tuple(choices) if isinstance(choices, list) and listed else (),
        kind=cast(AnswerKind, kind) if kind in get_args(AnswerKind) else "auto",
    )


def _verifier(row: Mapping[str, Any]) -> RowVerifier | None:
    try:
        return read_verifier(dict(row))[0]
    except LineFault:
        return None


def _sample(raw: Mapping[str, Any]) -> RecordedSample:
    text, answer, correct = raw.get("text"), raw.get("answer"), raw.get("correct")
    return RecordedSample(
        text if isinstance(text, str) else None,
        None if answer is None else str(answer),
        correct if isinstance(correct, bool) else None,
        _count(raw.get("completion_tokens")),
        _count(raw.get("prompt_tokens")),
        _score(raw),
    )


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _score(raw: Mapping[str, Any]) -> float | None:
    """The recorded reward; of step scores the last, which is the score of the whole."""
    steps = raw.get("prm_step_scores")
    value = raw.get("score", steps[-1] if isinstance(steps, list) and steps else None)
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= 1:
        return float(value)
    return None
