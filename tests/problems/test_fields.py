"""What the fields of a line are read as."""

import json
from pathlib import Path
from typing import Any

import pytest

from its.errors import InputError
from its.problems import BadLine, Message, Problem, ProblemReader, open_problems


def read_rows(folder: Path, *records: Any, **options: Any) -> list[Problem | BadLine]:
    path = folder / "problems.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    with open_problems(str(path), **options) as reader:
        return list(reader)


def read_one(folder: Path, record: dict[str, Any], **options: Any) -> Problem:
    (row,) = read_rows(folder, record, **options)
    assert isinstance(row, Problem), row
    return row


def reason(folder: Path, record: Any, **options: Any) -> str:
    """Why a record is a bad line, in a file whose first line is good."""
    good = {"id": "good", "question": "q", "prompt": "q"}
    _, row = read_rows(folder, good, record, **options)
    assert isinstance(row, BadLine), row
    return row.reason


@pytest.mark.parametrize(
    ("record", "question", "reference"),
    [
        ({"question": "q", "answer": "Add.\n#### 72"}, "q", "Add.\n#### 72"),
        ({"problem": "q", "solution": r"So \boxed{4}.", "level": "5"}, "q", r"So \boxed{4}."),
        ({"problem": "q", "solution": "long", "answer": "4"}, "q", "4"),
        ({"prompt": "q", "target": 5}, "q", 5),
        ({"input": "q", "expected": True}, "q", True),
        ({"query": "q"}, "q", None),
        ({"question": "", "problem": "q", "answer": None, "reference": "r"}, "q", "r"),
        ({"question": "q", "answer": ["a", "b"]}, "q", ["a", "b"]),
        ({"question": "q", "answer": 10**30}, "q", str(10**30)),
    ],
)
def test_question_and_reference_come_from_the_first_field_that_holds_them(
    tmp_path: Path, record: dict[str, Any], question: str, reference: Any
) -> None:
    problem = read_one(tmp_path, record)
    assert (problem.question.text, problem.reference) == (question, reference)


def test_what_is_neither_stays_in_the_metadata(tmp_path: Path) -> None:
    problem = read_one(tmp_path, {"id": "a", "question": "q", "answer": "1", "level": 3, "x": [1]})
    assert problem.metadata == {"level": 3, "x": [1]}


def test_a_conversation_may_be_a_text(tmp_path: Path) -> None:
    assert read_one(tmp_path, {"messages": "q"}).question.text == "q"


def test_fields_can_be_named(tmp_path: Path) -> None:
    record = {"question": "wrong", "body": "q", "answer": "wrong", "gold": "7"}
    problem = read_one(tmp_path, record, question_field="body", answer_field="gold")
    assert (problem.question.text, problem.reference) == ("q", "7")


def test_a_field_named_for_the_reference_is_never_asked(tmp_path: Path) -> None:
    record = {"question": "the reference", "prompt": "q"}
    assert read_one(tmp_path, record, answer_field="question").question.text == "q"
    assert "has no question" in reason(tmp_path, {"question": "r"}, answer_field="question")
    with pytest.raises(InputError, match="both name 'x'"):
        open_problems("-", question_field="x", answer_field="x")


def test_the_mapping_that_was_found_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    path.write_text('not json\n{"problem": "q", "answer": "1", "id": 7}\n{"prompt": "r"}\n')
    with open_problems(str(path)) as reader:
        assert reader.mapping is None
        next(reader)
        next(reader)
        assert str(reader.mapping) == "question ← problem, reference ← answer, id ← id"
        next(reader)
        assert [str(mapping) for mapping in reader.mappings][1:] == [
            "question ← prompt, no reference, id ← line number"
        ]


@pytest.mark.parametrize(
    ("given", "read"), [(7, "7"), ("a b", "a b"), (0, "0"), (2**70, str(2**70))]
)
def test_ids_are_texts(tmp_path: Path, given: Any, read: str) -> None:
    assert read_one(tmp_path, {"id": given, "question": "q"}).id == read


@pytest.mark.parametrize("given", [{}, {"id": None}, {"id": ""}])
def test_without_an_id_the_line_number_serves(tmp_path: Path, given: dict[str, Any]) -> None:
    path = tmp_path / "p.jsonl"
    path.write_text('{"question": "a"}\n\n' + json.dumps({"question": "b", **given}) + "\n")
    with open_problems(str(path)) as reader:
        assert [(row.id, row.index) for row in reader] == [("line:1", 0), ("line:3", 1)]


TURNS = [
    {"role": "developer", "content": "Be brief."},
    {"role": "user", "content": "hello"},
    {"role": "assistant", "content": "hi"},
    {"role": "user", "content": [{"type": "text", "text": "1 + 1?"}]},
]


@pytest.mark.parametrize("field", ["messages", "prompt"])
def test_a_conversation_is_read_up_to_its_last_question(tmp_path: Path, field: str) -> None:
    problem = read_one(tmp_path, {field: TURNS, "answer": "2"})
    assert problem.question.text == "1 + 1?"
    assert problem.question.messages[0] == Message("system", "Be brief.")
    assert problem.question.messages[-1] == Message("user", "1 + 1?")


def test_the_reply_at_the_end_of_a_conversation_is_a_reference_and_is_never_asked(
    tmp_path: Path,
) -> None:
    problem = read_one(tmp_path, {"messages": [*TURNS, {"role": "assistant", "content": "SECRET"}]})
    assert problem.reference == "SECRET"
    assert "SECRET" not in repr(problem.question)


