"""From what an endpoint sends, whole or in a stream, to a `Reply`."""

from __future__ import annotations

from typing import Any

import orjson

from its.models.openai.choice import Choice
from its.models.openai.faults import Faults
from its.models.openai.json_text import decode, whole_characters
from its.models.openai.tokens import estimate_prompt
from its.models.protocol import Capabilities, Received, Reply, Request
from its.usage import Usage

END_MARK = b"[DONE]"


class ReplyReader:
    """Puts one reply together: `feed` a stream piece by piece, or `read_whole` once.

    Both raise CallError for what is no reply. `begun` turns True with the first token, `done` with
    the whole reply or a stream's own end mark, `streamed` with a stream's first piece.
    """

    def __init__(
        self, request: Request, capabilities: Capabilities, faults: Faults, parameters: int | None
    ) -> None:
        self.begun = False
        self.done = False
        self.streamed = False
        self._request = request
        self._capabilities = capabilities
        self._faults = faults
        self._parameters = parameters
        self._choices: dict[int, Choice] = {}
        self._reports: list[dict[str, Any]] = []
        self._running_report: dict[str, Any] | None = None
        self._pending: list[bytes] = []

    def read_whole(self, body: bytes) -> None:
        """Read a reply that came in one piece."""
        try:
            value = decode(body)
        except ValueError:
            raise self._faults.garbled(body, "answered with garbled JSON") from None
        if not isinstance(value, dict):
            raise self._faults.garbled(body, "answered with JSON that is no completion")
        self._take(value, "message")
        if self._capabilities.echoes_prefix:
            for choice in self._choices.values():
                choice.strip_prefix(self._request.continues)
        self.done = True

    def feed(self, data: bytes) -> None:
        """Read the next bytes of a stream of server-sent events."""
        if b"\n" not in data:
            self._pending.append(data)
            return
        if self._pending:
            data = b"".join((*self._pending, data))
        *lines, rest = data.split(b"\n")
        self._pending = [rest] if rest else []
        payloads: list[bytes] = []
        for line in lines:
            if line.startswith(b"data:"):
                payloads.append(line[5:])
            elif line.startswith(b"error:"):
                payloads.append(b'{"error":' + line[6:].strip() + b"}")
        self._events(payloads)

    def finish(self) -> None:
        """Say that the stream is over. Raises TransientCallError where it was cut short."""
        if self._pending:
            self.feed(b"\n")
        unfinished = any(choice.unfinished for choice in self._choices.values())
        if not self.done and (unfinished or not self._choices):
            raise self._faults.lost("broke off in the middle of its reply")

    def report(self, received: Received) -> None:
        """Write down what has arrived so far, for a call that was cancelled or broke."""
        choices = self._ordered()
        received.text = "\n".join(whole_characters(choice.seen) for choice in choices)
        received.tokens = sum(choice.tokens for choice in choices)
        if self._running_report is not None:
            received.prompt_tokens = _count(self._running_report.get("prompt_tokens"))
            running = _count(self._running_report.get("completion_tokens"))
            received.tokens = max(received.tokens, running or 0)

    def reply(self, seconds: float) -> Reply:
        """The whole reply. Raises TransientCallError where no choice came."""
        choices = self._ordered()
        if not choices:
            raise self._faults.garbled(b"", "answered without a single choice")
        if any(choice.broken for choice in choices):
            raise self._faults.garbled(b"", "gave up in the middle of its reply")
        usage = self._usage(choices, seconds)
        names_stop = self._capabilities.names_stop
        tokens = usage.completion_tokens if len(choices) == 1 else None
        completions = (choice.completion(self._request, names_stop, tokens) for choice in choices)
        return Reply(tuple(completions), usage)

    @property
    def first_text(self) -> str:
        """The text of the first choice just as it came."""
        return self._ordered()[0].text

    @property
    def names_stop(self) -> bool:
        """Whether a choice told which stop string ended it."""
        return any(isinstance(choice.stop, str) for choice in self._choices.values())

    def _events(self, payloads: list[bytes]) -> None:
        """Take the payloads of events, up to the end mark. Well-formed ones are decoded at once."""
        whole = payloads
        if payloads and payloads[-1].strip() == END_MARK:
            whole = payloads[:-1]
        try:
            values = orjson.loads(b"[%b]" % b",".join(whole))
        except ValueError:
            values = ()
        if self.done or len(values) != len(whole):
            for payload in payloads:
                self._event(payload)
            return
        for value in values:
            self._piece(value)
        self.done = len(whole) < len(payloads)

    def _event(self, payload: bytes) -> None:
        """Take the payload of one event, whatever it holds."""
        payload = payload.strip()
        if self.done or not payload:
            return
        if payload == END_MARK:
            self.done = True
            return
        try:
            value = decode(payload)
        except ValueError:
            raise self._faults.garbled(payload, "sent a garbled piece of stream") from None
        self._piece(value)

    def _piece(self, value: Any) -> None:
        if not isinstance(value, dict):
            raise self._faults.garbled(b"", "sent a piece of stream that is no completion")
        self.streamed = True
        self._take(value, "delta")

    def _take(self, value: dict[str, Any], content: str) -> None:
        if value.get("error"):
            raise self._faults.reported(value["error"], self.begun)
        pieces = value.get("choices")
        if not isinstance(pieces, list):
            pieces = []
        for position, piece in enumerate(pieces):
            if not isinstance(piece, dict):
                raise self._faults.garbled(b"", "sent a choice that is no object")
            index = piece.get("index")
            if not isinstance(index, int):
                index = position
            choice = self._choices.get(index)
            if choice is None:
                choice = self._choices[index] = Choice()
            if choice.add(piece, content):
                self.begun = True
        usage = value.get("usage")
        if isinstance(usage, dict):
            if pieces:
                self._running_report = usage
            else:
                self._reports.append(usage)

    def _ordered(self) -> list[Choice]:
        return [self._choices[index] for index in sorted(self._choices)]

    def _usage(self, choices: list[Choice], seconds: float) -> Usage:
        """Tokens as reported; what the endpoint left out is counted and marked.

        A stream of several choices may end with one report for each; they share one prompt.
        """
        reports = self._reports if len(choices) > 1 else self._reports[-1:]
        reports = reports or ([self._running_report] if self._running_report else [])
        prompt = max((_count(r.get("prompt_tokens")) or 0 for r in reports), default=0)
        completion = sum(_count(r.get("completion_tokens")) or 0 for r in reports)
        estimated = 0
        if not prompt:
            prompt = estimated = estimate_prompt(self._request)
        if not completion:
            left_out = choices
        elif self._capabilities.usage == "one_choice" and len(reports) == 1:
            left_out = choices[1:]
        else:
            left_out = []
        counted = sum(choice.tokens for choice in left_out)
        completion += counted
        cached = max(
            (_detail(r, "prompt_tokens_details", "cached_tokens") for r in reports), default=0
        )
        computed = prompt - cached + completion
        return Usage(
            calls=1,
            completions=len(choices),
            prompt_tokens=prompt,
            cached_tokens=cached,
            completion_tokens=completion,
            reasoning_tokens=sum(
                _detail(r, "completion_tokens_details", "reasoning_tokens") for r in reports
            ),
            flops=None if self._parameters is None else 2.0 * self._parameters * computed,
            seconds=seconds,
            estimated_tokens=estimated + counted,
        )


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and value >= 0 else None


def _detail(report: dict[str, Any], group: str, name: str) -> int:
    details = report.get(group)
    return (_count(details.get(name)) or 0) if isinstance(details, dict) else 0
