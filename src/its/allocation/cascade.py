"""When a problem escalates from a smaller model to a larger one."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CascadeRule:
    """`threshold` is the confidence from which an answer stays where it is. `value` is what a
    right answer is worth, in the unit of the price; None: any price is right."""

    threshold: float = 0.8
    value: float | None = None

    def escalates(
        self,
        confidence: float | None,
        larger_accuracy: float | None = None,
        price: float | None = None,
    ) -> bool:
        """Whether to ask the larger model.

        `confidence` is the smaller one's chance to be right (None: it has no answer, which counts
        as 0), `larger_accuracy` the chance expected of the larger one, `price` what asking it
        costs. Where all are known the expected gain must also be worth its price (the rule of
        expected utility; thresholds alone as in FrugalGPT, arXiv:2305.05176).
        """
        sure = confidence or 0.0
        if sure >= self.threshold:
            return False
        if self.value is None or larger_accuracy is None or price is None:
            return True
        return (larger_accuracy - sure) * self.value > price
