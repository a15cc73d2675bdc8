"""Reading the answer out of what a model wrote."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from its.answers import extract
from its.problems import AnswerKind


def read(text: str, kind: AnswerKind = "auto", choices: tuple[str, ...] = ()) -> str | None:
    answer = extract(text, kind, choices)
    return None if answer is None else answer.text


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (r"So it is \boxed{42}.", "42"),
        (r"\boxed{1} was wrong, so \boxed{2}", "2"),
        (r"\boxed{\frac{1}{\sqrt{2}}}", r"\frac{1}{\sqrt{2}}"),
        (r"\boxed{\boxed{3}}", "3"),
        (r"first \boxed{7}, then cut short: \boxed{8", "7"),
        (r"\boxed{x \in \{1, 2\}}", r"x \in \{1, 2\}"),
        (r"\boxed 5 is it", "5"),
        (r"\fbox{9}", "9"),
        ("He has 3 + 4 = <<3+4=7>>7 left.\n#### 1,072", "1,072"),
        ("The answer is 18 dollars per day.", "18 dollars per day"),
        ("Answer: 12\nAnswer: 13", "13"),
        ("**Final Answer:** $\\frac{3}{4}$", r"\frac{3}{4}"),
        ("**Final Answer**\n\n27", "27"),
        ("The final answer is: 6. I hope it is correct.", "6"),
        ("Thus the answer is 3.5.", "3.5"),
        ("The answer is 8, because 5 + 3 = 8", "8"),
        ("The answer is the number of apples, which is 5.", "5"),
        ("The correct answer is: **Paris**", "Paris"),
        ("<answer>17</answer>", "17"),
        ('```json\n{"reason": "…", "answer": "3/4"}\n```', "3/4"),
        ('{"final_answer": 12, "sure": true}', "12"),
        ("Final Answer:\n$$\n\\frac{1}{2}\n$$", r"\frac{1}{2}"),
        (r"\textbf{Answer: 5}", "5"),
        ("#### 1. Add them up\nThe answer is 7.\n", "7"),
        ("#### Step 1\n2 + 2 = 4\n\n### Final Answer\n4", "4"),
        ("The answer is 5!", "5"),
        (r"\boxed{5!}", "5!"),
        ("The answer is Dr. Smith. He knew.", "Dr. Smith"),
        ("The answer is (C) 12.", "C"),
        ("<think>The answer is 3. No.</think>The answer is 4.", "4"),
        (r"Answer: 1. But really \boxed{2}", "2"),
    ],
)
def test_the_last_explicit_answer_counts(text: str, answer: str) -> None:
    found = extract(text)
    assert found is not None
    assert (found.text, found.fallback) == (answer, "which is" in text)


@pytest.mark.parametrize(
    ("text", "kind", "answer"),
    [
        ("42", "auto", "42"),
        ("42", "number", "42"),
        (" **42**.\n", "number", "42"),
        ("-3/4", "number", "-3/4"),
        (r"\frac{1}{2}", "number", r"\frac{1}{2}"),
        ("$7.50", "auto", "$7.50"),
        ("42 apples", "auto", "42 apples"),
        ("2x+3", "auto", "2x+3"),
        ("(3, 4)", "expression", "(3, 4)"),
        ("5 May", "auto", "5 May"),
        ("yes", "auto", "yes"),
        ("B", "choice", "B"),
        ("Paris", "text", "Paris"),
        ("[1, 'a']", "literal", "[1, 'a']"),
        ("abc-1", "exact", "abc-1"),
        ("<think>Is it 6? No.</think>\n\n42", "auto", "42"),
    ],
)
def test_a_reply_that_is_nothing_but_an_answer_states_it(
    text: str, kind: AnswerKind, answer: str
) -> None:
    found = extract(text, kind)
    assert found is not None
    assert (found.text, found.fallback) == (answer, False)


@pytest.mark.parametrize(
    ("text", "kind", "answer"),
    [
        ("He sells 3 for $2 each, which makes $6", "auto", "$6"),
        ("That is 12, then 1,250 in all", "number", "1,250"),
        ("We get $x+1$ and at last $\\sqrt{2}$", "expression", r"\sqrt{2}"),
        ("42 or 43", "auto", "42 or 43"),
        ("42?", "number", "42"),
        ("I think 42", "auto", "I think 42"),
        ("Step 1", "number", "1"),
        ("Sure!", "auto", "Sure!"),
        ("So it is 7.", "auto", "7"),
        ("perhaps 7", "number", "7"),
        ("Paris", "auto", "Paris"),
        ("def f():\n    return 1", "code", "def f():\n    return 1"),
        ("It was a fine evening.\nWe went out.", "text", "It was a fine evening.\nWe went out."),
        ("One line\nand another", "exact", "One line\nand another"),
        ("no value at all", "literal", "no value at all"),
        ("It must be (B) or (C)", "choice", "C"),
    ],
)
def test_a_guess_is_marked_as_a_fallback(text: str, kind: AnswerKind, answer: str) -> None:
    found = extract(text, kind)
    assert found is not None
    assert (found.text, found.fallback) == (answer, True)


@pytest.mark.parametrize(
    "text",
    ["", "   \n", "I do not know.", "unknown", r"\boxed{}", r"\boxed{None}", "Answer: none",
     "The answer is unknown.", "Let us think about this step by step and begin with"],
)  # fmt: skip
def test_a_text_without_an_answer_abstains(text: str) -> None:
    assert extract(text) is None


@pytest.mark.parametrize(
    "text",
    ["B", "(B)", "b)", "**B**", "B) London", "The answer is (B).", "Answer: **B) London**",
     "Option B is right, so the answer is option B", r"\boxed{B}", r"\boxed{\text{(B)}}",
     "The answer is London.", r"\boxed{london}", "The correct option is B: London",
     "**Answer: B**", "Weighing all of it, I would say that it has to be this one: B"],
)  # fmt: skip
def test_a_choice_is_read_as_its_letter(text: str) -> None:
    for kind in ("choice", "auto"):
        found = extract(text, kind, ("Paris", "London", "Rome"))
        assert found is not None
        assert (found.text, found.kind) == ("B", "choice")


@pytest.mark.parametrize(
    "text", ["The answer is a city.", "(D)", "The answer is Berlin.", "I think"]
)
def test_a_text_that_names_no_choice_abstains(text: str) -> None:
    assert extract(text, "choice", ("Paris", "London", "Rome")) is None


def test_code_is_the_last_fenced_block() -> None:
    text = "First:\n```python\na = 1\n```\nBetter:\n```python\nif a:\n    b = 2\n```\nDone."
    assert read(text, "code") == "if a:\n    b = 2"
    cut = extract("```python\nx = 1", "code")
    assert cut is not None
    assert (cut.text, cut.fallback) == ("x = 1", True)


def test_the_kind_says_what_the_answer_looks_like() -> None:
    kinds = {text: answer.kind for text in ("3/4", "x+1", "Rome") if (answer := extract(text))}
    assert kinds == {"3/4": "number", "x+1": "expression", "Rome": "text"}


@settings(deadline=None)
@given(st.text(max_size=300), st.integers(), st.text(alphabet="ab12 {}$\\.", max_size=40))
def test_the_last_box_wins_amid_any_text(before: str, value: int, after: str) -> None:
    before = before.replace("</think>", "")
    closing = after.replace("{", "").replace("\\", "")
    assert read(f"{before} \\boxed{{{value}}} {closing}") == str(value)


@settings(deadline=None)
@given(st.text(), st.sampled_from(["auto", "number", "expression", "choice", "code", "text"]))
def test_extraction_takes_any_text(text: str, kind: AnswerKind) -> None:
    found = extract(text, kind, ("x", "y") if kind == "choice" else ())
    assert found is None or found.text.strip()


@pytest.mark.parametrize(
    "piece",
    [
        *(r"\boxed{", r"\boxed{}", r"\text{", r"\( ", "{", "}", "$", "**", "-", " ", "1", "1,"),
        *("answer is ", "Answer:\n", "answer\t", "#### ", "<answer>", "</think>", "```\n", "1 /"),
        *("(A) ", "option "),
    ],
)
def test_a_long_text_of_anything_is_read_in_linear_time(piece: str) -> None:
    """A quadratic step would take very long here and run into the time limit of the test."""
    text = piece * (300_000 // len(piece))
    for kind in ("auto", "choice", "code"):
        found = extract(text, kind, ("x", "y") if kind == "choice" else ())
        assert found is None or len(found.text) <= len(text)
