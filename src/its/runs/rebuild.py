"""A journal rebuilt from a run's rows and traces, where its own was lost or damaged."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from hashlib import blake2b
from pathlib import Path
from typing import Any

import orjson

from its.calls.journal import Journal
from its.calls.journal_rows import Intent
from its.errors import RunDirectoryError
from its.models.protocol import Request
from its.runs.directory import locked, read_description
from its.runs.trust import JOURNAL, refuse_foreign, refuse_half_merged
from its.usage import Usage

_VIEWS = ("solutions.jsonl", "traces.jsonl")
_JOURNAL = (JOURNAL, f"{JOURNAL}-wal", f"{JOURNAL}-shm")
_KEY_BYTES = 16
_COUNTS = (
    *("calls", "completions", "prompt_tokens", "completion_tokens"),
    *("cached_tokens", "reasoning_tokens", "usd"),
)


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """How many rows the new journal holds, how many could not be kept, and where the files that
    were there are now."""

    rows: int
    lost: int
    old: Path


async def rebuild(directory: Path) -> Rebuilt:
    """Rebuild journal and views; what was there is moved into a folder, and nothing is deleted.

    A row is kept where its events are there too and say by which key the run knows the problem.
    Raises RunDirectoryError where there is no run, another process writes it, or no row is kept.
    """
    refuse_foreign(directory)
    description = read_description(directory)
    if description is None:
        raise RunDirectoryError(f"{directory} is no run directory: it has no run.json")
    refuse_half_merged(directory, description)
    with locked(directory):
        draft = directory / ".rebuild"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir()
        kept, lost = await _write(directory, draft, description["fingerprint"])
        if not kept:
            shutil.rmtree(draft)
            raise RunDirectoryError(
                f"no row in {directory} has the events that a journal is made of; --fresh starts "
                "over beside it"
            )
        return Rebuilt(kept, lost, _exchange(directory, draft))


async def _write(directory: Path, draft: Path, fingerprint: str) -> tuple[int, int]:
    rows = {row["id"]: row for row in _objects(directory / _VIEWS[0]) if _is_row(row)}
    stories = _stories(directory / _VIEWS[1])
    journal = Journal(draft, fingerprint)
    kept = 0
    try:
        for row in sorted(rows.values(), key=lambda row: int(row["index"])):
            story = stories.get(row["id"], [])
            key = _key(story)
            if key is None:
                continue
            try:
                await _write_calls(journal, key, story, _usage(row["usage"]))
            except (KeyError, TypeError, ValueError, IndexError):
                continue
            lines = b"".join(orjson.dumps(event) + b"\n" for event in story)
            line = orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE)
            await journal.finish(key, row["id"], row["index"], row["status"], line, lines)
            kept += 1
    finally:
        journal.close()
    return kept, len(rows) - kept


async def _write_calls(
    journal: Journal, key: bytes, story: list[dict[str, Any]], billed: Usage
) -> None:
    """Every call whose reply the events hold, and what else the row was billed as one that failed:
    attempts that broke, and calls that were cancelled."""
    strategies = {
        str(event["stage"]): str(event["strategy"]) for event in story if event["event"] == "stage"
    }
    prompts = {event["prompt"]: event["messages"] for event in story if event["event"] == "prompt"}
    calls = [event for event in story if event["event"] == "call" and event.get("state") == "done"]
    told = [_usage(event["usage"]) for event in calls]
    for event, usage in zip(calls, told, strict=True):
        stage = str(event["stage"])
        identity = _identity(event, prompts[event["prompt"]])
        labels = tuple(map(str, event["labels"]))
        strategy, model = strategies.get(stage, stage), str(event["model"])
        intent = Intent(key, stage, strategy, model, labels, identity, 0, b"null", 0)
        number = journal.number_call()
        await journal.intend(number, intent)
        await journal.settle(number, "done", usage, orjson.dumps(event["completions"]))
    rest = _rest(billed, told)
    if calls and any(getattr(rest, name) for name in _COUNTS):
        model = str(calls[0]["model"])
        number = journal.number_call()
        await journal.intend(
            number, Intent(key, "rebuilt", "rebuilt", model, ("",), b"", 0, b"null", 0)
        )
        await journal.settle(number, "failed", rest, None, "not in the traces")


def _identity(event: Mapping[str, Any], messages: Any) -> bytes:
    """By what the run knows this call: see the door of a stage, which computes it when it asks."""
    empty = Request((), 0).as_dict()
    asked = empty | event["request"] | {"messages": messages, "seed": None}
    return blake2b(orjson.dumps([event["model"], asked]), digest_size=16).digest()


def _rest(billed: Usage, told: list[Usage]) -> Usage:
    rest: dict[str, Any] = {}
    for name in _COUNTS:
        whole = getattr(billed, name)
        parts = [getattr(usage, name) for usage in told]
        known = whole is not None and None not in parts
        rest[name] = max(0, whole - sum(parts)) if known else None
    return replace(Usage(), **{name: value for name, value in rest.items() if value is not None})


def _usage(data: Mapping[str, Any]) -> Usage:
    return Usage(**{each.name: data[each.name] for each in fields(Usage) if each.name in data})


def _stories(path: Path) -> dict[str, list[dict[str, Any]]]:
    """The last story of every problem: its events counted from 0."""
    stories: dict[str, list[dict[str, Any]]] = {}
    for event in _objects(path):
        name, number = event.get("problem"), event.get("seq")
        if isinstance(name, str) and isinstance(event.get("event"), str):
            story = stories.setdefault(name, [])
            if number == 0:
                story.clear()
            if number == len(story):
                story.append(event)
    return stories


def _key(story: list[dict[str, Any]]) -> bytes | None:
    try:
        key = bytes.fromhex(story[0]["key"])
    except (IndexError, KeyError, TypeError, ValueError):
        return None
    return key if len(key) == _KEY_BYTES else None


def _is_row(row: Mapping[str, Any]) -> bool:
    return (
        isinstance(row.get("id"), str)
        and type(row.get("index")) is int
        and isinstance(row.get("usage"), dict)
        and row.get("status") in ("answered", "unanswered", "failed")
        and {"correct", "error"} <= row.keys()
    )


def _objects(path: Path) -> Iterator[dict[str, Any]]:
    """The lines that are whole: what is damaged is left out."""
    try:
        with path.open("rb") as file:
            for line in file:
                try:
                    found = orjson.loads(line)
                except orjson.JSONDecodeError:
                    continue
                if isinstance(found, dict):
                    yield found
    except OSError as error:
        raise RunDirectoryError(f"cannot read {path}: {error.strerror or error}") from None


def _exchange(directory: Path, draft: Path) -> Path:
    """Put the new files in the place of the old ones; the journal last, since it confirms them."""
    number = 1
    while (old := directory / f"damaged-{number}").exists():
        number += 1
    old.mkdir()
    for name in (*_JOURNAL, *_VIEWS):
        if (directory / name).exists():
            (directory / name).replace(old / name)
    for name in (*_VIEWS, *reversed(_JOURNAL)):
        if (draft / name).exists():
            (draft / name).replace(directory / name)
    shutil.rmtree(draft)
    return old
