"""How far a grading model agrees with exact grades, where a row has both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(slots=True)
class Agreement:
    """Counts over rows: `both` have an exact grade and the model's verdict, `lenient` of them are
    wrong and were called right, `strict` are right and were called wrong; `undecided` rows got no
    verdict from the model."""

    both: int = 0
    lenient: int = 0
    strict: int = 0
    undecided: int = 0

    def add(self, row: Mapping[str, Any]) -> None:
        grading = row.get("grading") or {}
        asked = grading.get("model")
        if not isinstance(asked, Mapping):
            return
        verdict, exact = asked.get("correct"), row.get("correct")
        if verdict is None:
            self.undecided += 1
        elif grading.get("by") != "model" and exact is not None:
            self.both += 1
            self.lenient += verdict and not exact
            self.strict += exact and not verdict

    @property
    def agreed(self) -> int:
        return self.both - self.lenient - self.strict

    def in_words(self) -> list[str]:
        """A sentence for each thing that there is to say."""
        lines = []
        if self.both:
            lines.append(
                f"The grading model agrees with exact grades on {self.agreed:,} of {self.both:,} "
                f"({self.agreed / self.both:.1%}): {self.lenient:,} wrong called right, "
                f"{self.strict:,} right called wrong."
            )
        if self.undecided:
            many = "row" if self.undecided == 1 else "rows"
            lines.append(
                f"The grading model gave no verdict on {self.undecided:,} {many}: "
                "`grading.model.reason` says why."
            )
        return lines

    def as_dict(self) -> dict[str, int]:
        return {
            "both": self.both,
            "agreed": self.agreed,
            "lenient": self.lenient,
            "strict": self.strict,
            "undecided": self.undecided,
        }
