"""A model for tests of pipelines, strategies and rewards: scripted replies, tokens and failures.

    model = FakeModel(lambda request, number: "Answer: 4")
    solutions = list(its.solve(["2 + 2?"], "self_consistency", models={"model": model}))
    assert model.completions == 16

It needs no socket and keeps the accounts that an endpoint would keep, so that a test can hold them
against the run's own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from its.errors import CallError
from its.models.protocol import (
    Capabilities,
    Completion,
    Finish,
    Received,
    Reply,
    Request,
    TokenLogprob,
)
from its.usage import Usage

ALL_CAPABILITIES = Capabilities(n=True, continues="trailing", logprobs=True, json_schema=True)
"""What most servers can do."""


@dataclass(frozen=True, slots=True)
class ScriptedReply:
    """A scripted reply whose details matter. `tokens` counts words unless given."""

    text: str
    finish: Finish = "end"
    tokens: int | None = None
    logprobs: tuple[TokenLogprob, ...] | None = None
    reasoning: str = ""


Script = Callable[[Request, int], str | ScriptedReply | Exception]
"""What the model replies to a request; the number counts its completions from 0. An exception is
raised: a CallError as an endpoint's failure, any other as a fault of the model itself."""


@dataclass(slots=True)
class FakeModel:
    """A model that replies by `script`. `delay` seconds pass before each reply.

    `requests` holds what was asked, in order; `completions`, `prompt_tokens` and
    `completion_tokens` count what was delivered (a token is a word), `failures` what was raised.
    """

    script: Script
    name: str = "fake"
    capabilities: Capabilities = ALL_CAPABILITIES
    parameters: int | None = None
    delay: float = 0.0
    requests: list[Request] = field(default_factory=list)
    completions: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    failures: int = 0
    closed: bool = False

    async def probe(self) -> tuple[Capabilities, Usage]:
        """What it was given as its capabilities; asking costs nothing."""
        return self.capabilities, Usage()

    async def complete(self, request: Request, n: int = 1, *, received: Received) -> Reply:
        """The next `n` scripted replies. Raises what the script returns as an exception."""
        self.requests.append(request)
        received.sent = True
        if self.delay:
            await asyncio.sleep(self.delay)
        said: list[ScriptedReply] = []
        for _ in range(n):
            reply = self.script(request, self.completions)
            if isinstance(reply, Exception):
                self.failures += 1
                raise reply
            said.append(ScriptedReply(reply) if isinstance(reply, str) else reply)
            self.completions += 1
        prompt = self.count_tokens("\n".join(turn.content for turn in request.messages))
        tokens = [self._tokens(each) for each in said]
        self.prompt_tokens += prompt
        self.completion_tokens += sum(tokens)
        usage = Usage(
            calls=1,
            completions=n,
            prompt_tokens=prompt,
            completion_tokens=sum(tokens),
            flops=None,
        )
        return Reply(
            tuple(
                Completion(each.text, each.finish, count, each.logprobs, each.reasoning)
                for each, count in zip(said, tokens, strict=True)
            ),
            usage,
        )

    def prompt_bound(self, request: Request) -> int:
        """The tokens of the prompt, exactly."""
        return self.count_tokens("\n".join(turn.content for turn in request.messages))

    def count_tokens(self, text: str) -> int:
        """A token is a word."""
        return len(text.split())

    async def close(self) -> None:
        self.closed = True

    def _tokens(self, said: ScriptedReply) -> int:
        return self.count_tokens(said.text) if said.tokens is None else said.tokens


def failing(error: CallError, times: int, then: Script) -> Script:
    """A script that fails so many times and then goes on as another."""
    left = [times]

    def script(request: Request, number: int) -> str | ScriptedReply | Exception:
        if left[0] > 0:
            left[0] -= 1
            return error
        return then(request, number)

    return script
