"""Under which names the parts of a problem are looked for, and where they were found."""

from __future__ import annotations

from collections.abc import Mapping as Fields
from dataclasses import dataclass, field

from its.errors import InputError
from its.problems.names import plain
from its.problems.template import fields_of, is_template
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
MAPPED = ("question", "context", "choices", "reference", "id")


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
            (question,) if question else without(FieldNames().question, reference),
            (reference,) if reference else without(FieldNames().reference, question),
            named,
            template,
        )


def without(names: tuple[str, ...], name: str | None) -> tuple[str, ...]:
    return tuple(each for each in names if name is None or plain(each) != plain(name))
