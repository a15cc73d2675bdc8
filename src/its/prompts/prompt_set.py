"""A named set of prompts, read from YAML.

A prompt set file holds `prompts` (name to text, or to a list of {role, content}), `styles`
(name to the sentence that asks for it), `scales` (name of a prompt that asks for a score to the
lowest and the highest one, where they are not 1 and 10) and `separator` (what stands between the
steps of the solutions that it asks for; a blank line unless given). `{name}` in a text is replaced
by the value of that name, and `{fenced:name}` by that value between two lines with a tag that the
value cannot hold. A literal brace needs no escape unless it surrounds a known name. Values are put
in once and never looked at again, so a brace in a model's output means nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

from its.errors import ConfigurationError
from its.problems.problem import Message, Question
from its.prompts.fencing import fenced_by_name
from its.yaml_text import parse_yaml, read_yaml_file

BLANK_LINE = "\n\n"
_FIELD = re.compile(r"\{(?:(fenced):)?([a-z_]+)\}")


@dataclass(frozen=True, slots=True)
class PromptSet:
    """Prompts and styles by name, and the scales of prompts that ask for a score."""

    name: str
    prompts: Mapping[str, tuple[Message, ...]]
    styles: Mapping[str, str]
    scales: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    separator: str = BLANK_LINE

    def render(self, prompt: str, question: Question, **values: str) -> tuple[Message, ...]:
        """The messages of one prompt for a question.

        Where the question came as a conversation, its earlier turns come first, as they were.
        Raises ConfigurationError for a prompt that this set does not have.
        """
        if prompt not in self.prompts:
            raise ConfigurationError(
                f"prompt set {self.name!r} has no prompt {prompt!r}; "
                f"it has {', '.join(sorted(self.prompts))}"
            )
        known = {"question": question_text(question), **values}
        rendered = tuple(
            Message(message.role, _fill(message.content, known)) for message in self.prompts[prompt]
        )
        return question.messages[:-1] + rendered

    def style(self, name: str) -> str:
        """The sentence that asks for a style; raises ConfigurationError for an unknown one."""
        if name not in self.styles:
            raise ConfigurationError(
                f"prompt set {self.name!r} has no style {name!r}; "
                f"it has {', '.join(sorted(self.styles))}"
            )
        return self.styles[name]

    def scale(self, prompt: str) -> tuple[float, float]:
        """The lowest and the highest score that a prompt asks for."""
        return self.scales.get(prompt, (1.0, 10.0))


def question_text(question: Question) -> str:
    """The question as a prompt shows it, with lettered choices below where it has any."""
    if not question.choices:
        return question.text
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    lines = [f"{letters[i]}) {choice}" for i, choice in enumerate(question.choices[:26])]
    return "\n".join([question.text, *lines])


def load_prompt_set(name_or_path: str, overrides: Mapping[str, Any] | None = None) -> PromptSet:
    """A shipped prompt set by name or a YAML file, with single prompts replaced by `overrides`.

    A file may say `extends: NAME` and hold only what differs. Raises ConfigurationError.
    """
    raw = _read(name_or_path)
    merged = _merge(raw, overrides or {})
    prompts = {name: _messages(name, body) for name, body in merged.get("prompts", {}).items()}
    scales = {name: _scale(name, ends) for name, ends in merged.get("scales", {}).items()}
    separator = merged["separator"]
    if not isinstance(separator, str) or not separator:
        raise ConfigurationError(f"prompt set {name_or_path!r}: `separator` must be a text")
    return PromptSet(name_or_path, prompts, merged.get("styles", {}), scales, separator)


def prompt_set_names() -> list[str]:
    """Names of the shipped prompt sets."""
    return sorted(
        entry.name.removesuffix(".yaml")
        for entry in files("its.prompts").iterdir()
        if entry.name.endswith(".yaml")
    )


def _read(name_or_path: str, seen: tuple[str, ...] = ()) -> dict[str, Any]:
    shipped = files("its.prompts").joinpath(f"{name_or_path}.yaml")
    if name_or_path in seen:
        raise ConfigurationError(
            f"prompt set {name_or_path!r} extends itself: {' → '.join((*seen, name_or_path))}"
        )
    try:
        text = (
            shipped.read_text("utf-8")
            if name_or_path in prompt_set_names()
            else read_yaml_file(name_or_path)
        )
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            f"cannot read prompt set {name_or_path!r}: {error}; "
            f"shipped ones are {', '.join(prompt_set_names())}"
        ) from error
    _, raw = parse_yaml(text, f"prompt set {name_or_path!r}")
    if not isinstance(raw, dict):
        raise ConfigurationError(f"prompt set {name_or_path!r} must be a mapping with `prompts`")
    if base := raw.pop("extends", None):
        return _merge(_read(str(base), (*seen, name_or_path)), raw)
    return raw


def _merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    for section in ("prompts", "styles", "scales"):
        if not all(isinstance(each.get(section, {}), Mapping) for each in (base, over)):
            raise ConfigurationError(f"`{section}` of a prompt set must be a mapping of names")
    sections = {
        section: {**base.get(section, {}), **over.get(section, {})}
        for section in ("prompts", "styles", "scales")
    }
    separator = over.get("separator", base.get("separator", BLANK_LINE))
    return {**sections, "separator": separator}


def _messages(name: str, body: Any) -> tuple[Message, ...]:
    if isinstance(body, str):
        return (Message("user", body.strip()),)
    try:
        return tuple(Message(turn["role"], str(turn["content"]).strip()) for turn in body)
    except (TypeError, KeyError) as error:
        raise ConfigurationError(
            f"prompt {name!r} must be a text, or a list of turns with `role` and `content`"
        ) from error


def _scale(name: str, ends: Any) -> tuple[float, float]:
    try:
        low, high = (float(end) for end in ends)
    except (TypeError, ValueError):
        low = high = 0.0
    if not low < high:
        raise ConfigurationError(f"scale {name!r} must be a list of the lowest and highest score")
    return low, high


def _fill(text: str, values: Mapping[str, str]) -> str:
    quoted = [name for fence, name in _FIELD.findall(text) if fence and name in values]
    blocks = fenced_by_name({name: values[name] for name in quoted})

    def value(match: re.Match[str]) -> str:
        return (blocks if match[1] else values).get(match[2], match[0])

    return _FIELD.sub(value, text)
