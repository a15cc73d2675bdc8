"""Which field of a record is what: a record into a problem."""

from __future__ import annotations

import re
from collections.abc import Mapping as Fields
from dataclasses import dataclass
from typing import Any, cast, get_args

from its.problems.answering import (
    as_written,
    choices_of,
    chosen_by_marks,
    filled_first,
    flagged_choice,
    mixed_choices,
    named_choice,
    reference_names,
    reference_of,
    responses_of,
    whole,
)
from its.problems.asking import question_of, refuse_pictures, with_variables
from its.problems.choices import read_choices
from its.problems.field_names import FieldNames, Mapping
from its.problems.forms import Form, form_of
from its.problems.json_line import LineFault, type_name
from its.problems.names import find, is_filled, top_of
from its.problems.numbering import Named
from its.problems.problem import AnswerKind, Problem, Question
from its.problems.record import InputRecord
from its.problems.references import reference_value
from its.problems.row_verifier import read_verifier
from its.problems.verifiers_of_forms import Grading, grading_of

CODE_VERIFIERS = ("code_tests", "stdio")
KINDS: tuple[str, ...] = get_args(AnswerKind)
_OPTIONS = re.compile(r"\n\s*Options:\s*\n((?:\([A-Z]\) [^\n]*(?:\n|$))+)\s*$")


@dataclass(frozen=True, slots=True)
class Draft:
    """A problem whose reference may name a choice in a way that only the whole file shows."""

    problem: Problem
    mapping: Mapping
    named: Named | None = None


def read_record(record: InputRecord, index: int, names: FieldNames) -> Draft:
    """A record as a problem; its id is "" where the record has none. Raises LineFault."""
    fields = record.fields
    form = form_of(fields)
    if form is not None and form.variables:
        fields = with_variables(fields)
    identifier, id_field = _identifier(fields, form, names)
    try:
        return _draft(fields, form, identifier, id_field, index, names)
    except LineFault as fault:
        fault.identifier = identifier or None
        raise


def _draft(
    record: Fields[str, Any],
    form: Form | None,
    identifier: str,
    id_field: str | None,
    index: int,
    names: FieldNames,
) -> Draft:
    refuse_pictures(record, names)
    asked = question_of(record, form, names)
    grading = grading_of(form.verifier, record) if form and form.verifier else Grading()
    references = reference_names(form, names)
    choices = choices_of(record, form, names, (*asked.fields, *filled_first(record, references)))
    if choices.texts and not {"answers"} & {*choices.fields}:
        references = tuple(name for name in references if name not in choices.fields)
    found = reference_of(record, references, choices) or flagged_choice(record, choices)
    text, messages = asked.text + grading.addition, asked.messages
    if form is not None and form.lists_choices and (block := _OPTIONS.search(text)):
        choices = read_choices(asked.source, block[1].rstrip())
        text = text[: block.start()].rstrip()
    named, reference = None, reference_value(found[1]) if found else asked.reply
    if form is not None:
        reference = as_written(reference, form)
    if form is not None and form.wrong and found is not None:
        choices, reference = mixed_choices(record, form, found)
    elif choices.texts and found is not None:
        reference = chosen_by_marks(reference)
        named = named_choice(found[0], reference, choices, form, names)
        reference = None
    elif form is not None and form.values and found is not None and not form.responses:
        reference = form.values.get(str(whole(reference)).strip(), reference)
    if grading.reference is not None:
        reference = grading.reference
    verifier, verifier_fields = (
        (grading.verifier, grading.fields)
        if form and form.verifier
        else read_verifier({k: v for k, v in record.items() if k not in asked.fields})
    )
    kind, kind_field = _kind(record, form, bool(choices.texts))
    if kind == "auto" and verifier is not None and verifier.kind in CODE_VERIFIERS:
        kind = "code"
    used = {*asked.fields, *choices.fields, *verifier_fields, id_field, kind_field}
    used |= {top_of(found[0], record)} if found else set()
    metadata = {name: value for name, value in record.items() if name not in used}
    metadata |= responses_of(record, form)
    source = found[0] if found else asked.source if asked.reply is not None else None
    mapping = Mapping(
        asked.source,
        source or ("its tests" if grading.verifier else next(iter(grading.fields), None)),
        id_field,
        ", ".join(choices.fields) or ("its own text" if choices.texts else None),
        asked.context,
        form.name if form else None,
        form.says if form else "",
    )
    question = Question(text, messages, choices.texts, kind)
    return Draft(
        Problem(identifier, index, question, reference, metadata, verifier), mapping, named
    )


def _identifier(
    record: Fields[str, Any], form: Form | None, names: FieldNames
) -> tuple[str, str | None]:
    own = names.named.get("id")
    for path in (own,) if own else ("id", *(form.id if form else ())):
        found = find(record, path)
        if found is None:
            continue
        value = whole(found[1]) if path != "id" else found[1]
        if isinstance(value, str) and value.strip():
            return value, found[0]
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value), found[0]
        if is_filled(value) and (own or path == "id"):
            raise LineFault(
                f"field {found[0]!r} must be text or a whole number, not {type_name(value)}"
            )
    return "", None


def _kind(
    record: Fields[str, Any], form: Form | None, has_choices: bool
) -> tuple[AnswerKind, str | None]:
    """The kind of answer that is wanted. It comes from the question alone: a kind guessed from
    the reference would tell the model something about it."""
    if record.get("answer_kind") is not None:
        if record["answer_kind"] not in KINDS:
            raise LineFault(f"field 'answer_kind' must be one of {', '.join(KINDS)}")
        return cast(AnswerKind, record["answer_kind"]), "answer_kind"
    if isinstance(record.get("kind"), str) and record["kind"] in KINDS:
        return cast(AnswerKind, record["kind"]), "kind"
    if form is not None and form.kind is not None:
        return form.kind, None
    return "choice" if has_choices else "auto", None
