"""Answers: reading them out of a text, and deciding which of them are the same."""

from its.answers.comparing import NOTICE, Comparer, equivalent
from its.answers.equivalence import Equivalence
from its.answers.extraction import extract
from its.answers.references import accepted_answers
from its.answers.symbolic import symbolic_available

__all__ = [
    "NOTICE",
    "Comparer",
    "Equivalence",
    "accepted_answers",
    "equivalent",
    "extract",
    "symbolic_available",
]
