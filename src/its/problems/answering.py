"""What would be right: the choices of a record, its reference, and the responses to judge."""

from __future__ import annotations

from collections.abc import Mapping as Fields
from dataclasses import replace
from typing import Any

from its.problems.choices import (
    LETTERS,
    Choices,
    are_choices,
    columns_of_choices,
    flagged,
    mixed,
    read_choices,
)
from its.problems.field_names import CHOICE_FIELDS, FieldNames, without
from its.problems.forms import Form
from its.problems.names import actual_name, find, first_filled, is_filled, top_of
from its.problems.numbering import Named, name_choice


def choices_of(
    record: Fields[str, Any], form: Form | None, names: FieldNames, taken: tuple[str, ...]
) -> Choices:
    if path := names.named.get("choices"):
        found = find(record, path)
        return read_choices(*found) if found and is_filled(found[1]) else Choices()
    if form is not None and form.fixed:
        return Choices(form.fixed)
    if form is not None and len(form.choices) > 1:
        fields = tuple(name for p in form.choices if (name := actual_name(record, p)) is not None)
        texts = tuple(str(record[name]) for name in fields)
        return Choices(texts, LETTERS_OF.get(len(texts), ()), fields)
    paths = form.choices if form is not None and form.choices else CHOICE_FIELDS
    for path in paths:
        found = find(record, path)
        if found is None or not is_filled(found[1]):
            continue
        name, value = found
        certain = path == "choices" or bool(form and form.choices)
        if (name not in taken or certain) and (certain or are_choices(value)):
            choices = read_choices(name, value)
            return replace(choices, fields=(top_of(name, record),))
    if form is not None and form.choices:
        return Choices()
    return _answers_as_choices(record) or columns_of_choices(record, taken)


LETTERS_OF = {count: tuple(LETTERS[:count]) for count in (2, 3, 4)}


def _answers_as_choices(record: Fields[str, Any]) -> Choices | None:
    """A list `answers` beside a field that says which of them is right."""
    found = find(record, "answers")
    if found is None or not isinstance(found[1], list) or len(found[1]) < 2:
        return None
    says = first_filled(record, ("label", "correct", "correct_answer", "answer", "answer_index"))
    named = says is not None and not isinstance(says[1], list | dict)
    if not (named or flagged(found[1]) is not None) or not are_choices(found[1]):
        return None
    return read_choices(*found)


def reference_names(form: Form | None, names: FieldNames) -> tuple[str, ...]:
    if form is None or form.reference is None or "reference" in names.named:
        return names.reference if form is None or not form.responses else ()
    return without(form.reference, names.named.get("question"))


def reference_of(
    record: Fields[str, Any], paths: tuple[str, ...], choices: Choices
) -> tuple[str, Any] | None:
    for path in paths:
        found = first_filled(record, (path,))
        if found is None or (path == "correct" and isinstance(found[1], bool)):
            continue
        if choices.texts and found[0] in choices.fields:
            continue
        if choices.texts and str(found[1]).strip() == "-1":
            return None  # how test sets write that the label is kept back
        return found
    return None


def flagged_choice(record: Fields[str, Any], choices: Choices) -> tuple[str, Any] | None:
    """The right choice where the choices themselves say which it is."""
    for name in choices.fields[:1]:
        place = flagged(record.get(name))
        if place is not None:
            return name, choices.texts[place]
    return None


def as_written(reference: Any, form: Form) -> Any:
    """A reference as this form writes it: the first of a list, or several in one text."""
    if form.written == "first of a list" and isinstance(reference, list) and reference:
        return reference[0]
    if form.written == "apart by ;" and isinstance(reference, str) and ";" in reference:
        return [part.strip() for part in reference.split(";") if part.strip()]
    return reference


def named_choice(
    name: str, reference: Any, choices: Choices, form: Form | None, names: FieldNames
) -> Named | None:
    if reference is None:
        return None
    counted = form.counted if form is not None and "reference" not in names.named else None
    labels = () if counted is not None else choices.labels
    return name_choice(name, reference, choices.texts, labels, counted, choices.first)


def chosen_by_marks(reference: Any) -> Any:
    """The place of the one 1 in a list of 0s and 1s, one a choice."""
    if isinstance(reference, list) and reference.count(1) == 1 and {*map(str, reference)} <= {
        "0", "1"
    }:  # fmt: skip
        return reference.index(1)
    return reference


def mixed_choices(
    record: Fields[str, Any], form: Form, right: tuple[str, Any]
) -> tuple[Choices, str | None]:
    found = [each for path in form.wrong if (each := find(record, path)) is not None]
    wrong = tuple(str(value) for _, value in found if is_filled(value))
    texts, letter = mixed(str(right[1]), wrong)
    return Choices(texts, (), tuple(name for name, _ in found)), letter


def whole(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def responses_of(record: Fields[str, Any], form: Form | None) -> dict[str, Any]:
    """What `its judge` reads: the responses, and the number of the right one."""
    if form is None or not form.responses:
        return {}
    responses: list[Any] = []
    for path in form.responses:
        found = find(record, path)
        value = found[1] if found else None
        entries = value if isinstance(value, list) else [value]
        last = entries[-1] if entries else None
        responses += [last.get("content")] if isinstance(last, dict) else entries
    label = form.values.get("")
    if form.label is not None and (stated := find(record, form.label)):
        label = form.values.get(str(stated[1]).strip())
    return {"responses": responses, "label": label}


def filled_first(record: Fields[str, Any], paths: tuple[str, ...]) -> tuple[str, ...]:
    """The first filled reference field: what may not be read as choices."""
    found = first_filled(record, paths)
    return () if found is None else (top_of(found[0], record),)
