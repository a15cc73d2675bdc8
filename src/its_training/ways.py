"""Every way of spending compute on a set of problems: right or not, and FLOPs, a problem each.

Votes are replayed on pools; searches are run, and kept in a file.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import astuple, dataclass

import numpy as np
from numpy.typing import NDArray

from its_training.pools import Entry, Weights
from its_training.problems import Problem
from its_training.scaling import Outcome, Rule, answer
from its_training.search import Walked, search, vote, vote_with_samples
from its_training.writing import Writers

Floats = NDArray[np.float64]

_COUNTS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64)
_STOPS = (0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.93, 0.95, 0.97, 0.98, 0.99)
FAMILIES: dict[str, tuple[Rule, ...]] = {
    "vote": tuple(Rule(k) for k in _COUNTS),
    "certainty-weighted vote": tuple(Rule(k, "certainty") for k in _COUNTS),
    "verifier-weighted vote": tuple(Rule(k, "reading") for k in _COUNTS[1:]),
    "weighted by verifier and certainty": tuple(Rule(k, "both") for k in _COUNTS[1:]),
    "critique-weighted vote": tuple(Rule(k, "critique") for k in (2, 4, 8, 16)),
    "adaptive": tuple(
        Rule(most, weigh, stop)
        for weigh in ("one", "certainty", "reading", "both")
        for most in (4, 8, 16, 32, 64)
        for stop in _STOPS
    ),
    "adaptive, verifier in doubt": tuple(
        Rule(most, weigh, stop, doubt)
        for weigh in ("reading", "both")
        for most in (4, 8, 16, 32, 64)
        for stop in _STOPS
        for doubt in (0.75, 0.9, 0.97)
    ),
}
SEARCH, SEARCH_AND_SAMPLES = "search", "search and samples"
# Searches: whether the verifier reads too, which lines are doubted, and most paths.
_SEARCHES = ((False, 0.9, 3), (True, 0.6, 2), (True, 0.8, 3))
_CERTAIN = (0.5, 0.7, 0.8, 0.9, 0.95)


@dataclass(frozen=True)
class Measured:
    """A way of answering on a set of problems: right or not, and FLOPs, problem by problem."""

    family: str
    name: str
    right: Floats
    flops: Floats


def replayed(entries: Sequence[Entry]) -> list[Measured]:
    found = []
    checked = sum(s.check is not None for s in entries[0].samples)
    for family, rules in FAMILIES.items():
        for rule in rules:
            if rule.most > len(entries[0].samples):
                continue
            if rule.weigh == "critique" and rule.most > checked:
                continue
            outcomes = [answer(e, rule) for e in entries]
            found.append(measured_way(family, rule.name, outcomes))
    return found


def searched(options: argparse.Namespace, split: str, entries: Sequence[Entry]) -> list[Measured]:
    """The searches' outcomes, from their file or run afresh."""
    path = options.folder / f"{split}-search.json"
    if not path.exists():
        path.write_text(json.dumps(_search_afresh(options, [e.problem for e in entries])))
    found = []
    for name, kept in json.loads(path.read_text()).items():
        walked = [tuple(Walked(*each) for each in paths) for paths in kept]
        for most in range(1, max(map(len, walked)) + 1):
            for enough in _CERTAIN if most > 1 else _CERTAIN[-1:]:
                outcomes = [
                    vote(paths[:most], enough, e.problem)
                    for paths, e in zip(walked, entries, strict=True)
                ]
                settings = f"{name}, {most} paths, stop at {enough}" if most > 1 else name
                found.append(measured_way(SEARCH, settings, outcomes))
        if entries[0].samples[0].reading is not None:
            found += _with_samples(name, walked, entries)
    return found


def _with_samples(
    name: str, walked: Sequence[tuple[Walked, ...]], entries: Sequence[Entry]
) -> list[Measured]:
    """A search's first path, and where it is not certain a second one and samples."""
    found = []
    for count in (4, 8, 16, 32):
        for enough in _CERTAIN:
            outcomes = [
                vote_with_samples(paths[:2], entry, count, enough)
                for paths, entry in zip(walked, entries, strict=True)
            ]
            settings = f"{name}, 2 paths and {count} samples, stop at {enough}"
            found.append(measured_way(SEARCH_AND_SAMPLES, settings, outcomes))
    return found


def _search_afresh(
    options: argparse.Namespace, problems: Sequence[Problem]
) -> dict[str, list[list[tuple[str | None, float, float]]]]:
    weights = Weights.in_folder(options.weights)
    if weights.verifier is None:
        return {}
    found = {}
    with (
        Writers(weights.solver, options.processes) as solver,
        Writers(weights.verifier, options.processes) as verifier,
    ):
        for reads, doubt, most in _SEARCHES:
            styles = options.styles[:most]
            paths = search(
                solver, verifier if reads else None, problems, styles, doubt, max(_CERTAIN)
            )
            name = f"search, doubt below {doubt}" + (", verifier reads" if reads else "")
            found[name] = [[astuple(path) for path in each] for each in paths]
    return found


def measured_way(family: str, name: str, outcomes: Sequence[Outcome]) -> Measured:
    right = np.array([o.right for o in outcomes], dtype=np.float64)
    return Measured(family, name, right, np.array([o.flops for o in outcomes]))
