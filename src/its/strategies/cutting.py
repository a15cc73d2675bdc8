"""The samples of one stage that its cutting rules stop or leave out."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import partial
from statistics import fmean

from its.allocation.cutting import AllCutting, CuttingRule
from its.errors import CallError
from its.models.protocol import Completion
from its.models.watching import Watches
from its.strategies.protocol import Savings


class CutSamples:
    """Every sample counts where there is no rule."""

    def __init__(self, rules: Sequence[CuttingRule]) -> None:
        self.wants_all = any(rule.wants_all for rule in rules)
        self._cutting = AllCutting(rules) if rules else None
        self._settled: dict[int, Completion] = {}

    @property
    def open(self) -> int:
        """How many samples may go out by now."""
        count = None if self._cutting is None else self._cutting.open()
        return sys.maxsize if count is None else count

    def watches(self, ordinals: Sequence[int]) -> Watches | None:
        if self._cutting is None:
            return None
        return {str(ordinal): partial(self._cutting.watch, ordinal) for ordinal in ordinals}

    def settle(self, ordinal: int, reply: Completion | CallError) -> None:
        if self._cutting is None:
            return
        completion = None if isinstance(reply, CallError) else reply
        self._cutting.settle(ordinal, completion)
        if completion is not None:
            self._settled[ordinal] = completion

    def counts(self, ordinal: int) -> bool:
        return not self._why(ordinal)

    def left_out(self, needed: int) -> dict[str, str]:
        """Why samples do not count, by their label."""
        reasons = {str(ordinal): self._why(ordinal) for ordinal in range(needed)}
        return {label: why for label, why in reasons.items() if why}

    def savings(self, limit: int) -> Savings:
        """What stopping samples saved; a loop would have gone on to the `limit` of tokens."""
        settled, saved = self._settled, 0.0
        whole = 0 if self._cutting is None else self._cutting.whole
        first = [c.tokens for number, c in settled.items() if number < whole and not c.cut]
        known = [tokens for tokens in first if tokens is not None]
        stopped = [c for c in settled.values() if c.cut and c.tokens is not None]
        for completion in stopped:
            usual = limit if completion.finish == "loop" else fmean(known) if known else 0.0
            saved += max(0.0, usual - (completion.tokens or 0))
        written = sum(completion.tokens or 0 for completion in stopped)
        return Savings(len(stopped), written, round(saved))

    def _why(self, ordinal: int) -> str:
        """Why a sample does not count; "" where it does."""
        if self._cutting is None:
            return ""
        completion = self._settled.get(ordinal)
        if completion is not None and completion.finish == "cut":
            return completion.cut
        return self._cutting.leaves_out(ordinal)
