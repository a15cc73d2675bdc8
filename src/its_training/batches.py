"""Lessons as token batches: chat layout, loss on replies only, lengths bucketed.

Tokens are ASCII codes; 0 pads, 1 opens the user's turn, 2 the assistant's, 3 ends a reply.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from its_training.checking import MISTAKE
from its_training.lessons import Lesson, OwnSolution, draw_lesson

PAD, USER, ASSISTANT, END = 0, 1, 2, 3
LONGEST = 2048
_POOL = 768
_EMPHASIS = 8.0
_FOUND = 2.0
_REPEATED = 0.5
_WORKED_OUT = 2.0
_SCORES = re.compile(r"\d$", re.MULTILINE)
_MISTAKE = ord(MISTAKE)
_EQUALS, _ENDINGS = ord("="), b";\nx "


@dataclass(frozen=True)
class Batch:
    """Token ids (rows, positions), int64; weights of the loss of predicting ids[:, 1:]."""

    ids: NDArray[np.int64]
    weights: NDArray[np.float32]
    tokens: int


def text_ids(text: str) -> list[int]:
    """A text as token ids; characters outside of printable ASCII and newline are dropped."""
    return [code for code in map(ord, text) if code == 10 or 32 <= code < 127]


def prompt_ids(content: str) -> list[int]:
    """A user turn, ready for the reply."""
    return [USER, *text_ids(content), ASSISTANT]


def batches(
    seed: int,
    mixture: dict[str, float],
    own: list[OwnSolution],
    tokens: int,
    top: int = 10,
    longest: int = LONGEST,
) -> Iterator[Batch]:
    """Endless batches of about `tokens` tokens, rows of like length together; problems made for
    them are no harder than `top`."""
    rng = random.Random(seed)
    while True:
        rows = [_row(draw_lesson(rng, mixture, own, top=top)) for _ in range(_POOL)]
        rows = sorted((r for r in rows if len(r[0]) <= longest), key=lambda r: len(r[0]))
        made: list[Batch] = []
        while rows:
            width = len(rows[-1][0])
            count = max(1, tokens // width)
            made.append(_batch(rows[-count:]))
            rows = rows[:-count]
        rng.shuffle(made)
        yield from made


def _row(lesson: Lesson) -> tuple[list[int], list[float]]:
    head = prompt_ids(lesson.prompt)
    reply = text_ids(lesson.reply)
    check = lesson.skill == "check"
    plain = _REPEATED if check else 1.0  # a check repeats most of what it says
    weights = [plain] * (len(reply) + 1)
    derived = False
    for place, code in enumerate(reply):  # what is worked out counts twice what is copied
        weights[place] = _WORKED_OUT * plain if derived else plain
        derived = code == _EQUALS or (derived and code not in _ENDINGS)
        if check and code == _MISTAKE:
            weights[place] = _FOUND
    if lesson.skill in ("check", "judge"):
        for score in _SCORES.finditer(lesson.reply):
            weights[score.start()] = _EMPHASIS
    for begin, end in lesson.given:
        weights[begin:end] = [0.0] * (min(end, len(weights)) - begin)
    return [*head, *reply, END], [0.0] * (len(head) - 1) + weights


def _batch(rows: list[tuple[list[int], list[float]]]) -> Batch:
    width = max(len(ids) for ids, _ in rows)
    ids = np.zeros((len(rows), width), dtype=np.int64)
    weights = np.zeros((len(rows), width - 1), dtype=np.float32)
    for i, (row, weight) in enumerate(rows):
        ids[i, : len(row)] = row
        weights[i, : len(weight)] = weight
    return Batch(ids, weights, sum(len(ids) for ids, _ in rows))
