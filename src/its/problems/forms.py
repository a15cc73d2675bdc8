"""The public forms of problem files that are known, as a table: which fields, and what they mean.

A form is recognised by the set of its fields, never by the name of a file; of several that fit,
the one with the most fields counts. What a form leaves open is found by the usual names.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal

from its.problems.names import find, is_filled, plain
from its.problems.problem import AnswerKind

LABELS_01 = {"0": "no", "1": "yes"}
ENTAILMENT = ("entailment", "neutral", "contradiction")


@dataclass(frozen=True, slots=True)
class Form:
    """`needs` are fields (or paths) that must be there, `lacks` those that must not; `holds` is a
    field and a pattern that its text must match.

    `question` is a field or a template (None: the usual names), `context` stands above it;
    `choices` is one field that holds them all, or one a choice; `fixed` choices are the same in
    every row; `wrong` are fields of wrong choices beside the reference. `reference` is the first
    of these that is filled; `counted` says how it names a choice: from 0, from 1, or None for a
    letter or label. `values` replaces references. `responses` and `label` are for `its judge`.
    `verifier` names a way to grade (see `verifiers_of_forms`). `variables`: the question's fields
    are in `vars`; `lists_choices`: the question may end in a list of them; `written`: how the
    reference is written. `says` is shown to the user.
    """

    name: str
    needs: tuple[str, ...]
    question: str | None = None
    context: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    fixed: tuple[str, ...] = ()
    wrong: tuple[str, ...] = ()
    reference: tuple[str, ...] | None = None
    counted: int | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    id: tuple[str, ...] = ("id",)
    kind: AnswerKind | None = None
    responses: tuple[str, ...] = ()
    label: str | None = None
    verifier: str | None = None
    lacks: tuple[str, ...] = ()
    holds: tuple[str, str] | None = None
    variables: bool = False
    lists_choices: bool = False
    written: Literal["", "first of a list", "apart by ;"] = ""
    says: str = ""


def form_of(record: Mapping[str, Any]) -> Form | None:
    """The form whose fields a record has."""
    for form in _possible(tuple(record)):
        if all(find(record, path) is not None for path in form.needs) and _holds(form, record):
            return form
    return None


def known_names() -> frozenset[str]:
    """Every top field that a form names, as `plain` writes names."""
    return frozenset(plain(path.split(".")[0]) for form in FORMS for path in form.needs)


@lru_cache(1024)
def _possible(names: tuple[str, ...]) -> tuple[Form, ...]:
    here = {plain(name) for name in names}
    fitting = [
        form
        for form in FORMS
        if all(plain(p) in here or plain(p.split(".")[0]) in here for p in form.needs)
        and not any(plain(name) in here for name in form.lacks)
    ]
    return tuple(sorted(fitting, key=lambda form: -len(form.needs)))


def _holds(form: Form, record: Mapping[str, Any]) -> bool:
    if form.holds is None:
        return True
    found = find(record, form.holds[0])
    return found is not None and is_filled(found[1]) and bool(
        re.search(form.holds[1], str(found[1])[:100_000])
    )  # fmt: skip


FORMS: tuple[Form, ...] = (
    # --- programs
    Form("HumanEval", ("prompt", "test", "entry_point"), "prompt", kind="code",
         reference=(), id=("task_id",), verifier="check_function", says="graded by its tests"),
    Form("MBPP", ("text", "code", "test_list"), "text", kind="code", reference=(),
         id=("task_id",), verifier="assertions", says="graded by its tests"),
    Form("MBPP", ("prompt", "code", "test_list"), "prompt", kind="code", reference=(),
         id=("task_id",), verifier="assertions", says="graded by its tests"),
    Form("APPS", ("question", "input_output"), "{question}\n\n{starter_code}", kind="code",
         reference=(), id=("problem_id", "id"), verifier="input_output",
         says="graded by its tests"),
    Form("LiveCodeBench", ("question_content", "public_test_cases"),
         "{question_content}\n\n{starter_code}", kind="code", reference=(), id=("question_id",),
         verifier="test_cases", says="graded by its public tests"),
    Form("BigCodeBench", ("instruct_prompt", "test", "entry_point"), "instruct_prompt",
         kind="code", reference=(), id=("task_id",), says="its test suite is not run"),
    # --- mathematics
    Form("GSM8K", ("question", "answer"), "question", reference=("answer",),
         holds=("answer", r"####\s*\S+\s*$"), lacks=("choices", "options")),
    Form("MATH", ("problem", "solution", "level"), "problem", reference=("answer", "solution"),
         id=("unique_id", "id")),
    Form("SVAMP", ("Body", "Question", "Answer"), "{Body} {Question}", reference=("Answer",),
         id=("ID",)),
    Form("MathQA", ("Problem", "options", "correct"), "Problem", choices=("options",),
         reference=("correct",)),
    Form("AQuA", ("question", "options", "correct"), "question", choices=("options",),
         reference=("correct",)),
    # --- choices
    Form("MMLU", ("question", "choices", "answer", "subject"), "question", choices=("choices",),
         reference=("answer",), counted=0),
    Form("MMLU-Pro", ("question", "options", "answer", "answer_index"), "question",
         choices=("options",), reference=("answer",), id=("question_id",)),
    Form("ARC", ("question.stem", "question.choices", "answerKey"), "question.stem",
         choices=("question.choices",), reference=("answerKey",)),
    Form("ARC", ("question", "choices.text", "choices.label", "answerKey"), "question",
         choices=("choices",), reference=("answerKey",)),
    Form("CommonsenseQA", ("question", "question_concept", "choices.text", "choices.label",
         "answerKey"), "question",
         choices=("choices",), reference=("answerKey",)),
    Form("OpenBookQA", ("question_stem", "choices", "answerKey"), "question_stem",
         choices=("choices",), reference=("answerKey",)),
    Form("LogiQA", ("context", "query", "options", "correct_option"), "query",
         context=("context",), choices=("options",), reference=("correct_option",), counted=0),
    Form("LogiQA", ("text", "question", "options", "answer"), "question", context=("text",),
         choices=("options",), reference=("answer",), counted=0),
    Form("LogiQA", ("context", "question", "options", "label"), "question", context=("context",),
         choices=("options",), reference=("label",)),
    Form("ReClor", ("context", "question", "answers", "label"), "question", context=("context",),
         choices=("answers",), reference=("label",), counted=0, id=("id_string",)),
    Form("RACE", ("article", "question", "options", "answer"), "question", context=("article",),
         choices=("options",), reference=("answer",), id=("example_id",)),
    Form("AGIEval", ("passage", "question", "options", "label"), "question",
         context=("passage",), choices=("options",), reference=("label", "answer")),
    Form("Winogrande", ("sentence", "option1", "option2", "answer"), "sentence",
         choices=("option1", "option2"), reference=("answer",), counted=1, id=("qID",)),
    Form("HellaSwag", ("ctx", "endings", "label"), "ctx", choices=("endings",),
         reference=("label",), counted=0, id=("ind",)),
    Form("PIQA", ("goal", "sol1", "sol2"), "goal", choices=("sol1", "sol2"),
         reference=("label",), counted=0),
    Form("COPA", ("premise", "choice1", "choice2", "question"),
         "{premise}\n\nWhat is the {question}?", choices=("choice1", "choice2"),
         reference=("label",), counted=0, id=("idx",)),
    Form("SocialIQA", ("context", "question", "answerA", "answerB", "answerC"), "question",
         context=("context",), choices=("answerA", "answerB", "answerC"),
         reference=("label", "correct"), counted=1),
    Form("MedMCQA", ("question", "opa", "opb", "opc", "opd"), "question",
         choices=("opa", "opb", "opc", "opd"), reference=("cop",), counted=0),
    Form("SciQ", ("question", "distractor1", "distractor2", "distractor3", "correct_answer"),
         "question", context=("support",), reference=("correct_answer",),
         wrong=("distractor1", "distractor2", "distractor3"),
         says="choices in an order of their own"),
    Form("GPQA", ("Question", "Correct Answer", "Incorrect Answer 1", "Incorrect Answer 2"),
         "Question", reference=("Correct Answer",),
         wrong=("Incorrect Answer 1", "Incorrect Answer 2", "Incorrect Answer 3"),
         id=("Record ID", "id"), says="choices in an order of their own"),
    Form("TruthfulQA", ("question", "mc1_targets.choices", "mc1_targets.labels"), "question",
         choices=("mc1_targets.choices",), reference=("mc1_targets.labels",), counted=0,
         says="its mc1 choices"),
    Form("TruthfulQA", ("question", "best_answer", "correct_answers"), "question",
         reference=("correct_answers", "best_answer"), kind="text", written="apart by ;"),
    Form("entailment", ("premise", "hypothesis"), "{premise}\n\nHypothesis: {hypothesis}",
         fixed=ENTAILMENT, reference=("label", "gold_label"), counted=0,
         id=("uid", "idx", "pairID", "id")),
    # --- reading
    Form("SQuAD", ("context", "question", "answers"), "question", context=("context",),
         reference=("answers",), lacks=("label", "choices", "options")),
    Form("DROP", ("passage", "question", "answers_spans"), "question", context=("passage",),
         reference=("answers_spans",), id=("query_id",)),
    Form("DROP", ("passage", "question", "answer"), "question", context=("passage",),
         reference=("answer",), id=("query_id", "id"), lacks=("label", "options", "choices"),
         holds=("answer", "'spans'")),
    Form("BoolQ", ("question", "passage", "answer"), "question", context=("passage",),
         reference=("answer",), holds=("answer", "(?i)^(true|false|yes|no)$")),
    Form("BoolQ", ("question", "passage", "label"), "question", context=("passage",),
         reference=("label",), values=LABELS_01, id=("idx",),
         holds=("label", "(?i)^(0|1|true|false|-1)$"), lacks=("options", "choices")),
    Form("StrategyQA", ("question", "answer", "facts"), "question", reference=("answer",),
         id=("qid", "id")),
    Form("HotpotQA", ("question", "context", "supporting_facts"), "question",
         context=("context",), reference=("answer",), id=("_id", "id")),
    Form("TriviaQA", ("question", "answer.value", "answer.aliases"), "question",
         reference=("answer",), id=("question_id",)),
    # --- instructions and conversations
    Form("BIG-Bench Hard", ("input", "target"), "input", reference=("target",),
         lists_choices=True),
    Form("Alpaca", ("instruction", "output"), "{instruction}\n\n{input}", reference=("output",),
         kind="text"),
    Form("Dolly", ("instruction", "context", "response"), "instruction", context=("context",),
         reference=("response",), kind="text"),
    Form("OpenOrca", ("system_prompt", "question", "response"), "question",
         reference=("response",), kind="text"),
    Form("question and answer", ("q", "a"), "q", reference=("a",), lacks=("b",)),
    Form("question and answer", ("human", "assistant"), "human", reference=("assistant",)),
    Form("question and answer", ("user", "assistant"), "user", reference=("assistant",)),
    Form("ShareGPT", ("conversations",), "conversations", reference=()),
    Form("MT-Bench", ("turns",), "turns", reference=("ground_truth", "reference"),
         id=("question_id", "id"), written="first of a list",
         says="the first of its turns"),
    Form("OpenAI batch", ("custom_id", "body.messages"), "body.messages", id=("custom_id",)),
    Form("OpenAI batch", ("custom_id", "body.prompt"), "body.prompt", id=("custom_id",)),
    Form("OpenAI batch", ("custom_id", "body.input"), "body.input", id=("custom_id",)),
    Form("promptfoo", ("vars",), None, reference=(), id=("description", "id"),
         verifier="promptfoo", variables=True),
    Form("promptfoo", ("__expected",), None, reference=(), verifier="promptfoo",
         variables=True),
    # --- to judge
    Form("RewardBench", ("prompt", "chosen", "rejected"), "prompt", reference=(),
         responses=("chosen", "rejected"), values={"": 0}),
    Form("JudgeBench", ("question", "response_A", "response_B", "label"), "question",
         reference=(), responses=("response_A", "response_B"), label="label",
         values={"A>B": 0, "B>A": 1}, id=("pair_id", "id")),
    Form("responses to judge", ("responses",), None, reference=()),
)  # fmt: skip
