"""A named set of prompts, read from YAML.

A prompt set file holds `prompts` (name to text, or to a list of {role, content}), `styles` (name
to the sentence that asks for it), `plain` (the sentence where no style is asked for), `forms` (how
the answer is to be written, by task: number, choice, code, text), `scales` (name of a prompt that
asks for a score to the lowest and the highest one, where they are not 1 and 10) and `separator`
(what stands between the steps of the solutions that it asks for; a blank line unless given).
`{name}` in a text is replaced by the value of that name, and `{fenced:name}` by that value between
two lines with a tag that the value cannot hold; `{form}` is the form of the question's task. A
literal brace needs no escape unless it surrounds a known name. Values are put in once and never
looked at again, so a brace in a model's output means nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

from its.errors import ConfigurationError
from its.problems.problem import Message, Question
from its.prompts.fencing import fenced_by_name
from its.prompts.tasks import TASKS, task_of
from its.suggestion import did_you_mean
from its.yaml_text import parse_yaml, read_yaml_file

BLANK_LINE = "\n\n"
SAMPLE = "attempt"
"""The prompt of every independent sample."""
WITHOUT_QUESTION = frozenset(
    {
        "solution",
        "wait",
        "force_answer",
        "judge_response",
        "grm_rubric",
        "grm_repair",
    }
)
"""Prompts that are a part of another one or go on in a conversation."""
_SECTIONS = ("prompts", "styles", "scales", "forms")
_KEYS = frozenset({*_SECTIONS, "separator", "plain", "extends"})
_FIELD = re.compile(r"\{(?:(fenced):)?([a-z_]+)\}")


@dataclass(frozen=True, slots=True)
class PromptSet:
    """Prompts and styles by name, and the scales of prompts that ask for a score.

    `system` and `examples` (questions with the replies wanted) are the user's own: the system turn
    opens every conversation about a question that has none, the examples go before every sample.
    """

    name: str
    prompts: Mapping[str, tuple[Message, ...]]
    styles: Mapping[str, str]
    scales: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    separator: str = BLANK_LINE
    plain: str = ""
    forms: Mapping[str, str] = field(default_factory=dict)
    system: str = ""
    examples: tuple[tuple[str, str], ...] = ()

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
        form = self.forms.get(task_of(question), "")
        known = {"question": question_text(question), "form": form, **values}
        if known.get("style") == "":
            known["style"] = self.plain
        earlier = question.messages[:-1]
        if question.text and (self.system or self.examples):
            earlier = self._opening(prompt, earlier, known)
        return earlier + self._filled(prompt, known)

    def _filled(self, prompt: str, known: Mapping[str, str]) -> tuple[Message, ...]:
        return tuple(
            Message(turn.role, _fill(turn.content, known)) for turn in self.prompts[prompt]
        )

    def _opening(
        self, prompt: str, earlier: tuple[Message, ...], known: Mapping[str, str]
    ) -> tuple[Message, ...]:
        """Earlier turns with the system turn and the examples before them; an example is asked in
        the very form of the question."""
        turns = [*self.prompts[prompt], *earlier]
        own = self.system and not any(turn.role == "system" for turn in turns)
        system = (Message("system", self.system),) if own else earlier[:1]
        if not own and not (earlier and earlier[0].role == "system"):
            system = ()
        examples: tuple[Message, ...] = ()
        if prompt == SAMPLE:
            for question, reply in self.examples:
                asked = self._filled(prompt, {**known, "question": question})
                examples += (*asked, Message("assistant", reply))
        return system + examples + (earlier if own else earlier[len(system) :])

    def identity(self) -> dict[str, Any]:
        """All of it that can change a result, as plain data."""
        told: dict[str, Any] = {
            "prompts": {
                name: [[turn.role, turn.content] for turn in turns]
                for name, turns in sorted(self.prompts.items())
            },
            "styles": dict(sorted(self.styles.items())),
            "separator": self.separator,
            "scales": dict(sorted(self.scales.items())),
        }
        more = {
            "plain": self.plain,
            "forms": dict(sorted(self.forms.items())),
            "system": self.system,
            "examples": [list(example) for example in self.examples],
        }
        return told | {name: value for name, value in more.items() if value}

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
    prompts = {name: _messages(name, body) for name, body in merged["prompts"].items()}
    _check_questions(name_or_path, prompts)
    scales = {name: _scale(name, ends) for name, ends in merged["scales"].items()}
    for name in ("separator", "plain"):
        if not isinstance(merged[name], str) or not (merged[name] or name == "plain"):
            raise ConfigurationError(f"prompt set {name_or_path!r}: `{name}` must be a text")
    forms = {name: _sentence("form", name, text) for name, text in merged["forms"].items()}
    if unknown := set(forms) - set(TASKS):
        raise ConfigurationError(
            f"prompt set {name_or_path!r}: there is no form {min(unknown)!r}; "
            f"the forms are {', '.join(TASKS)}"
        )
    return PromptSet(
        name_or_path,
        prompts,
        {name: _sentence("style", name, text) for name, text in merged["styles"].items()},
        scales,
        merged["separator"],
        merged["plain"],
        forms,
    )


def unknown_overrides(overrides: Iterable[str], sets: Iterable[PromptSet]) -> list[str]:
    """A sentence for each override that replaces no prompt of any of the sets."""
    names = sorted({name for chosen in sets for name in chosen.prompts})
    sentences = []
    for name in overrides:
        if name not in names:
            hint = did_you_mean(name, names)
            sentences.append(f"there is no prompt {name!r}; {hint}it can be {', '.join(names)}")
    return sentences


def prompt_set_names() -> list[str]:
    """Names of the shipped prompt sets."""
    return sorted(
        entry.name.removesuffix(".yaml")
        for entry in files("its.prompts").iterdir()
        if entry.name.endswith(".yaml")
    )


def _read(name_or_path: str, extending: tuple[str, ...] = ()) -> dict[str, Any]:
    shipped = files("its.prompts").joinpath(f"{name_or_path}.yaml")
    if name_or_path in extending:
        raise ConfigurationError(
            f"prompt set {name_or_path!r} extends itself: "
            f"{' → '.join((*extending, name_or_path))}; have one of them extend `general`"
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
    if unknown := sorted(map(str, set(raw) - _KEYS)):
        raise ConfigurationError(
            f"prompt set {name_or_path!r}: there is no key {unknown[0]!r}; "
            f"it can be {', '.join(sorted(_KEYS))}"
        )
    if base := raw.pop("extends", None):
        return _merge(_read(str(base), (*extending, name_or_path)), raw)
    return _merge({}, raw)


def _merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    for section in _SECTIONS:
        if not isinstance(over.get(section) or {}, dict):
            raise ConfigurationError(f"`{section}` of a prompt set must be a mapping of names")
    sections = {
        section: {**(base.get(section) or {}), **(over.get(section) or {})} for section in _SECTIONS
    }
    texts = {"separator": BLANK_LINE, "plain": ""}
    return sections | {
        name: over.get(name, base.get(name, otherwise)) for name, otherwise in texts.items()
    }


def _check_questions(set_name: str, prompts: Mapping[str, tuple[Message, ...]]) -> None:
    """A prompt that asks about the question must hold it."""
    for name, turns in prompts.items():
        if name in WITHOUT_QUESTION or any("{question}" in turn.content for turn in turns):
            continue
        raise ConfigurationError(
            f"prompt {name!r} of {set_name!r} lacks {{question}}: put it where the question belongs"
        )


def _sentence(what: str, name: str, text: Any) -> str:
    if not isinstance(text, str):
        raise ConfigurationError(f"{what} {name!r} must be a text")
    return text.strip() if what == "form" else text


def _messages(name: str, body: Any) -> tuple[Message, ...]:
    if isinstance(body, str):
        return (Message("user", body.strip()),)
    try:
        turns = tuple(Message(turn["role"], str(turn["content"]).strip()) for turn in body)
        if not turns or any(turn.role not in ("system", "user", "assistant") for turn in turns):
            raise KeyError("role")
        return turns
    except (TypeError, KeyError) as error:
        raise ConfigurationError(
            f"prompt {name!r} must be a text, or a list of turns with `role` (system, user or "
            "assistant) and `content`"
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
