"""Programs are never written alike: what they do chooses among them."""

from __future__ import annotations

import its
from its.models.protocol import Request
from its.testing import FakeModel
from tests.verifiers.needs import needs_sandbox

QUESTION = '''def double(number):
    """Twice the number.

    >>> double(2)
    4
    >>> double(5)
    10
    """
'''
RIGHT, WRONG = "number * 2", "number ** 2"


def program(request: Request, number: int) -> str:
    """Five of eight are right for the first example alone; no two are the same text."""
    body = RIGHT if number % 8 in (1, 4, 6) else WRONG
    return f"```python\ndef double(number):\n    it_{number} = {body}\n    return it_{number}\n```"


@needs_sandbox
def test_the_preset_for_programs_runs_them_on_the_questions_examples_and_asks_nothing_more() -> (
    None
):
    model = FakeModel(program)
    (solution,) = its.solve([QUESTION], "programs", models={"model": model})
    assert solution.answer is not None
    assert RIGHT in solution.answer
    assert model.completions == 8
