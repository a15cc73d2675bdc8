"""Replaying recorded judgements: what voting, ties and stopping are worth, without a model."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from its.errors import InputError
from its.judging.accuracy import accuracy, credit
from its.problems.json_line import LineFault, parse_object, type_name
from its.problems.lines import BrokenLine, name_of, numbered_lines, open_lines
from its.rewards.voting import AdaptiveVoting, JudgedScores, totals


@dataclass(frozen=True, slots=True)
class RecordedItem:
    """Scores of all responses to one query: `samples[j][i]` is the j-th sample's score of the
    i-th response, None where it could not be read. `label` is the right response, None unknown."""

    id: str
    label: int | None
    samples: tuple[tuple[float | None, ...], ...]

    @property
    def responses(self) -> int:
        return len(self.samples[0]) if self.samples else 0


def replay(items: Sequence[RecordedItem], rule: AdaptiveVoting) -> dict[str, Any]:
    """Accuracy after 1, 2, ... samples of every item, and with `rule` deciding when to stop.

    Only labelled items count for accuracy; `by_k` goes up to the number of samples that every
    one of them has.
    """
    labelled = [item for item in items if item.label is not None]
    most = min((len(item.samples) for item in labelled), default=0)
    by_k = [
        {"k": k} | accuracy([_credit(item, item.samples[:k]) for item in labelled])
        for k in range(1, most + 1)
    ]
    prefixes = [_prefix(item, rule) for item in labelled]
    spent = [len(prefix) for prefix in prefixes]
    adaptive = {
        "mean_k": round(sum(spent) / len(spent), 6) if spent else None,
        **accuracy([_credit(i, prefix) for i, prefix in zip(labelled, prefixes, strict=True)]),
    }
    return {
        "items": len(items),
        "labelled": len(labelled),
        "by_k": by_k,
        "adaptive": adaptive | {"stopped_at": [spent.count(k) for k in range(1, most + 1)]},
    }


def read_recorded(source: str) -> list[RecordedItem]:
    """All items of a file of recorded scores: `{"id", "label", "scores": [[...] a response]}`.

    Raises InputError naming file, line and field for the first that cannot be used.
    """
    with open_lines(source) as stream:
        return list(_items(source, numbered_lines(stream)))


def _items(source: str, lines: Iterator[tuple[int, bytes | BrokenLine]]) -> Iterator[RecordedItem]:
    for number, line in lines:
        try:
            if isinstance(line, BrokenLine):
                raise LineFault(line.reason)
            yield _item(parse_object(line), number)
        except LineFault as fault:
            raise InputError(f"{name_of(source)}, line {number}: {fault}") from None


def _item(row: dict[str, Any], number: int) -> RecordedItem:
    scores = row.get("scores")
    if not isinstance(scores, list) or not scores or not all(isinstance(s, list) for s in scores):
        raise LineFault("`scores` must hold a list of scores for each response")
    if len({len(of_one) for of_one in scores}) > 1:
        raise LineFault("every response needs as many `scores` as the others; write null for none")
    for value in (value for of_one in scores for value in of_one):
        if value is not None and not _is_number(value):
            raise LineFault(f"`scores` holds {type_name(value)}; write numbers or null")
    label = row.get("label")
    if label is not None and not (type(label) is int and 0 <= label < len(scores)):
        raise LineFault(f"`label` must be a response's number from 0 to {len(scores) - 1}, or null")
    samples = tuple(zip(*scores, strict=True))
    return RecordedItem(str(row.get("id", f"line:{number}")), label, samples)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _prefix(item: RecordedItem, rule: AdaptiveVoting) -> Sequence[JudgedScores]:
    most = len(item.samples)
    for k in range(1, most):
        if rule.decided(item.samples[:k], item.responses, most):
            return item.samples[:k]
    return item.samples


def _credit(item: RecordedItem, samples: Sequence[JudgedScores]) -> Any:
    return credit(totals(samples, item.responses), item.label or 0)
