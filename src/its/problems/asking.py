"""What a record asks: its question, the passage above it, a conversation, the reply in it."""

from __future__ import annotations

import re
from collections.abc import Mapping as Fields
from dataclasses import dataclass, replace
from typing import Any

from its.problems.context import CONTEXT_FIELDS, context_of
from its.problems.conversation import read_conversation
from its.problems.field_names import QUESTION_FIELDS, SYSTEM_FIELDS, FieldNames
from its.problems.forms import Form
from its.problems.json_line import LineFault, type_name
from its.problems.names import find, first_filled, is_filled, plain, top_of
from its.problems.problem import Message
from its.problems.template import fill, is_template

_PICTURE = re.compile(r"(?:image|img|picture|photo|audio|video)s?(?:url|path|bytes|base64|[0-9])?")
"""Fields that hold what a text cannot, as `plain` writes their names."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The question, the fields that it was read from, and the reply that came with it."""

    text: str
    source: str
    fields: tuple[str, ...]
    messages: tuple[Message, ...] = ()
    reply: str | None = None
    context: str | None = None


def question_of(record: Fields[str, Any], form: Form | None, names: FieldNames) -> Asked:
    if names.template is not None:
        text, used = fill(names.template, record, strict=True)
        if not text.strip():
            raise LineFault("all fields of --template are empty; put the question there")
        return Asked(text, ", ".join(used), used)
    source = None if "question" in names.named or form is None else form.question
    if source is not None and is_template(source):
        text, used = fill(source, record, strict=False)
        if text.strip():
            return Asked(text.strip(), ", ".join(used), used)
    candidates = names.question if source is None or is_template(source) else (source,)
    found = first_filled(record, candidates)
    if found is None:
        raise LineFault(_no_question(record, names.question))
    asked = _asked(found[0], found[1], record)
    system = first_filled(record, SYSTEM_FIELDS)
    if system is not None and isinstance(system[1], str) and not asked.messages:
        turns = (Message("system", system[1]), Message("user", asked.text))
        asked = replace(asked, messages=turns, fields=(*asked.fields, system[0]))
    return _with_context(asked, record, form, names)


def _asked(path: str, value: Any, record: Fields[str, Any]) -> Asked:
    used = (top_of(path, record),)
    if isinstance(value, str):
        return Asked(value, path, used)
    if isinstance(value, list):
        messages, reply = read_conversation(path, value)
        single = len(messages) == 1 and all(isinstance(turn, str) for turn in value)
        return Asked(messages[-1].content, path, used, () if single else messages, reply)
    raise LineFault(f"field {path!r} must be text, not {type_name(value)}")


def _with_context(
    asked: Asked, record: Fields[str, Any], form: Form | None, names: FieldNames
) -> Asked:
    """The passage above the question; a question that is a conversation holds its own."""
    named = names.named.get("context")
    paths = (named,) if named else form.context if form and form.context else CONTEXT_FIELDS
    found = first_filled(record, paths)
    if found is None or top_of(found[0], record) in asked.fields:
        return asked
    if plain(found[0]) in map(plain, names.named.values()) and not named:
        return asked
    context = context_of(found[1])
    if context is None:
        return asked
    text = f"{context}\n\n{asked.text}"
    messages = tuple(
        Message("user", text) if i == len(asked.messages) - 1 else message
        for i, message in enumerate(asked.messages)
    )
    fields = (*asked.fields, top_of(found[0], record))
    return replace(asked, text=text, messages=messages, fields=fields, context=found[0])


def _no_question(record: Fields[str, Any], names: tuple[str, ...]) -> str:
    had = f"its fields: {', '.join(list(record)[:8]) or 'none'}"
    if empty := [found[0] for name in names if (found := find(record, name)) is not None]:
        return (
            f"field {empty[0]!r} is empty ({had}); put the question there, or name the right field "
            "with --question-field"
        )
    looked = ", ".join(names[: len(QUESTION_FIELDS)]) + (", …" if len(names) > 6 else "")
    return f"has no question (looked for {looked}; {had}); name the right one with --question-field"


def refuse_pictures(record: Fields[str, Any], names: FieldNames) -> None:
    """A question about a picture is none without it; who names the question may ask it so."""
    if names.template is not None or "question" in names.named:
        return
    for name, value in record.items():
        holds = isinstance(value, str | list | dict) and is_filled(value) and value != [None]
        if holds and _PICTURE.fullmatch(plain(name)):
            raise LineFault(
                f"needs its field {name!r}, and only text can be asked; to ask without it, "
                "name the question: --map question=FIELD"
            )


def with_variables(record: Fields[str, Any]) -> dict[str, Any]:
    """A promptfoo test with its variables as fields, and its prompt filled in."""
    variables = record.get("vars")
    if not isinstance(variables, dict):
        return dict(record)
    rest = {name: value for name, value in record.items() if name != "vars"}
    prompt = rest.pop("prompt", None)
    if isinstance(prompt, str):
        filled = re.sub(r"\{\{\s*([\w.]+)\s*\}\}", r"{\1}", prompt)
        return {**variables, **rest, "question": fill(filled, variables, strict=False)[0]}
    texts = [name for name, value in variables.items() if isinstance(value, str)]
    if len(texts) == 1 and not first_filled(variables, FieldNames().question):
        return {**rest, "question": variables[texts[0]]}
    return {**variables, **rest}
