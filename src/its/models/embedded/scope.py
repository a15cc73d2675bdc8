"""What the embedded models can be asked at all: arithmetic in digits."""

from __future__ import annotations

import re

from its.problems.problem import Question

ONLY_ARITHMETIC = "the embedded model only does arithmetic: name a model with -m"
_CALCULATION = re.compile(r"[\dx)]\s*(?:[-+*/×·÷=^−]|\*\*)\s*[-(−]?\s*(?:[\dx(?]|$)", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_]+")
_BESIDE_A_CALCULATION = re.compile(
    r"what|is|the|value|of|compute|calculate|evaluate|solve|find|work|out|how|much|for|x|if|then|"
    r"equals?|to|does|give|me|answer|result|please|and",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_ASKS_FOR_AN_AMOUNT = re.compile(
    r"\b(?:how (?:many|much|far|long|old|fast|tall|heavy|big)|what (?:is|was|are) the (?:total|sum|"
    r"difference|product|quotient|remainder|average|price|cost|number|amount)|sum of|product of|"
    r"difference (?:of|between)|plus|minus|times|divided by|multiplied by|percent(?:age)?|"
    r"calculate|compute)\b",
    re.IGNORECASE,
)


def is_arithmetic(question: Question) -> bool:
    """Whether it is a calculation, an equation, or a story with numbers that asks for an amount.

    A story may be too hard; that shows in its confidence. What is no arithmetic at all would get
    a number all the same.
    """
    if question.choices or question.kind in ("choice", "code", "text"):
        return False
    words = _WORD.findall(question.text)
    plain = all(_BESIDE_A_CALCULATION.fullmatch(word) for word in words)
    if plain and _CALCULATION.search(question.text):
        return True
    numbers = len(_NUMBER.findall(question.text))
    return numbers >= 2 and _ASKS_FOR_AN_AMOUNT.search(question.text) is not None
