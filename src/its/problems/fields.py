"""Which field of a record is what: a record into a problem."""

from __future__ import annotations

import re
from collections.abc import Mapping as Fields
from dataclasses import dataclass, field, replace
from typing import Any, cast, get_args

from its.errors import InputError
from its.problems.choices import (
    LETTERS,
    Choices,
    are_choices,
    columns_of_choices,
    flagged,
    mixed,
    read_choices,
)
from its.problems.context import CONTEXT_FIELDS, context_of
from its.problems.conversation import read_conversation
from its.problems.forms import Form, form_of
from its.problems.json_line import LineFault, type_name
from its.problems.names import actual_name, find, first_filled, is_filled, plain, top_of
from its.problems.numbering import Named, name_choice
from its.problems.problem import AnswerKind, Message, Problem, Question
from its.problems.record import InputRecord
from its.problems.references import reference_value
from its.problems.row_verifier import read_verifier
from its.problems.template import fields_of, fill, is_template
from its.problems.verifiers_of_forms import Grading, grading_of
from its.suggestion import did_you_mean

QUESTION_FIELDS = ("question", "problem", "prompt", "input", "query", "messages")
MORE_QUESTION_FIELDS = (
    "question_text", "question_content", "problem_statement", "instruction", "conversations",
    "turns", "text", "user_query", "user_prompt", "user_input", "user_question", "query_text",
    "prompt_text", "input_text", "problem_text", "inputs", "stem",
)  # fmt: skip
REFERENCE_FIELDS = ("answer", "reference", "target", "expected", "solution")
MORE_REFERENCE_FIELDS = (
    "gold", "final_answer", "ground_truth", "correct_answer", "correct_answers", "best_answer",
    "answer_key", "answers", "expected_output", "expected_answer", "gold_answer", "gold_label",
    "correct_option", "correct", "label", "output", "completion", "response", "ideal",
    "references", "reference_answer", "reference_answers", "gold_answers", "gold_response",
    "expected_response", "correct_response", "correct_choice", "right_answer", "true_answer",
    "ground_truth_answer", "answer_text", "answer_index", "answer_idx", "correct_index",
    "correct_idx", "correct_answer_index", "label_index", "label_idx", "gold_index",
)  # fmt: skip
CHOICE_FIELDS = ("choices", "options", "alternatives")
SYSTEM_FIELDS = ("system_prompt", "system")
CODE_VERIFIERS = ("code_tests", "stdio")
KINDS: tuple[str, ...] = get_args(AnswerKind)
MAPPED = ("question", "context", "choices", "reference", "id")

_PICTURE = re.compile(r"(?:image|img|picture|photo|audio|video)s?(?:url|path|bytes|base64|[0-9])?")
"""Fields that hold what a text cannot, as `plain` writes their names."""

_OPTIONS = re.compile(r"\n\s*Options:\s*\n((?:\([A-Z]\) [^\n]*(?:\n|$))+)\s*$")


@dataclass(frozen=True, slots=True)
class Mapping:
    """Which field each part of a problem was read from; None where a record has none. `form` is
    the known form that it was read as."""

    question: str
    reference: str | None
    id: str | None
    choices: str | None = None
    context: str | None = None
    form: str | None = None
    says: str = ""

    def __str__(self) -> str:
        parts = [f"question ← {self.question}"]
        if self.context:
            parts.append(f"context ← {self.context}")
        if self.choices:
            parts.append(f"choices ← {self.choices}")
        parts.append(f"reference ← {self.reference}" if self.reference else "no reference")
        parts.append(f"id ← {self.id or 'line number'}")
        listed = ", ".join(parts) + (f"; {self.says}" if self.says else "")
        return f"as {self.form}: {listed}" if self.form else listed


@dataclass(frozen=True, slots=True)
class FieldNames:
    """Where to look for the parts of a problem: the first field that holds something counts.

    A field named for question or reference is never read as the other, so that no reference is
    asked. What was `named` by the user goes before any known form.
    """

    question: tuple[str, ...] = QUESTION_FIELDS + MORE_QUESTION_FIELDS
    reference: tuple[str, ...] = REFERENCE_FIELDS + MORE_REFERENCE_FIELDS
    named: Fields[str, str] = field(default_factory=dict)
    template: str | None = None

    @staticmethod
    def given(
        question: str | None,
        reference: str | None,
        fields: Fields[str, str] | None = None,
        template: str | None = None,
    ) -> FieldNames:
        """The usual names, except where the user named a field. Raises InputError."""
        named = {("reference" if part == "answer" else part): path
                 for part, path in (fields or {}).items()}  # fmt: skip
        if unknown := [part for part in named if part not in MAPPED]:
            raise InputError(
                f"--map names the part {unknown[0]!r}; {did_you_mean(unknown[0], MAPPED)}the "
                f"parts are {', '.join(MAPPED)}: "
                "--map question=FIELD"
            )
        if question:
            named["question"] = question
        if reference:
            named["reference"] = reference
        question, reference = named.get("question"), named.get("reference")
        if template is not None and not is_template(template):
            raise InputError(
                f"the template {template!r} names no field; write it like "
                '"{passage}\\n\\n{question}"'
            )
        asked = [question] if question else []
        asked += fields_of(template) if template else []
        if reference and plain(reference) in map(plain, asked):
            raise InputError(
                f"question and reference are both field {reference!r}, which would show the model "
                "its reference (--question-field and --answer-field both name "
                f"{reference!r}, or --map or --template do); name two fields"
            )
        return FieldNames(
            (question,) if question else _without(FieldNames().question, reference),
            (reference,) if reference else _without(FieldNames().reference, question),
            named,
            template,
        )


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
    if form is not None and form.name == "promptfoo":
        fields = _with_variables(fields)
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
    _refuse_pictures(record, names)
    asked = _question(record, form, names)
    grading = grading_of(form.verifier, record) if form and form.verifier else Grading()
    references = _reference_names(form, names)
    choices = _choices(record, form, names, (*asked.fields, *_tops(record, references)))
    if choices.texts and not {"answers"} & {*choices.fields}:
        references = tuple(name for name in references if name not in choices.fields)
    found = _reference(record, references, choices) or _flagged(record, choices)
    text, messages = asked.text + grading.addition, asked.messages
    if form is not None and form.name == "BIG-Bench Hard" and (block := _OPTIONS.search(text)):
        choices = read_choices(asked.source, block[1].rstrip())
        text = text[: block.start()].rstrip()
    named, reference = None, reference_value(found[1]) if found else asked.reply
    if form is not None and form.name in _SHAPED:
        reference = _SHAPED[form.name](reference)
    if form is not None and form.wrong and found is not None:
        choices, reference = _mixed(record, form, found)
    elif choices.texts and found is not None:
        reference = _chosen_by_marks(reference)
        named = _named(found[0], reference, choices, form, names)
        reference = None
    elif form is not None and form.values and found is not None and not form.responses:
        reference = form.values.get(str(_whole(reference)).strip(), reference)
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
    metadata |= _responses(record, form)
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


