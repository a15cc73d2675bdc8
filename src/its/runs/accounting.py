"""`compute.json`: what a run cost, by stage, strategy and model, summed from the journal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from its.calls.journal_rows import Spending
from its.usage import Usage

PROBE = "probe"
GRADING = "grading"


@dataclass(slots=True)
class Bill:
    """One line of the accounting. `retries` counts attempts after a first one, `estimated` the
    tokens that no endpoint reported."""

    usage: Usage = field(default_factory=Usage)
    retries: int = 0
    cancelled: int = 0
    failed_calls: int = 0

    def add(self, spending: Spending) -> None:
        self.usage = self.usage + spending.usage
        self.retries += spending.retries
        self.cancelled += spending.rows if spending.state == "cancelled" else 0
        self.failed_calls += spending.rows if spending.state == "failed" else 0

    def as_dict(self) -> dict[str, Any]:
        usage = self.usage.as_dict()
        estimated = usage.pop("estimated_tokens")
        usage["seconds"] = round(self.usage.seconds, 3)
        return usage | {
            "retries": self.retries,
            "cancelled": self.cancelled,
            "failed_calls": self.failed_calls,
            "estimated": estimated,
        }


@dataclass(slots=True)
class ModelShare:
    """What one of several models that share a stage has brought: candidates, chosen answers
    (`wins`), and the right ones among these (None while no row has a reference)."""

    candidates: int = 0
    wins: int = 0
    right: int | None = None


def shares_of(rows: Iterable[Mapping[str, Any]]) -> dict[str, ModelShare]:
    """The shares by the models' names in the pipeline, over all rows that hold any."""
    shares: dict[str, ModelShare] = {}
    for row in rows:
        for name, candidates in row.get("models", {}).items():
            shares.setdefault(name, ModelShare()).candidates += candidates
        if row.get("model") is not None:
            winner = shares.setdefault(row["model"], ModelShare())
            winner.wins += 1
            if row.get("correct") is not None:
                winner.right = (winner.right or 0) + bool(row["correct"])
    return dict(sorted(shares.items()))


@dataclass(slots=True)
class Accounting:
    """All of a run's spending. Totals are solutions plus unattributed, and equal the sum of the
    stages, of the strategies and of the models. `grading` stands beside them: what a grading
    model cost, which no answer needed. `shares` says what the models of a shared stage brought;
    `cut` are the samples that were stopped while they were `written` (tokens), and `saved` about
    how many more they would have had."""

    totals: Bill = field(default_factory=Bill)
    by_stage: dict[str, Bill] = field(default_factory=dict)
    by_strategy: dict[str, Bill] = field(default_factory=dict)
    by_model: dict[str, Bill] = field(default_factory=dict)
    unattributed: Bill = field(default_factory=Bill)
    grading: Bill = field(default_factory=Bill)
    shares: dict[str, ModelShare] = field(default_factory=dict)
    cut: int = 0
    written: int = 0
    saved: int = 0

    def as_dict(self, from_journal: Usage) -> dict[str, Any]:
        return {
            "totals": self.totals.as_dict(),
            "by_stage": {name: bill.as_dict() for name, bill in self.by_stage.items()},
            "by_strategy": {name: bill.as_dict() for name, bill in self.by_strategy.items()},
            "by_model": {name: bill.as_dict() for name, bill in self.by_model.items()},
            "unattributed": self.unattributed.as_dict(),
            **({"grading": self.grading.as_dict()} if self.grading.usage.calls else {}),
            **({"shares": self._shares()} if self.shares else {}),
            **({"cut": self._cut()} if self.cut else {}),
            "from_journal": {
                "completions": from_journal.completions,
                "prompt_tokens": from_journal.prompt_tokens,
                "completion_tokens": from_journal.completion_tokens,
            },
        }

    def _shares(self) -> dict[str, Any]:
        whole = sum(each.candidates for each in self.shares.values())
        return {
            name: {
                "candidates": each.candidates,
                "share": round(each.candidates / whole, 4) if whole else None,
                "wins": each.wins,
                "right": each.right,
            }
            for name, each in self.shares.items()
        }

    def _cut(self) -> dict[str, int]:
        return {
            "samples": self.cut,
            "completion_tokens": self.written,
            "saved_tokens": self.saved,
        }


def account_for(spendings: Iterable[Spending], savings: Iterable[str] = ()) -> Accounting:
    """Sum up. Unattributed is what no recorded solution holds: the endpoint's probe, calls lost
    to a kill, and calls of problems that have no row yet. `savings` are those of each stage, as
    JSON."""
    accounting = Accounting()
    for samples, written, saved in map(orjson.loads, savings):
        accounting.cut += samples
        accounting.written += written
        accounting.saved += saved
    for spending in spendings:
        if spending.stage == GRADING:
            accounting.grading.add(spending)
            continue
        for bills, name in (
            (accounting.by_stage, spending.stage),
            (accounting.by_strategy, spending.strategy),
            (accounting.by_model, spending.model),
        ):
            bills.setdefault(name, Bill()).add(spending)
        accounting.totals.add(spending)
        if spending.state == "lost" or not spending.solved:
            accounting.unattributed.add(spending)
    return accounting
