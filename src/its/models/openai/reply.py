"""From what an endpoint sends, whole or in a stream, to a `Reply`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from its.errors import CutShort
from its.models.openai.bill import Report, bill_of, join, read_report
from its.models.openai.choice import Choice
from its.models.openai.events import EventStream
from its.models.openai.faults import Faults
from its.models.openai.json_text import decode, whole_characters
from its.models.openai.tokens import estimate_prompt
from its.models.openai.words import is_error
from its.models.protocol import Capabilities, Completion, Received, Reply, Request
from its.models.watching import Watch
from its.usage import Usage

LONG_PROMPT = 4000
"""Bytes from which a prompt's reported tokens tell whether it was taken whole."""
MOST_BYTES_OF_A_TOKEN = 12
LONGEST_REPLY = 2**27
"""Bytes of a reply; no true one is as long, and a false one shall not fill the memory."""


class ReplyReader:
    """Puts one reply together: `feed` a stream piece by piece, or `read_whole` once.

    Both raise CallError for what is no reply, and `feed` CutShort once the `watches` (one for each
    choice, in order) want nothing more of it. `begun` turns True with the first token, `done` with
    the whole reply or a stream's own end mark, `streamed` with a stream's first piece,
    `prompt_cut` where the endpoint reports a prompt that is far shorter than the one that was sent.
    """

    def __init__(
        self,
        request: Request,
        capabilities: Capabilities,
        faults: Faults,
        parameters: int | None,
        n: int = 1,
        watches: Sequence[Watch] = (),
    ) -> None:
        self.begun = False
        self.done = False
        self.streamed = False
        self.prompt_cut = False
        self._request = request
        self._capabilities = capabilities
        self._faults = faults
        self._parameters = parameters
        self._n = n
        self._watches = watches
        self._size = 0
        self._choices: dict[int, Choice] = {}
        self._reports: list[dict[str, Any]] = []
        self._running_report: dict[str, Any] | None = None
        self._stream = EventStream(faults)

    def read_whole(self, body: bytes) -> None:
        """Read a reply that came in one piece."""
        self._check_size(len(body))
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
        self._check_size(len(data))
        for value in self._stream.feed(data):
            self._piece(value)
        self.done = self.done or self._stream.done
        if self._watches:
            self._show()

    def finish(self) -> None:
        """Say that the stream is over. Raises TransientCallError where it was cut short."""
        left = False
        for value in self._stream.end():
            self._piece(value)
            left = True
        self.done = self.done or self._stream.done
        if left and self._watches:
            self._show()
        unfinished = any(choice.unfinished for choice in self._choices.values())
        if not self.done and (unfinished or not (self._choices or self._reports)):
            raise self._faults.lost("broke off in the middle of its reply")

    def _check_size(self, more: int) -> None:
        self._size += more
        if self._size > LONGEST_REPLY:
            raise self._faults.garbled(b"", f"sent more than {LONGEST_REPLY >> 20} MiB")

    def report(self, received: Received) -> None:
        """Write down what has arrived so far, for a call that was cancelled or broke."""
        choices = self._ordered()
        counted = sum(choice.tokens for choice in choices)
        if self._report(counted) is not None and self._reports:
            received.usage = replace(self._usage(choices, 0.0), completions=0)
        received.text = "\n".join(whole_characters(choice.seen) for choice in choices)
        received.tokens = counted
        if self._running_report is not None:
            running = read_report(self._running_report)
            received.prompt_tokens = running.prompt
            received.tokens = max(received.tokens, running.completion or 0)

    def reply(self, seconds: float) -> Reply:
        """The whole reply, with at most as many completions as were asked for; the usage counts
        all that came. Raises TransientCallError where no choice came, or one was cut short.

        Where several answers were mixed up under one index, none of them can be read: the reply
        has no completion, and costs what it cost.
        """
        choices = self._ordered()
        if not choices:
            raise self._faults.garbled(b"", "answered without a single choice")
        for choice in choices:
            if choice.broken:
                raise self._faults.garbled(b"", "gave up in the middle of its reply")
            if self._capabilities.finishes and self._is_cut(choice):
                raise self._faults.garbled(b"", "did not say how its reply ended: it was cut short")
        if self._watches:
            self._show_each(choices)
        usage = self._usage(choices, seconds)
        if self._n > 1 and any(choice.mixed for choice in choices):
            return Reply((), replace(usage, completions=0))
        request, names_stop = self._request, self._capabilities.names_stop
        tokens = usage.completion_tokens if len(choices) == 1 else None
        wanted = choices[: self._n]
        completions = [c.completion(request, names_stop, tokens) for c in wanted]
        if self._watches:
            completions = list(map(_ended, completions, self._watches))
        return Reply(tuple(completions), usage)

    def _show(self) -> None:
        """Show the watches what is new. Raises CutShort where all that is unfinished was cut."""
        choices = self._ordered()
        unfinished = [choice for choice in choices if choice.unfinished]
        self._show_each(choices)
        over = len(self._choices) >= self._n and self.finished
        if over and any(choice.cut for choice in unfinished):
            raise CutShort("stopped by what watched it")

    def _show_each(self, choices: Sequence[Choice]) -> None:
        for watch, choice in zip(self._watches, choices, strict=False):
            choice.show(watch, self._request.logprobs or 0)

    def _is_cut(self, choice: Choice) -> bool:
        return choice.unfinished and choice.tokens < self._request.max_tokens

    @property
    def finished(self) -> bool:
        """Whether every choice said how it ended."""
        return not any(choice.unfinished for choice in self._choices.values())

    @property
    def thinks(self) -> bool:
        return any(choice.thinks for choice in self._choices.values())

    @property
    def first_text(self) -> str:
        """The text of the first choice just as it came."""
        return self._ordered()[0].text

    @property
    def names_stop(self) -> bool:
        """Whether a choice told which stop string ended it."""
        return any(isinstance(choice.stop, str) for choice in self._choices.values())

    def _piece(self, value: Any) -> None:
        if not isinstance(value, dict):
            raise self._faults.garbled(b"", "sent a piece of stream that is no completion")
        self.streamed = True
        self._take(value, "delta")

    def _take(self, value: dict[str, Any], content: str) -> None:
        if is_error(value):
            raise self._faults.reported(value, self.begun)
        pieces = value.get("choices")
        if not isinstance(pieces, list):
            pieces = []
        for position, piece in enumerate(pieces):
            if not isinstance(piece, dict):
                raise self._faults.garbled(b"", "sent a choice that is no object")
            index = piece.get("index")
            if not isinstance(index, int) or isinstance(index, bool):
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
        if len(self._choices) == 1:
            return list(self._choices.values())
        return [self._choices[index] for index in sorted(self._choices)]

    def _usage(self, choices: list[Choice], seconds: float) -> Usage:
        """Tokens as reported, checked; what the endpoint left out is counted and marked."""
        counted = sum([choice.tokens for choice in choices])
        report = self._report(counted)
        self.prompt_cut = report is not None and _is_cut(self._request, report)
        reported = report is not None and report.completion
        one_choice = reported and self._capabilities.usage == "one_choice"
        bill = bill_of(
            report,
            prompt_estimate=lambda: estimate_prompt(self._request),
            counted=counted,
            left_out=sum(c.tokens for c in choices[1:]) if one_choice and not self._joined else 0,
            seen_bytes=sum([len(choice.seen) for choice in choices]),
            thinking=sum([choice.thinking_tokens for choice in choices]),
        )
        computed = bill.prompt - bill.cached + bill.completion
        return Usage(
            calls=1,
            completions=len(choices),
            prompt_tokens=bill.prompt,
            cached_tokens=bill.cached,
            completion_tokens=bill.completion,
            reasoning_tokens=bill.reasoning,
            flops=None if self._parameters is None else 2.0 * self._parameters * computed,
            seconds=seconds,
            estimated_tokens=bill.estimated,
        )

    @property
    def _joined(self) -> bool:
        return len(self._reports) > 1

    def _report(self, counted: int) -> Report | None:
        """The endpoint's account of the whole reply, None where it gave none."""
        if self._reports:
            return join([read_report(report) for report in self._reports], counted)
        return None if self._running_report is None else read_report(self._running_report)


def _ended(completion: Completion, watch: Watch) -> Completion:
    if completion.cut or completion.finish == "filtered":
        return completion
    least = watch.ended(completion.tokens)
    return completion if least is None else replace(completion, least_confidence=least)


def _is_cut(request: Request, report: Report) -> bool:
    """Whether so few tokens can only be a part of the prompt."""
    sent = sum([len(message.content) for message in request.messages])
    taken = (report.prompt or 0) + report.cached
    return sent >= LONG_PROMPT and 0 < taken * MOST_BYTES_OF_A_TOKEN < sent
