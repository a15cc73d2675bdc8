"""Problems: what is asked, and (apart from it) the reference that only grades."""

from its.problems.field_names import Mapping
from its.problems.findings import Findings
from its.problems.problem import AnswerKind, BadLine, Message, Problem, Question, RowVerifier
from its.problems.reading import ProblemReader, open_problems

__all__ = [
    "AnswerKind",
    "BadLine",
    "Findings",
    "Mapping",
    "Message",
    "Problem",
    "ProblemReader",
    "Question",
    "RowVerifier",
    "open_problems",
]