# --- the question -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Asked:
    """The question, the fields that it was read from, and the reply that came with it."""

    text: str
    source: str
    fields: tuple[str, ...]
    messages: tuple[Message, ...] = ()
    reply: str | None = None
    context: str | None = None


def _question(record: Fields[str, Any], form: Form | None, names: FieldNames) -> Asked:
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


def _refuse_pictures(record: Fields[str, Any], names: FieldNames) -> None:
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


# --- choices and reference ----------------------------------------------------------------------


def _choices(
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


def _reference_names(form: Form | None, names: FieldNames) -> tuple[str, ...]:
    if form is None or form.reference is None or "reference" in names.named:
        return names.reference if form is None or not form.responses else ()
    return _without(form.reference, names.named.get("question"))


def _reference(
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


def _flagged(record: Fields[str, Any], choices: Choices) -> tuple[str, Any] | None:
    """The right choice where the choices themselves say which it is."""
    for name in choices.fields[:1]:
        place = flagged(record.get(name))
        if place is not None:
            return name, choices.texts[place]
    return None


def _first_turn(reference: Any) -> Any:
    return reference[0] if isinstance(reference, list) and reference else reference


def _listed(reference: Any) -> Any:
    """TruthfulQA's table writes its right answers as one text."""
    if isinstance(reference, str) and ";" in reference:
        return [part.strip() for part in reference.split(";") if part.strip()]
    return reference


_SHAPED = {"MT-Bench": _first_turn, "TruthfulQA": _listed}


def _named(
    name: str, reference: Any, choices: Choices, form: Form | None, names: FieldNames
) -> Named | None:
    if reference is None:
        return None
    counted = form.counted if form is not None and "reference" not in names.named else None
    labels = () if counted is not None else choices.labels
    return name_choice(name, reference, choices.texts, labels, counted, choices.first)


def _chosen_by_marks(reference: Any) -> Any:
    """The place of the one 1 in a list of 0s and 1s, one a choice."""
    if isinstance(reference, list) and reference.count(1) == 1 and {*map(str, reference)} <= {
        "0", "1"
    }:  # fmt: skip
        return reference.index(1)
    return reference


def _mixed(
    record: Fields[str, Any], form: Form, right: tuple[str, Any]
) -> tuple[Choices, str | None]:
    found = [each for path in form.wrong if (each := find(record, path)) is not None]
    wrong = tuple(str(value) for _, value in found if is_filled(value))
    texts, letter = mixed(str(right[1]), wrong)
    return Choices(texts, (), tuple(name for name, _ in found)), letter


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _responses(record: Fields[str, Any], form: Form | None) -> dict[str, Any]:
    """What `its judge` reads: the responses, and the number of the right one."""
    if form is None or not form.responses:
        return {}
    responses: list[Any] = []
    for path in form.responses:
        found = find(record, path)
        value = found[1] if found else None
        entries = value if isinstance(value, list) and form.name == "RewardBench" else [value]
        last = entries[-1] if entries else None
        responses += [last.get("content")] if isinstance(last, dict) else entries
    label = form.values.get("")
    if form.label is not None and (stated := find(record, form.label)):
        label = form.values.get(str(stated[1]).strip())
    return {"responses": responses, "label": label}


# --- the rest -----------------------------------------------------------------------------------


def _identifier(
    record: Fields[str, Any], form: Form | None, names: FieldNames
) -> tuple[str, str | None]:
    own = names.named.get("id")
    for path in (own,) if own else ("id", *(form.id if form else ())):
        found = find(record, path)
        if found is None:
            continue
        value = _whole(found[1]) if path != "id" else found[1]
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


def _with_variables(record: Fields[str, Any]) -> dict[str, Any]:
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


def _tops(record: Fields[str, Any], paths: tuple[str, ...]) -> tuple[str, ...]:
    """The first filled reference field: what may not be read as choices."""
    found = first_filled(record, paths)
    return () if found is None else (top_of(found[0], record),)


def _without(names: tuple[str, ...], name: str | None) -> tuple[str, ...]:
    return tuple(each for each in names if name is None or plain(each) != plain(name))
