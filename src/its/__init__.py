"""Inference-time scaling: better answers from the same model, every token accounted for.

`its.solve` solves problems with a pipeline; `its.Session` holds a run open; `its.load_pipeline`
reads a pipeline. A part of one's own (a strategy, a reward, ...) subclasses one of the bases here
and is found by an entry point. The names below are all that is public.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from its.allocation.cutting import Cutting, CuttingRule
    from its.allocation.difficulty import Difficulty, DifficultyMethod, DifficultyProbe
    from its.allocation.stopping import StoppingRule
    from its.calls.protocol import Door
    from its.candidates import Answer, Candidate, Score, Selection
    from its.errors import (
        BudgetExhausted,
        CallError,
        ConfigurationError,
        EndpointError,
        InputError,
        ItsError,
        PermanentCallError,
        RunDirectoryError,
        RunInterrupted,
        SandboxUnavailable,
        TransientCallError,
        UsageError,
    )
    from its.library import Solving, solve
    from its.models.backend import Defaults, ModelBackend
    from its.models.protocol import Capabilities, Completion, Model, Received, Reply, Request
    from its.models.settings import ModelSettings
    from its.models.watching import Cut, Watch
    from its.parts import Need, Part
    from its.pipeline.config import Pipeline
    from its.pipeline.load import load_pipeline, preset_names
    from its.pipeline.solution import Baseline, Solution
    from its.problems.problem import Message, Problem, Question
    from its.prompts import PromptSet
    from its.rewards.protocol import Reward
    from its.selection.protocol import Ballot, Selector
    from its.session import Session
    from its.strategies.asking import ask, ask_all, candidate_from
    from its.strategies.protocol import Assignment, Outcome, Strategy
    from its.usage import Usage

__version__ = "0.2.0"

_HOMES = {
    "its.allocation.cutting": ("Cutting", "CuttingRule"),
    "its.allocation.difficulty": ("Difficulty", "DifficultyMethod", "DifficultyProbe"),
    "its.allocation.stopping": ("StoppingRule",),
    "its.calls.protocol": ("Door",),
    "its.candidates": ("Answer", "Candidate", "Score", "Selection"),
    "its.errors": (
        "BudgetExhausted",
        "CallError",
        "ConfigurationError",
        "EndpointError",
        "InputError",
        "ItsError",
        "PermanentCallError",
        "RunDirectoryError",
        "RunInterrupted",
        "SandboxUnavailable",
        "TransientCallError",
        "UsageError",
    ),
    "its.library": ("Solving", "solve"),
    "its.models.backend": ("Defaults", "ModelBackend"),
    "its.models.protocol": (
        "Capabilities",
        "Completion",
        "Model",
        "Received",
        "Reply",
        "Request",
    ),
    "its.models.settings": ("ModelSettings",),
    "its.models.watching": ("Cut", "Watch"),
    "its.parts": ("Need", "Part"),
    "its.pipeline.config": ("Pipeline",),
    "its.pipeline.load": ("load_pipeline", "preset_names"),
    "its.pipeline.solution": ("Baseline", "Solution"),
    "its.problems.problem": ("Message", "Problem", "Question"),
    "its.prompts": ("PromptSet",),
    "its.rewards.protocol": ("Reward",),
    "its.selection.protocol": ("Ballot", "Selector"),
    "its.session": ("Session",),
    "its.strategies.asking": ("ask", "ask_all", "candidate_from"),
    "its.strategies.protocol": ("Assignment", "Outcome", "Strategy"),
    "its.usage": ("Usage",),
}
"""Where every public name lives. They are imported on first use: `its --help` needs none."""

_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "Answer",
    "Assignment",
    "Ballot",
    "Baseline",
    "BudgetExhausted",
    "CallError",
    "Candidate",
    "Capabilities",
    "Completion",
    "ConfigurationError",
    "Cut",
    "Cutting",
    "CuttingRule",
    "Defaults",
    "Difficulty",
    "DifficultyMethod",
    "DifficultyProbe",
    "Door",
    "EndpointError",
    "InputError",
    "ItsError",
    "Message",
    "Model",
    "ModelBackend",
    "ModelSettings",
    "Need",
    "Outcome",
    "Part",
    "PermanentCallError",
    "Pipeline",
    "Problem",
    "PromptSet",
    "Question",
    "Received",
    "Reply",
    "Request",
    "Reward",
    "RunDirectoryError",
    "RunInterrupted",
    "SandboxUnavailable",
    "Score",
    "Selection",
    "Selector",
    "Session",
    "Solution",
    "Solving",
    "StoppingRule",
    "Strategy",
    "TransientCallError",
    "Usage",
    "UsageError",
    "Watch",
    "ask",
    "ask_all",
    "candidate_from",
    "load_pipeline",
    "preset_names",
    "solve",
]


def __getattr__(name: str) -> object:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'its' has no attribute {name!r}")
    value: object = getattr(import_module(_HOME_OF[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
