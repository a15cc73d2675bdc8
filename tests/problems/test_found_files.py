"""Files as people have them: exports, cut-out lists, tables by column, names of their own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from its.errors import InputError
from its.problems import open_problems
from its.problems.problem import BadLine, Problem

Q, A = "What is 1 + 1?", "2"
PLAIN = (Q, (), A)
CITIES = ("Rome", "Paris")
CHOSEN = (Q, CITIES, "B")


def line(**fields: Any) -> str:
    return json.dumps(fields) + "\n"


FILES: dict[str, tuple[str, tuple[str, tuple[str, ...], Any]]] = {
    # --- tables
    "Excel names the separator": (f"sep=;\r\nquestion;answer\r\n{Q};2\r\n", PLAIN),
    "Excel's mark and capitals": (f"\ufeffQUESTION,ANSWER\n{Q},2\n", PLAIN),
    "a column of numbers": (f",question,answer\n0,{Q},2\n", PLAIN),
    "empty rows": (f"question,answer\n\n{Q},2\n,\n", PLAIN),
    "choices in columns": (f"Question,A,B,Answer\n{Q},Rome,Paris,B\n", CHOSEN),
    "option_a": (f"question,option_a,option_b,correct_option\n{Q},Rome,Paris,b\n", CHOSEN),
    "choices as Python writes a list": (f"question,choices,answer\n{Q},\"['Rome', 'Paris']\",1\n",
                                        CHOSEN),
    "columns counted from 0": (f"question,choice_0,choice_1,answer_index\n{Q},Rome,Paris,1\n",
                               CHOSEN),
    # --- JSON
    "rows of a data set server": (json.dumps({"features": [{"name": "question"}], "rows": [
        {"row_idx": 0, "row": {"question": Q, "answer": A}, "truncated_cells": []}]}), PLAIN),
    "by columns": (json.dumps({"question": [Q, "b?"], "answer": [A, "3"]}), PLAIN),
    "by columns and numbers": (json.dumps({"question": {"0": Q}, "answer": {"0": A}}), PLAIN),
    "headings and rows": (json.dumps({"columns": ["question", "answer"], "index": [0],
                                      "data": [[Q, A]]}), PLAIN),
    "by id": (json.dumps({"q1": {"question": Q, "answer": A}, "q2": {"question": "b?"}}), PLAIN),
    "one object over several lines": (json.dumps({"question": Q, "answer": A}, indent=2), PLAIN),
    "a comma before the end": ('[{"question": "What is 1 + 1?", "answer": "2",},\n]', PLAIN),
    "a comma in a text": ('[{"question": "Is [1,] a list?", "answer": "2",}]',
                          ("Is [1,] a list?", (), "2")),
    "lines cut out of a list": ('{"question": "What is 1 + 1?", "answer": "2"},\n{"question": "b"}',
                                PLAIN),
    # --- names
    "q and a": (line(q=Q, a=A), PLAIN),
    "human and assistant": (line(human=Q, assistant=A), PLAIN),
    "camel case": (line(problemStatement=Q, expectedAnswer=A), PLAIN),
    "a user's query": (line(user_query=Q, gold_response=A), PLAIN),
    "an ideal answer": (line(input=[{"role": "user", "content": Q}], ideal=A), PLAIN),
    "references": (line(question=Q, references=["2", "two"]), (Q, (), ["2", "two"])),
    "contexts": (line(question=Q, contexts=["a", "b"], ground_truth=A), (f"a\n\nb\n\n{Q}", (), A)),
    # --- choices
    "the number of the choice": (line(question=Q, choices=CITIES, answer_idx=1), CHOSEN),
    "a letter with its text": (line(question=Q, options=CITIES, answer="B. Paris"), CHOSEN),
    "a letter in brackets": (line(question=Q, options=["(A) Rome", "(B) Paris"], answer="(B)"),
                             CHOSEN),
    "choices that say which is right": (line(question=Q, choices=[
        {"text": "Rome", "is_correct": False}, {"text": "Paris", "is_correct": True}]), CHOSEN),
    "answers that say which is right": (line(question=Q, answers=[
        {"text": "Rome", "correct": False}, {"text": "Paris", "correct": True}]), CHOSEN),
    "a picture that is not there": (line(question=Q, answer=A, image=None), PLAIN),
}  # fmt: skip


def rows_of(path: Path, text: str) -> list[Problem | BadLine]:
    path.write_text(text, "utf-8", newline="")
    with open_problems(str(path)) as reader:
        return list(reader)


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_read_as_it_is_meant(tmp_path: Path, name: str) -> None:
    text, (question, choices, reference) = FILES[name]
    problem = rows_of(tmp_path / "found", text)[0]
    assert isinstance(problem, Problem), problem
    found = problem.question
    assert (found.text, found.choices, problem.reference) == (question, choices, reference)


def test_problems_by_id_keep_their_ids(tmp_path: Path) -> None:
    text = json.dumps({"q1": {"question": Q}, "q2": {"question": "b?"}})
    assert [row.id for row in rows_of(tmp_path / "found", text)] == ["q1", "q2"]


@pytest.mark.parametrize("text", [line(question=Q, answer=A), f"question,answer\n{Q},2\n"])
def test_a_file_packed_with_zstd_is_known_by_what_it_holds(tmp_path: Path, text: str) -> None:
    pa = pytest.importorskip("pyarrow")
    path = tmp_path / "found"
    with pa.CompressedOutputStream(str(path), "zstd") as packed:
        packed.write(text.encode())
    with open_problems(str(path)) as reader:
        (row,) = reader
    assert isinstance(row, Problem)
    assert (row.question.text, row.reference) == (Q, A)
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(InputError, match="data is damaged"), open_problems(str(path)) as reader:
        list(reader)


def test_a_row_under_a_line_for_excel_has_its_own_number(tmp_path: Path) -> None:
    first, second = rows_of(tmp_path / "found", f"sep=,\nquestion,answer\n{Q},2\n{Q},2,3\n")
    assert (first.id, second.id) == ("line:3", "line:4")


REFUSED: dict[str, tuple[str, tuple[str, ...]]] = {
    "a picture": (line(question=Q, image={"path": "a.png"}), ("'image'", "only text can be asked")),
    "pictures": (line(question=Q, images=["a.png"]), ("'images'", "--map question=FIELD")),
    "a field that stands twice": (
        '{"question": "a?", "answer": "2", "answer": "3"}',
        ("'answer' stands twice", "keep one"),
    ),
    "several lists": (
        json.dumps({"train": [{"question": Q}], "test": [{"question": Q}]}),
        ("several lists (train, test)", "jq -c '.[\"test\"][]'"),
    ),
    "a heading that is a question": (
        f"Timestamp,What is your question?,Answer\n2024-01-01 10:00:00,{Q},2\n",
        ("likely --map 'question=What is your question?'",),
    ),
    "a heading over two lines": (
        '"What is\nasked?",note\nWhat is 1 + 1?,x\n',
        ("likely --map 'question=What is asked?'",),
    ),
    "inside of another field": (
        line(doc={"question": Q}, note="long, long, long, long text"),
        ("likely --map question=doc.question",),
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_asked_is_refused_with_its_fix(tmp_path: Path, name: str) -> None:
    text, words = REFUSED[name]
    with pytest.raises(InputError) as caught:
        rows_of(tmp_path / "found", text)
    for word in words:
        assert word in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_question_named_by_the_user_is_asked_without_its_picture(tmp_path: Path) -> None:
    path = tmp_path / "found"
    path.write_text(line(question=Q, image="a.png"))
    with open_problems(str(path), fields={"question": "question"}) as reader:
        assert isinstance(next(reader), Problem)


def test_the_same_name_inside_of_another_field_is_no_repetition(tmp_path: Path) -> None:
    text = '{"question": "a?", "answer": "2", "meta": {"answer": "x", "a": {"answer": 1}}}\n'
    (row,) = rows_of(tmp_path / "found", text)
    assert isinstance(row, Problem)


def test_a_file_in_another_encoding_is_refused_with_the_command(tmp_path: Path) -> None:
    path = tmp_path / "found.csv"
    path.write_bytes("question,answer\nCafé?,2\n".encode("cp1252"))
    with (
        pytest.raises(InputError, match="iconv -f WINDOWS-1252 -t UTF-8"),
        open_problems(str(path)) as reader,
    ):
        list(reader)
