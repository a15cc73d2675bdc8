"""How a model is named, reached, sampled and limited: the `model` section of a pipeline file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Positive = Annotated[int, Field(ge=1)]
PositiveFloat = Annotated[float, Field(gt=0)]
Money = Annotated[float, Field(ge=0)]


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PriceSettings(Section):
    """US dollars per million tokens. A price that is not given is unknown, not zero."""

    input: Money | None = Field(None, description="Prompt tokens.")
    cached_input: Money | None = Field(
        None, description="Prompt tokens served from the endpoint's cache; as `input` if not set."
    )
    output: Money | None = Field(None, description="Completion tokens.")


class TimeoutSettings(Section):
    """Seconds that a single attempt may take."""

    connect: PositiveFloat = Field(10.0, description="Opening the connection.")
    first_token: PositiveFloat = Field(
        120.0, description="Until the first piece of a streamed answer."
    )
    total: PositiveFloat = Field(600.0, description="The whole answer.")


class RetrySettings(Section):
    """What happens after a failure that may pass (429, 5xx, a reset, a garbled answer)."""

    attempts: Positive = Field(6, description="Attempts at one call, the first included.")
    first: PositiveFloat = Field(0.5, description="Longest first wait in seconds; doubles.")
    longest: PositiveFloat = Field(30.0, description="Longest wait between attempts, seconds.")
    patience: PositiveFloat = Field(
        60.0,
        description="Seconds in which nothing but failures comes, until the run stops (resumable).",
    )
    deadline: PositiveFloat = Field(600.0, description="Seconds for a call with all retries.")


class ReasoningSettings(Section):
    """How much a reasoning model thinks. Servers that want it said in other words take those in
    `extra_body`."""

    effort: str | None = Field(
        None, description="`minimal`, `low`, `medium`, `high`: sent as `reasoning_effort`."
    )
    thinking: bool | None = Field(
        None,
        description="Sent as `chat_template_kwargs.enable_thinking` (llama.cpp, vLLM, SGLang).",
    )


class ModelSettings(Section):
    """A model, where it is, how it samples and what it may be asked at once."""

    name: str = Field(
        "embedded",
        description="Its name at the endpoint; `embedded`, "
        "`embedded:large-solver`, `recorded:FILE` or the path of a `.gguf` file need no endpoint.",
    )
    file: str | None = Field(
        None,
        description="A GGUF file to run with llama.cpp on this machine (extra `local`), in place "
        "of an endpoint.",
    )
    base_url: str | None = Field(
        None,
        description="The endpoint, such as http://localhost:8000/v1; $OPENAI_BASE_URL if not set.",
    )
    api_key_env: str = Field(
        "OPENAI_API_KEY",
        description="The environment variable that holds "
        "the key. The key itself never stands in a file.",
    )
    key_header: str = Field(
        "Authorization",
        description="The request header that the key goes in: as a bearer token in "
        "`Authorization`, as it is in any other (`api-key`, `x-api-key`).",
    )
    headers: dict[str, str] = Field(
        default_factory=dict,
        description="More headers of every request; `$NAME` and `${NAME}` stand for variables of "
        "the environment, so that no secret stands in a file.",
    )
    reasoning: ReasoningSettings | None = Field(
        None, description="How much a reasoning model thinks; its own default if not set."
    )
    api: Literal["chat", "completions"] = Field("chat", description="Which API to call.")
    stream: Literal["auto"] | bool = Field(
        "auto",
        description="Stream answers: a cancelled call then stops at the endpoint, and a long one "
        "is not cut off by a gateway for its silence; whole answers take less CPU on both sides. "
        "`auto` streams where calls may be cancelled (`stop.lookahead`, `budget.seconds`, "
        "a stage's `cut`), "
        "`timeout.first_token` is set, or `max_tokens` is over 1,024.",
    )
    temperature: Annotated[float, Field(ge=0, le=2)] = Field(
        0.8, description="Sampling temperature wherever a strategy says nothing else."
    )
    top_p: Annotated[float, Field(gt=0, le=1)] = Field(1.0, description="Nucleus sampling.")
    max_tokens: Positive = Field(1024, description="Most completion tokens of one call.")
    concurrency: Positive = Field(64, description="Most calls in flight at once.")
    min_concurrency: Positive = Field(
        1, description="What overload answers may shrink the concurrency to."
    )
    requests_per_minute: PositiveFloat | None = Field(None, description="Rate limit.")
    tokens_per_minute: PositiveFloat | None = Field(None, description="Rate limit.")
    price: PriceSettings = Field(default_factory=PriceSettings)
    parameters: PositiveFloat | None = Field(
        None, description="Number of parameters, for FLOPs; unknown if not set."
    )
    timeout: TimeoutSettings = Field(default_factory=TimeoutSettings)
    retries: RetrySettings = Field(default_factory=RetrySettings)
    prompts: str | None = Field(
        None,
        description="Prompt set: a shipped name or a YAML file; "
        "`general`, or `embedded` for the embedded models.",
    )
    extra_body: dict[str, Any] = Field(
        default_factory=dict, description="More fields of every request, as the endpoint wants."
    )

    @model_validator(mode="before")
    @classmethod
    def _named_by_file(cls, given: Any) -> Any:
        """A file names its model, where nothing else does."""
        if isinstance(given, dict) and isinstance(given.get("file"), str):
            if given.get("base_url") is not None:
                raise ValueError("give `file` or `base_url`, not both")
            return {"name": Path(given["file"]).stem, **given}
        return given
