"""Which field of a line is what: an object into a Problem."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast, get_args

from its.problems.choices import are_choices, named_choice, read_choices
from its.problems.conversation import read_conversation
from its.problems.json_line import LineFault, exact, parse_object, type_name
from its.problems.problem import AnswerKind, Message, Problem, Question
from its.problems.row_verifier import read_verifier

QUESTION_FIELDS = ("question", "problem", "prompt", "input", "query", "messages")
REFERENCE_FIELDS = ("answer", "reference", "target", "expected", "solution")
CHOICE_FIELDS = ("choices", "options")
CODE_VERIFIERS = ("code_tests", "stdio")
KINDS: tuple[str, ...] = get_args(AnswerKind)


@dataclass(frozen=True, slots=True)
class Mapping:
    """Which field each part of a problem was read from; None where a line has none."""

    question: str
    reference: str | None
    id: str | None
    choices: str | None = None

    def __str__(self) -> str:
        parts = [f"question ← {self.question}"]
        if self.choices:
            parts.append(f"choices ← {self.choices}")
        parts.append(f"reference ← {self.reference}" if self.reference else "no reference")
        parts.append(f"id ← {self.id or 'line number'}")
        return ", ".join(parts)


@dataclass(frozen=True, slots=True)
class FieldNames:
    """Where to look for question and reference, in order: the first that holds something counts.

    A field named for one of the two is never read as the other, so that no reference is asked.
    """

    question: tuple[str, ...] = QUESTION_FIELDS
    reference: tuple[str, ...] = REFERENCE_FIELDS

    @staticmethod
    def given(question: str | None, reference: str | None) -> FieldNames:
        """The usual names, save where the user named a field."""
        return FieldNames(
            (question,) if question else _without(QUESTION_FIELDS, reference),
            (reference,) if reference else _without(REFERENCE_FIELDS, question),
        )


def read_problem(
    line: bytes, number: int, index: int, names: FieldNames
) -> tuple[Problem, Mapping]:
    """Read one line (its number counts from 1); raises LineFault."""
    record = parse_object(line)
    identifier, id_field = _identifier(line, record, number)
    try:
        return _problem(line, record, identifier, id_field, index, names)
    except LineFault as fault:
        fault.identifier = identifier
        raise


def _problem(
    line: bytes,
    record: dict[str, Any],
    identifier: str,
    id_field: str | None,
    index: int,
    names: FieldNames,
) -> tuple[Problem, Mapping]:
    question_field = _question_field(record, names.question)
    text, messages, reply = _asked(question_field, record[question_field])
    texts, labels, choice_field = _choices(record, (question_field, *names.reference))
    reference_field = _first_filled(record, names.reference)
    reference: Any = reply
    if reference_field:
        reference = exact(line, reference_field, record[reference_field])
        if texts:
            reference = named_choice(reference_field, reference, texts, labels)
    kind, kind_field = _kind(record, bool(texts))
    asked = {id_field, question_field, reference_field, choice_field, kind_field}
    verifier, verifier_fields = read_verifier(
        {key: value for key, value in record.items() if key not in asked}
    )
    if kind == "auto" and verifier is not None and verifier.kind in CODE_VERIFIERS:
        kind = "code"
    used = asked.union(verifier_fields)
    metadata = {key: value for key, value in record.items() if key not in used}
    question = Question(text, messages, texts, kind)
    problem = Problem(identifier, index, question, reference, metadata, verifier)
    source = reference_field or (question_field if reply is not None else None)
    return problem, Mapping(question_field, source, id_field, choice_field)


def _identifier(line: bytes, record: dict[str, Any], number: int) -> tuple[str, str | None]:
    value = exact(line, "id", record.get("id"))
    if isinstance(value, str) and value.strip():
        return value, "id"
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value), "id"
    if value is None or value == "":
        return f"line:{number}", None
    raise LineFault(f"field 'id' must be text or a whole number, not {type_name(value)}")


def _question_field(record: dict[str, Any], names: tuple[str, ...]) -> str:
    if field := _first_filled(record, names):
        return field
    had = f"its fields: {', '.join(list(record)[:8]) or 'none'}"
    if empty := [name for name in names if name in record]:
        raise LineFault(
            f"field {empty[0]!r} is empty ({had}); put the question there, or name the right field "
            "with --question-field"
        )
    raise LineFault(
        f"has no question (looked for {', '.join(names)}; {had}); "
        "name the right one with --question-field"
    )


def _asked(field: str, value: Any) -> tuple[str, tuple[Message, ...], str | None]:
    """The question's text, its conversation and the reply that came with it."""
    if isinstance(value, str):
        return value, (), None
    if isinstance(value, list):
        messages, reply = read_conversation(field, value)
        return messages[-1].content, messages, reply
    raise LineFault(f"field {field!r} must be text, not {type_name(value)}")


def _choices(
    record: dict[str, Any], taken: tuple[str, ...]
) -> tuple[tuple[str, ...], tuple[str, ...], str | None]:
    for field in CHOICE_FIELDS:
        value = record.get(field)
        if value and field not in taken and (field == "choices" or are_choices(value)):
            return (*read_choices(field, value), field)
    return (), (), None


def _kind(record: dict[str, Any], has_choices: bool) -> tuple[AnswerKind, str | None]:
    """The kind of answer that is wanted. It comes from the question alone: a kind guessed from
    the reference would tell the model something about it."""
    if record.get("answer_kind") is not None:
        if record["answer_kind"] not in KINDS:
            raise LineFault(f"field 'answer_kind' must be one of {', '.join(KINDS)}")
        return cast(AnswerKind, record["answer_kind"]), "answer_kind"
    if isinstance(record.get("kind"), str) and record["kind"] in KINDS:
        return cast(AnswerKind, record["kind"]), "kind"
    return "choice" if has_choices else "auto", None


def _first_filled(record: dict[str, Any], names: tuple[str, ...]) -> str | None:
    for name in names:
        value = record.get(name)
        if value is None or value == [] or (isinstance(value, str) and not value.strip()):
            continue
        return name
    return None


def _without(names: tuple[str, ...], name: str | None) -> tuple[str, ...]:
    return tuple(each for each in names if each != name)
