"""The result files of a batch, and a model that answers from them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from its.errors import InputError, PermanentCallError
from its.models.batch.requests import ALONE, endpoint_settings, name_of
from its.models.openai.faults import Faults
from its.models.openai.json_text import decode
from its.models.openai.reply import ReplyReader
from its.models.openai.tokens import estimate, prompt_bound
from its.models.openai.words import said_by
from its.models.protocol import Capabilities, Received, Reply, Request
from its.models.settings import ModelSettings
from its.usage import Usage

_ENDED = {"end_turn": "stop", "max_tokens": "length", "refusal": "content_filter"}


@dataclass(slots=True)
class Results:
    """What the result files hold, by the names of requests: bodies of replies, and why others
    have none. `repeated` counts lines about a request that was answered already, `damaged` those
    that cannot be read."""

    replies: dict[str, dict[str, Any]] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    repeated: int = 0
    damaged: int = 0

    def add(self, line: bytes) -> None:
        try:
            value = decode(line)
        except ValueError:
            value = None
        name = value.get("custom_id") if isinstance(value, dict) else None
        if not isinstance(name, str):
            self.damaged += 1
            return
        body, why = _outcome(value)
        if name in self.replies:
            self.repeated += 1
        elif body is not None:
            self.replies[name] = body
            self.failures.pop(name, None)
        else:
            self.failures.setdefault(name, why)


def read_results(paths: Iterable[Path]) -> Results:
    """Read result and error files, in any order. Raises InputError where one cannot be read or
    holds no result at all."""
    results = Results()
    for path in paths:
        try:
            with path.open("rb") as file:
                for line in file:
                    if line.strip():
                        results.add(line)
        except OSError as error:
            raise InputError(f"cannot read {path}: {error.strerror}; name a result file") from None
    if not (results.replies or results.failures):
        raise InputError("the files hold no result of a batch: name those that the provider wrote")
    return results


class BatchModel:
    """Answers from the results of a batch. A request that has none fails, and costs nothing.

    `answered`, `failed` and `missing` hold the names of the requests that were asked, by what the
    files had for them.
    """

    def __init__(self, settings: ModelSettings, results: Results) -> None:
        self.name = settings.name
        self.parameters = None if settings.parameters is None else int(settings.parameters)
        self.answered: set[str] = set()
        self.failed: set[str] = set()
        self.missing: set[str] = set()
        self._results = results
        self._faults = Faults(endpoint_settings(settings))

    async def probe(self) -> tuple[Capabilities, Usage]:
        return ALONE, Usage()

    async def complete(self, request: Request, n: int = 1, *, received: Received) -> Reply:
        name = name_of(self.name, request)
        body = self._results.replies.get(name)
        if body is None:
            why = self._results.failures.get(name)
            (self.missing if why is None else self.failed).add(name)
            said = "no line of the results is about it" if why is None else why
            raise PermanentCallError(f"the batch has no reply: {said}")
        reader = ReplyReader(request, ALONE, self._faults, self.parameters)
        self.answered.add(name)
        reader.read_whole(orjson.dumps(body))
        return reader.reply(0.0)

    def prompt_bound(self, request: Request) -> int:
        return prompt_bound(request)

    def count_tokens(self, text: str) -> int:
        return estimate(text)

    async def close(self) -> None:
        return None


def _outcome(value: Mapping[str, Any]) -> tuple[dict[str, Any] | None, str]:
    """The body of a reply in the form of chat completions, or why there is none."""
    result = value.get("result")
    if isinstance(result, dict):
        message = result.get("message")
        if result.get("type") == "succeeded" and isinstance(message, dict):
            return _chat(message), ""
        return None, _why(result.get("error"), str(result.get("type") or "no result"))
    response = value.get("response")
    if isinstance(response, dict) and not value.get("error"):
        body = response.get("body")
        good = response.get("status_code") in (200, None)
        if good and isinstance(body, dict) and body.get("choices"):
            return body, ""
        return None, _why(body, f"status {response.get('status_code')}")
    return None, _why(value.get("error"), "no reply in its line")


def _why(error: Any, otherwise: str) -> str:
    said = said_by(error).text if error else ""
    return " ".join(said.split())[:300] or otherwise


def _chat(message: Mapping[str, Any]) -> dict[str, Any]:
    """A message of the other form; there the cached part stands beside the prompt's tokens."""
    reported = message.get("usage")
    usage = dict(reported) if isinstance(reported, dict) else {}
    parts = ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")
    counts = [usage.get(name) for name in parts]
    if isinstance(usage.get("input_tokens"), int):
        usage["input_tokens"] = sum(count for count in counts if isinstance(count, int))
    ended = str(message.get("stop_reason") or "end_turn")
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": message.get("content")},
        "finish_reason": _ENDED.get(ended, ended),
    }
    return {"choices": [choice], "usage": usage}
