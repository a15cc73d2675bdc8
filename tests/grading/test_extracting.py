"""Programs and examples, read out of replies and prompts."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from its.verifiers.extracting import entry_point_of, examples_in, header_of, program_in

PROMPT = (
    'from typing import List\n\ndef add(a, b):\n    """Sum.\n    >>> add(1, 2)\n    3\n    """\n'
)


def test_the_last_complete_fence_that_defines_the_entry_point() -> None:
    text = (
        "```python\ndef add(a, b): return 1\n```\nthen\n```py\ndef add(a, b): return 2\n```\n"
        "use it:\n```python\nprint(add(1, 2))\n```\nand\n```python\ndef add(a, b): return 3\n"
    )
    assert program_in(text, "add") == "def add(a, b): return 2\n"


def test_a_class_and_an_alias_define_too() -> None:
    assert program_in("```\nclass Add: pass\n```\n```\nx\n```", "Add().run") == "class Add: pass\n"
    assert program_in("```\nadd = lambda a, b: a\n```\n```\nx\n```", "add").startswith("add =")


def test_a_fence_in_a_list_is_moved_to_the_margin() -> None:
    text = "1. So:\n   ```python\n   def add(a, b):\n       return a + b\n   ```\n"
    assert program_in(text, "add") == "def add(a, b):\n    return a + b\n"


def test_a_fence_that_is_left_open_counts_where_no_other_defines_the_entry_point() -> None:
    assert program_in("So:\n```python\ndef add(a, b): return 1", "add") == "def add(a, b): return 1"
    text = "```python\nprint(1)\n```\nThen:\n```python\ndef add(a, b): return 1"
    assert program_in(text, "add") == "def add(a, b): return 1"
    assert program_in("```bash\nls\n```\n```python\nx = 1\n") == "x = 1\n"


def test_thinking_holds_no_program() -> None:
    text = "<think>\n```python\ndef add(a, b): return 0\n```\n</think>\ndef add(a, b): return 1"
    assert program_in(text, "add").strip() == "def add(a, b): return 1"


def test_what_a_program_uses_of_earlier_fences_comes_with_it() -> None:
    text = (
        "```python\ndef plus(a, b): return a + b\n```\n```python\ndef other(): pass\n```\n"
        "```python\ndef add(a, b): return plus(a, b)\n```\n"
    )
    assert program_in(text, "add") == (
        "def plus(a, b): return a + b\n\ndef add(a, b): return plus(a, b)\n"
    )


def test_a_page_of_markdown_that_is_fenced_holds_programs() -> None:
    text = "````markdown\n```python\ndef add(a, b): return 1\n```\n````"
    assert program_in(text, "add") == "def add(a, b): return 1\n"


def test_shell_output_is_no_program() -> None:
    text = "```python\nadd = 1\n```\n```bash\nadd = 2\n```\n```\nadd = 1\n```"
    assert program_in(text, "add") == "add = 1\n"


def test_a_prompt_is_completed() -> None:
    assert program_in("    return a + b\n", "add", PROMPT) == PROMPT + "    return a + b\n"
    assert program_in("return a + b", "add", PROMPT).endswith('"""\n    return a + b\n')
    whole = program_in("def add(a, b):\n    return a\n", "add", PROMPT)
    assert whole == "from typing import List\n\ndef add(a, b):\n    return a\n"


def test_prose_is_no_header() -> None:
    assert header_of("Write a function.\n\ndef add(a, b):\n    pass", "add") == ""
    assert header_of(PROMPT, "add") == "from typing import List\n\n"


def test_what_tests_are_about() -> None:
    assert entry_point_of(["assert set(add(1)) == {1}", "assert len(add(2)) == 1"]) == "add"
    assert entry_point_of(["assert sum(1, 2) == 3"]) == "sum"
    assert entry_point_of(["import math", "assert math.isclose(area(1), 3.14)"]) == "area"
    assert entry_point_of([]) is None


def test_examples_of_a_docstring() -> None:
    assert examples_in(PROMPT) == ["__example__('add(1, 2)\\n', '3\\n', globals())"]
    prepared = 'def f(x):\n    """\n    >>> y = 2\n    >>> f(y)\n    4\n    """'
    assert examples_in(prepared) == ["y = 2\n__example__('f(y)\\n', '4\\n', globals())"]
    assert examples_in("Write a program.") == []
    assert examples_in('"""\n>>> f(1)\n 2\n>>>bad\n"""') == []


@given(st.text() | st.text(alphabet="`\n pydef():x~", max_size=200), st.none() | st.just("x"))
def test_reading_never_raises(text: str, entry_point: str | None) -> None:
    assert isinstance(program_in(text, entry_point, text), str)
    examples_in(text)


def test_reading_is_linear() -> None:
    for text in (
        "```\n" * 100_000,
        "def x(" * 50_000,
        "`" * 300_000,
        '"""' * 100_000,
        " " * 500_000,
    ):
        program_in(text, "x", text)
        examples_in(text)
