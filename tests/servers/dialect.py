"""The ways in which servers of the OpenAI API differ, as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one kind of server behaves.

    `n`: honoured, ignored (one choice comes), or refused with 400. `usage`: what a whole reply
    reports for several choices; `stream_usage`: where a stream reports it: in an extra chunk, in
    one such chunk for each choice, in the last chunk with a choice, or nowhere. `refuses` names
    fields that are answered with 422. `continues`:
    a trailing assistant message is carried on, only with the flags of vLLM, or a new turn begins.
    `unknown_model`, `too_long`: the status of the answer (200: served all the same).
    """

    n: Literal["honoured", "ignored", "refused"] = "honoured"
    usage: Literal["summed", "one_choice", "absent"] = "summed"
    stream_usage: Literal["extra", "per_choice", "last", "absent"] = "extra"
    refuses: tuple[str, ...] = ()
    done_mark: bool = True
    streams: bool = True
    trims_stop: bool = True
    names_stop: bool = False
    continues: Literal["trailing", "flag", "no"] = "no"
    echoes_prefix: bool = False
    logprobs: Literal["chat", "legacy", "no"] = "chat"
    json_schema: bool = True
    limit: Literal["any", "max_completion_tokens"] = "any"
    temperature: Literal["any", "default"] = "any"
    unknown_model: Literal[200, 400, 404] = 404
    too_long: Literal["openai", "llama_cpp", "vllm", "accepted"] = "openai"
    context: int | None = None
    cached: bool = False


DIALECTS = {
    "hosted": Dialect(cached=True),
    "llama_cpp": Dialect(
        usage="one_choice",
        stream_usage="per_choice",
        continues="trailing",
        echoes_prefix=True,
        unknown_model=200,
        too_long="llama_cpp",
        context=4096,
        cached=True,
    ),
    "vllm": Dialect(
        names_stop=True, continues="flag", logprobs="legacy", too_long="vllm", context=4096
    ),
    "transformers": Dialect(
        n="ignored",
        stream_usage="last",
        done_mark=False,
        trims_stop=False,
        logprobs="no",
        json_schema=False,
        unknown_model=400,
        too_long="accepted",
    ),
}