@pytest.mark.parametrize(
    "choices",
    [
        ["4", "5", "6"],
        [4, 5, 6],
        {"A": "4", "B": "5", "C": "6"},
        [{"label": "A", "text": "4"}, {"label": "B", "text": "5"}, {"label": "C", "text": "6"}],
        {"text": ["4", "5", "6"], "label": ["A", "B", "C"]},
        ["A) 4", "B) 5", "C) 6"],
        ["(A) 4", "(B) 5", "(C) 6"],
    ],
)
@pytest.mark.parametrize("field", ["choices", "options"])
def test_choices_are_read_in_every_common_form(tmp_path: Path, field: str, choices: Any) -> None:
    problem = read_one(tmp_path, {"question": "2 + 3?", field: choices, "answer": "B"})
    assert problem.question.choices == ("4", "5", "6")
    assert (problem.question.kind, problem.reference) == ("choice", "B")


def test_options_that_are_no_choices_are_metadata(tmp_path: Path) -> None:
    problem = read_one(tmp_path, {"question": "q", "options": {"temperature": 0.5}})
    assert (problem.question.choices, problem.metadata) == ((), {"options": {"temperature": 0.5}})


@pytest.mark.parametrize("reference", ["B", "b", "(B)", "B.", 1, "Rome", " Rome "])
def test_a_reference_names_a_choice_by_letter_place_or_text(tmp_path: Path, reference: Any) -> None:
    record = {"question": "q", "choices": ["Paris", "Rome", "Bonn"], "answer": reference}
    assert read_one(tmp_path, record).reference == "B"


def test_a_label_of_the_input_goes_before_all(tmp_path: Path) -> None:
    choices = {"text": ["3", "2", "1"], "label": ["1", "2", "3"]}
    assert read_one(tmp_path, {"question": "q", "choices": choices, "answer": "3"}).reference == "C"


@pytest.mark.parametrize(
    ("reference", "complaint"),
    [("Oslo", "names none of the choices"), (2, "may mean several"), ("B", "may mean several"),
     (9, "names none"), (1.5, "must name a choice")],
)  # fmt: skip
def test_a_reference_that_names_no_single_choice_is_refused(
    tmp_path: Path, reference: Any, complaint: str
) -> None:
    record = {"question": "q", "choices": ["2", "1", "4", "B"], "answer": reference}
    assert complaint in reason(tmp_path, record)


def test_the_kind_comes_from_the_question_and_never_from_the_reference(tmp_path: Path) -> None:
    for reference in ("3", r"\boxed{x}", "Paris", "```\ncode\n```"):
        assert read_one(tmp_path, {"question": "q", "answer": reference}).question.kind == "auto"
    assert read_one(tmp_path, {"question": "q", "kind": "number"}).question.kind == "number"
    assert read_one(tmp_path, {"question": "q", "answer_kind": "code"}).question.kind == "code"
    unrelated = read_one(tmp_path, {"question": "q", "kind": "algebra"})
    assert (unrelated.question.kind, unrelated.metadata) == ("auto", {"kind": "algebra"})


@pytest.mark.parametrize(
    ("record", "complaint"),
    [
        ([1], "holds a list, not an object"),
        ("q", "holds text, not an object"),
        ({}, "has no question"),
        ({"note": "q"}, "its fields: note); name the right one with --question-field"),
        ({"question": " "}, "field 'question' is empty"),
        ({"title": "q", "input": ""}, "is empty (its fields: title, input); put"),
        ({"question": 5}, "field 'question' must be text, not a number"),
        ({"question": {"text": "q"}}, "field 'question' must be text, not an object"),
        ({"question": "q", "id": True}, "field 'id' must be text or a whole number"),
        ({"question": "q", "id": 1.5}, "field 'id' must be text or a whole number"),
        ({"messages": [{"role": "user"}]}, "field 'messages[0].content' must be text, not null"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "field 'messages[0].role' must be one"),
        ({"messages": [5]}, "field 'messages[0]' must be an object"),
        ({"messages": [{"role": "system", "content": "x"}]}, "asks nothing"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, "not text"),
        ({"question": "q", "choices": ["a"]}, "has 1 choices; give 2 to 26"),
        ({"question": "q", "choices": "a,b"}, "must be a list of choices, not text"),
        ({"question": "q", "choices": ["a", None]}, "holds null where a choice's text belongs"),
        ({"question": "q", "answer_kind": "essay"}, "field 'answer_kind' must be one of auto"),
    ],
)
def test_a_bad_line_says_its_number_its_field_and_the_fix(
    tmp_path: Path, record: Any, complaint: str
) -> None:
    told = reason(tmp_path, record)
    assert told.startswith("line 2: ")
    assert complaint in told


def test_a_bad_line_keeps_its_id_where_it_has_one(tmp_path: Path) -> None:
    records = [{"id": "a", "question": 5}, {"id": "a", "question": 6}, {"question": "q"}]
    rows = read_rows(tmp_path, *records)
    assert [(row.id, row.index) for row in rows] == [("a", 0), ("line:2", 1), ("line:3", 2)]


def test_the_order_of_the_lines_does_not_change_how_one_is_read(tmp_path: Path) -> None:
    records = [{"id": "a", "problem": "p", "target": 1}, {"id": "b", "question": "q", "answer": 2}]

    def read(*order: Any) -> dict[str, Any]:
        rows = read_rows(tmp_path, *order)
        return {row.id: (row.question, row.reference) for row in rows if isinstance(row, Problem)}

    assert read(*records) == read(*reversed(records))


def test_a_reader_is_an_iterator(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    path.write_text('{"question": "q"}\n')
    with open_problems(str(path)) as reader:
        assert isinstance(reader, ProblemReader)
        assert iter(reader) is reader
