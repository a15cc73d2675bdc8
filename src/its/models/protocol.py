"""What is asked of a model, what comes back, and the protocol every model keeps."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

from its.problems.problem import Message
from its.usage import Usage

if TYPE_CHECKING:
    from its.models.watching import Watch

Finish = Literal["end", "stop_string", "stop", "length", "filtered", "cut", "loop"]
"""Why a completion ended: its own end of turn; a stop string; one of these two where the
endpoint does not say which; its token limit; the endpoint's content filter; a watch that stopped
it, as not worth more tokens or because it repeated itself."""


@dataclass(frozen=True, slots=True)
class Request:
    """One question to a model, whole: equal requests ask the same thing.

    `continues` is the text of the assistant's turn so far, which the completion carries on;
    `logprobs` is None where they are not wanted, else how many alternatives a token to return
    beside the chosen one (0: the chosen token's alone); `json_schema` asks for constrained
    output where the endpoint offers it; `draw` numbers the independent answers to one problem
    from 0 (None for every other kind of call): a recorded pool serves by it, an endpoint
    ignores it; `scored` is a text whose tokens' probabilities are wanted, as if the model had
    written it, and nothing else (only where `Capabilities.scores` says so); `replies` are answers
    to these messages, each as its steps, that a reward model is to score.
    """

    messages: tuple[Message, ...]
    max_tokens: int
    temperature: float = 1.0
    top_p: float = 1.0
    stop: tuple[str, ...] = ()
    seed: int | None = None
    logprobs: int | None = None
    continues: str = ""
    json_schema: Mapping[str, Any] | None = None
    draw: int | None = None
    scored: str = ""
    replies: tuple[tuple[str, ...], ...] = ()

    @property
    def answers(self) -> int:
        """How many completions one reply to this stands for: every reply that is scored is one."""
        return len(self.replies) or 1

    def numbered(self, seed: int, draw: int | None) -> Request:
        """The same request with a seed of its own, as this draw."""
        return Request(
            self.messages,
            self.max_tokens,
            self.temperature,
            self.top_p,
            self.stop,
            seed,
            self.logprobs,
            self.continues,
            self.json_schema,
            draw,
            self.scored,
            self.replies,
        )

    def as_dict(self) -> dict[str, Any]:
        """Plain data, for the journal and the trace; also the content of the call's identity."""
        special: dict[str, Any] = {"scored": self.scored} if self.scored else {}
        if self.replies:
            special["replies"] = self.replies
        return special | {
            "messages": [{"role": turn.role, "content": turn.content} for turn in self.messages],
            "max_tokens": self.max_tokens,
            "temperature": self.temperature,
            "top_p": self.top_p,
            "stop": self.stop,
            "seed": self.seed,
            "logprobs": self.logprobs,
            "continues": self.continues,
            "json_schema": self.json_schema,
        }


@dataclass(frozen=True, slots=True)
class TokenLogprob:
    """A generated token, its natural-log probability, and the likeliest alternatives there."""

    token: str
    logprob: float
    top: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Completion:
    """One delivered answer.

    `text` is the new text alone: without the part it continues and without the stop string.
    `tokens` counts its completion tokens, None where the endpoint gives only a sum; `cut` says why
    a watch stopped it (`tokens` is None where it had ended by then); `least_confidence` is that of
    its least sure group of tokens, reasoning included, where a watch measured it.
    """

    text: str
    finish: Finish
    tokens: int | None = None
    logprobs: tuple[TokenLogprob, ...] | None = None
    reasoning: str = ""
    cut: str = ""
    least_confidence: float | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """All that one call returned. Its usage counts every completion of it."""

    completions: tuple[Completion, ...]
    usage: Usage


@dataclass(slots=True)
class Received:
    """What has arrived of a reply so far: written by the model while it streams, and read by
    the caller after a cancellation or a fault, to charge for what was produced.

    `sent` turns True when the request may have reached the endpoint; `usage` is what the endpoint
    itself reported of a call that brought no reply. `watches` look at the completions in order,
    while they are written (`watched` turns True) or else at the whole reply; `stopped` turns True
    where they ended the call.
    """

    sent: bool = False
    text: str = ""
    tokens: int = 0
    prompt_tokens: int | None = None
    usage: Usage | None = None
    watches: Sequence[Watch] = ()
    watched: bool = False
    stopped: bool = False


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What an endpoint can do, as its probe found it; written into `run.json`.

    `n`: several completions in one call are honoured; `usage`: how tokens are reported for
    n > 1 (summed over choices, for one choice only, or absent); `continues`: how a partial answer
    is carried on ("trailing": a trailing assistant message, "flag": with
    continue_final_message, "raw": by the raw completions endpoint, "no"); `echoes_prefix`: the
    continued prefix comes back with the text; `trims_stop`: the stop string is cut off;
    `names_stop`: the reply tells which stop string ended it; `scores`: it gives the probabilities
    of a text that it did not write; `limit_name` and `least_tokens`: what the token limit is called
    and how small it may be; `temperature`: the only one that it takes, where it said so;
    `least_temperature`: what stands for 0 where it does not take that; `refuses`:
    parameters that are left out because it does not take them; `only_streams`: it takes no call
    for a whole reply; `finishes`: it says how each reply ended, so that one without is cut short;
    `thinks`: replies hold reasoning; `cuts_each`: of several completions in one call, each can be
    stopped alone.
    """

    n: bool = False
    usage: Literal["summed", "one_choice", "absent"] = "summed"
    continues: Literal["trailing", "flag", "raw", "no"] = "no"
    echoes_prefix: bool = False
    trims_stop: bool = True
    names_stop: bool = False
    logprobs: bool = False
    streams: bool = True
    json_schema: bool = False
    scores: bool = False
    context: int | None = None
    limit_name: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    least_tokens: int = 1
    temperature: float | None = None
    least_temperature: float = 0.0
    refuses: tuple[str, ...] = ()
    only_streams: bool = False
    finishes: bool = True
    thinks: bool = False
    cuts_each: bool = False
    notes: tuple[str, ...] = field(default_factory=tuple)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Capabilities:
        """What `as_dict` wrote, an older version's included."""
        known = {name: data[name] for name in cls.__slots__ if name in data}
        for name in ("refuses", "notes"):
            if isinstance(known.get(name), list):
                known[name] = tuple(map(str, known[name]))
        return cls(**known)


@dataclass(frozen=True, slots=True)
class Heard:
    """What one call of a probe brought, as far as the probe looks at it: the first text just as
    it came, how many completions, what they cost (`reported`: as the endpoint itself told), and
    how the reply was built."""

    text: str
    completions: int
    usage: Usage
    reported: bool
    logprobs: bool
    names_stop: bool
    streamed: bool
    finished: bool
    thinks: bool

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Heard:
        return cls(**{**data, "usage": Usage(**data["usage"])})


class ProbeRecorder(Protocol):
    """Makes a call of a probe and writes it down: before it is sent, and how it ended. A call
    that an earlier session paid for may be answered from there.

    `key` names the call among those of the probe. Raises what `ask` raises.
    """

    async def __call__(
        self, key: str, request: Request, ask: Callable[[Received], Awaitable[Heard]]
    ) -> Heard: ...


class Model(Protocol):
    """A source of completions. It knows no strategy, no budget and no file.

    `name` is what the user calls it; `parameters` its size, None where unknown (FLOPs need it).
    """

    name: str

    async def probe(self) -> tuple[Capabilities, Usage]:
        """Ask the endpoint what it does; returns that and what the asking cost.

        Raises EndpointError where it cannot be used at all.
        """
        ...

    async def complete(self, request: Request, n: int = 1, *, received: Received) -> Reply:
        """Send one call for `n` completions of `request` and wait for all of them.

        Cancelling the task closes the stream, so that the endpoint stops. No retries here.
        Usage in the reply carries tokens (estimated where the endpoint is silent), seconds and
        FLOPs where known; money is added by the caller. Raises CallError.
        """
        ...

    def prompt_bound(self, request: Request) -> int:
        """An upper bound on the request's prompt tokens, without asking the endpoint."""
        ...

    def count_tokens(self, text: str) -> int:
        """An estimate of how many tokens a text has."""
        ...

    async def close(self) -> None: ...


@runtime_checkable
class RemoteModel(Model, Protocol):
    """A model whose probe costs something, and is remembered.

    `capabilities` are what is known by now: a refusal in the middle of a run teaches more.
    """

    capabilities: Capabilities | None

    async def probe_by(self, record: ProbeRecorder) -> tuple[Capabilities, Usage]:
        """As `probe`, with each of its calls made by `record`."""
        ...

    def know(self, capabilities: Capabilities) -> None:
        """Take an earlier probe's findings."""
        ...
