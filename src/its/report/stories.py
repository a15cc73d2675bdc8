"""The events of every problem, packed for a page: compressed in chunks, the doubtful ones first."""

from __future__ import annotations

import base64
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import orjson

from its.analysis.outcomes import ProblemOutcome
from its.answers import equivalent
from its.candidates import Answer
from its.errors import RunDirectoryError
from its.estimators import majority

CHUNK = 200_000
"""Bytes of JSON in a chunk before compression: a page inflates one when a problem is opened."""
_HEAD = re.compile(rb'\{"problem":("(?:[^"\\]|\\.)*"),"seq":(\d+),')
_DROPPED = ("problem", "seq", "time", "from_journal")


@dataclass(frozen=True, slots=True)
class Glimpse:
    """What the overview needs of a problem's events. `changed` says that the answer is not the
    one for which the first stage's samples vote."""

    question: str = ""
    classes: tuple[int | None, ...] = ()
    changed: bool = False


@dataclass(slots=True)
class Packed:
    """`chunks` are base64 texts, `places` tells in which of them a problem stands; `left_out`
    counts the problems that no longer fitted."""

    chunks: list[str] = field(default_factory=list)
    places: dict[str, int] = field(default_factory=dict)
    glimpses: dict[str, Glimpse] = field(default_factory=dict)
    left_out: int = 0


def pack_stories(path: Path, outcomes: Sequence[ProblemOutcome], limit: int) -> Packed:
    """Pack the events of a run's problems in at most `limit` characters.

    What is most worth a look comes first: failed, unanswered and wrong problems, then the least
    sure; so it is the surest whose texts are left out. Raises RunDirectoryError.
    """
    packed = Packed()
    try:
        with (path / "traces.jsonl").open("rb") as file:
            spans = _spans(file)
            _pack(packed, file, spans, sorted(outcomes, key=_doubt), limit)
    except FileNotFoundError:
        packed.left_out = len(outcomes)
    except (OSError, orjson.JSONDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise RunDirectoryError(f"cannot read {path / 'traces.jsonl'}: {reason}") from None
    return packed


def pack(content: bytes) -> str:
    """Compressed, in an alphabet that means nothing to HTML."""
    packer = zlib.compressobj(6, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    return base64.b64encode(packer.compress(content) + packer.flush()).decode("ascii")


def _doubt(outcome: ProblemOutcome) -> tuple[bool, float, int]:
    failed = outcome.status != "answered" or outcome.correct is False
    return not failed, outcome.confidence or 0.0, outcome.index


def _spans(file: IO[bytes]) -> dict[str, list[tuple[int, int]]]:
    """Where each problem's events stand, as (start, end) in the file.

    A problem that was tried again has its events again, counted from 0: the last ones count.
    """
    spans: dict[str, list[tuple[int, int]]] = {}
    start = 0
    for line in file:
        end = start + len(line)
        head = _HEAD.match(line) if line.endswith(b"\n") else None
        if head is not None:
            of_problem = spans.setdefault(orjson.loads(head[1]), [])
            if head[2] == b"0":
                of_problem.clear()
            if of_problem and of_problem[-1][1] == start:
                of_problem[-1] = (of_problem[-1][0], end)
            else:
                of_problem.append((start, end))
        start = end
    return spans


def _pack(
    packed: Packed,
    file: IO[bytes],
    spans: Mapping[str, list[tuple[int, int]]],
    outcomes: Sequence[ProblemOutcome],
    limit: int,
) -> None:
    room, waiting, ids, full = limit, bytearray(), list[str](), False

    def flush() -> None:
        nonlocal room, waiting, ids, full
        if not ids or full:
            packed.left_out += len(ids)
        else:
            chunk = pack(b"{" + bytes(waiting[:-1]) + b"}")
            full = len(chunk) > room
            if full:
                packed.left_out += len(ids)
            else:
                room -= len(chunk)
                packed.places.update(dict.fromkeys(ids, len(packed.chunks)))
                packed.chunks.append(chunk)
        waiting, ids = bytearray(), []

    for outcome in outcomes:
        events = list(_events(file, spans.get(outcome.id, ())))
        packed.glimpses[outcome.id] = glimpse(events, outcome.answer)
        if not events:
            continue
        ids.append(outcome.id)
        if not full:
            told = [{k: v for k, v in event.items() if k not in _DROPPED} for event in events]
            waiting += orjson.dumps(outcome.id) + b":" + orjson.dumps(told) + b","
        if len(waiting) >= CHUNK:
            flush()
    flush()


def _events(file: IO[bytes], spans: Sequence[tuple[int, int]]) -> Iterator[dict[str, Any]]:
    for start, end in spans:
        file.seek(start)
        for line in file.read(end - start).splitlines():
            yield orjson.loads(line)


def glimpse(events: Sequence[Mapping[str, Any]], answer: str | None) -> Glimpse:
    """What the overview needs of these events, where `answer` is the problem's own."""
    question = next((event["text"] for event in events if event["event"] == "question"), "")
    candidates = [event for event in events if event["event"] == "candidate"]
    if not candidates:
        return Glimpse(question)
    numbers: dict[str, int] = {}
    classes = tuple(
        None if said is None else numbers.setdefault(said, len(numbers))
        for said in (candidate["answer"] for candidate in candidates)
    )
    first = [c for c in candidates if c["stage"] == candidates[0]["stage"]]
    place = majority(classes[: len(first)])
    voted = None if place is None else candidates[place]
    return Glimpse(question, classes, not _says(voted, answer))


def _says(candidate: Mapping[str, Any] | None, answer: str | None) -> bool:
    """Whether a candidate's answer is this one, however it is spelled."""
    said = None if candidate is None else candidate["answer"]
    if said == answer or candidate is None or said is None or answer is None:
        return said == answer
    kind = candidate.get("kind", "text")
    return equivalent(Answer(said, kind), Answer(answer, kind))
