"""What `its check` shows: the resolved pipeline, its prompts, and what each endpoint can do.

Off a terminal all of it is one YAML document: the pipeline, and the rest as comments.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml
from pydantic import BaseModel
from rich.text import Text

from its.models.protocol import Capabilities
from its.pipeline.config import Pipeline
from its.prompts import PromptSet
from its.redaction import redact
from its.usage import Usage
from its.views import figures
from its.views.excerpt import one_line

DEFAULT = "  # default"
LABEL = 20


@dataclass(frozen=True, slots=True)
class Line:
    """A line of YAML; `default` where neither the file nor an option said so."""

    text: str
    default: bool = False

    def drawn(self) -> Text:
        return Text(self.text + DEFAULT, "dim") if self.default else Text(self.text)


def pipeline_lines(pipeline: Pipeline) -> list[Line]:
    """The pipeline with every key, fit to be saved as a file of one's own; secrets are redacted."""
    return list(_section(pipeline, ""))


def prompt_lines(pipeline: Pipeline, prompts: Mapping[str, PromptSet]) -> Iterator[str]:
    """Which prompt set each model is asked with, and what the pipeline changes of it."""
    for role, chosen in prompts.items():
        yield (
            f"{role:<{LABEL}}{chosen.name}: {figures.plural(len(chosen.prompts), 'prompt')}, "
            f"{figures.plural(len(chosen.styles), 'style')}"
        )
    changed = [*pipeline.prompts.overrides, *pipeline.prompts.styles]
    if changed:
        yield f"{'changed here':<{LABEL}}{', '.join(changed)}"


def endpoint_lines(found: Capabilities, usage: Usage, *, writes: bool = True) -> Iterator[str]:
    """What an endpoint can do, and how it will therefore be used; of one that only scores (`writes`
    is False) its notes."""
    for label, said in _abilities(found).items() if writes else ():
        yield f"{label:<{LABEL}}{said}"
    for note in found.notes:
        yield f"{'note':<{LABEL}}{one_line(note)}"
    if usage.calls:
        calls, tokens = figures.plural(usage.calls, "call"), figures.count(usage.tokens)
        yield f"{'asking cost':<{LABEL}}{calls}, {tokens} tokens"


def _abilities(found: Capabilities) -> dict[str, str]:
    shared = found.n and found.usage == "summed"
    return {
        "answers in a call": "many: samples of one question share a call"
        if shared
        else "many, but without a common token count: one call per answer"
        if found.n
        else "one: one call per answer",
        "token counts": {
            "summed": "reported",
            "one_choice": "reported for one answer of a call only: one call per answer",
            "absent": "not reported: estimated, and marked so",
        }[found.usage],
        "partial answers": {
            "trailing": "continued, after a last assistant turn",
            "flag": "continued, with continue_final_message",
            "raw": "continued, by raw completions",
            "no": "not continued: strategies that search step by step cannot run here",
        }[found.continues]
        + (" (the beginning comes back, and is cut off)" if found.echoes_prefix else ""),
        "log-probabilities": "offered"
        if found.logprobs
        else "not offered: rewards that need them abstain",
        "JSON schema": "kept" if found.json_schema else "not kept: replies are read as text",
        "stop strings": ("cut off" if found.trims_stop else "left in, and cut off here")
        + (", and named" if found.names_stop else ""),
        "streaming": "the only way"
        if found.only_streams
        else "yes: a cancelled call stops there"
        if found.streams
        else "no",
        "token limit": f"sent as {found.limit_name}"
        + (f", at least {found.least_tokens}" if found.least_tokens > 1 else ""),
        "left out": ", ".join(found.refuses) or "nothing",
        "temperature": "fixed"
        + ("" if found.temperature is None else f" at {found.temperature:g}")
        + " by the endpoint"
        if "temperature" in found.refuses
        else "as asked for"
        if not found.least_temperature
        else f"as asked for, from {found.least_temperature:g}",
        "thinking": "before the answer, counted" if found.thinks else "none seen",
        "ends of replies": "reported: one without is not trusted"
        if found.finishes
        else "not reported",
        "context": "unknown" if found.context is None else f"{found.context:,} tokens",
    }


# --- the pipeline as YAML -----------------------------------------------------------------------


def _section(section: BaseModel, indent: str) -> Iterator[Line]:
    given = section.model_fields_set
    for name in type(section).model_fields:
        value = getattr(section, name)
        yield from _entry(f"{indent}{name}:", name, value, indent + "  ", name in given)


def _entry(head: str, name: str, value: Any, indent: str, given: bool) -> Iterator[Line]:
    """One key: a block where something in it was given, else a single line."""
    if isinstance(value, BaseModel) and given and _given(value):
        yield Line(head)
        yield from _section(value, indent)
    elif isinstance(value, Mapping) and any(isinstance(v, BaseModel) for v in value.values()):
        yield Line(head)
        for key, inner in value.items():
            yield from _entry(f"{indent}{key}:", key, inner, indent + "  ", given)
    elif isinstance(value, tuple) and any(isinstance(item, BaseModel) for item in value):
        yield Line(head)
        for item in value:
            first, *rest = _section(item, indent + "  ")
            yield Line(f"{indent}- {first.text.lstrip()}", first.default)
            yield from rest
    else:
        yield Line(f"{head} {_flow(redact(_plain(value), name))}", not given)


def _given(section: BaseModel) -> bool:
    return bool(section.model_fields_set)


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    return list(value) if isinstance(value, tuple) else value


def _flow(value: Any) -> str:
    written: str = yaml.safe_dump(
        value, default_flow_style=True, allow_unicode=True, sort_keys=False, width=10_000
    )
    return written.removesuffix("\n").removesuffix("\n...")
