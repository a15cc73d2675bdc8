"""What counts as the same answer, and the shape in which answers are compared."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

Shape = Literal[
    "number", "value", "tuple", "set", "union", "matrix", "notation", "expression", "text",
    "choice", "code", "exact", "literal",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Equivalence:
    """What counts as the same answer.

    `units`: "ignore" takes 5 cm for 5 and 12₅ for 12, "keep" tells them apart. `percent`:
    "ignore" takes 50 % for 50, "value" for 0.5, "keep" for neither.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}

    units: Literal["ignore", "keep"] = "ignore"
    percent: Literal["ignore", "value", "keep"] = "ignore"


DEFAULT = Equivalence()


@dataclass(frozen=True, slots=True)
class NormalForm:
    """One spelling for all spellings of an answer: equal forms mean equivalent answers.

    `content` depends on the shape: a Fraction for a number, the digits of its values for a
    "value" (an irrational constant, or an expression with variables), the forms of the parts for
    a tuple (in order) or a set, what a notation says (a date, a range), and else a text.
    """

    shape: Shape
    content: Hashable

    @property
    def exact(self) -> bool:
        """Whether another exact form that differs is surely another answer."""
        return self.shape != "expression" and _all_exact(self.content)


def _all_exact(content: Hashable) -> bool:
    if isinstance(content, NormalForm):
        return content.exact
    if isinstance(content, tuple | frozenset):
        return all(map(_all_exact, content))
    return True
