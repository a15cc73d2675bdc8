"""Writes docs/configuration.md from the schema: `python -m tests.docs.reference`."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from its.allocation import CUTTING_RULES, DIFFICULTIES, STOP_RULES
from its.models import settings
from its.parts import Part, setting_key
from its.pipeline import config
from its.rewards import REWARDS
from its.selection import SELECTORS
from its.strategies import STRATEGIES

PAGE = Path(__file__).parents[2] / "docs" / "configuration.md"
HEAD = """# Configuration

A pipeline is a YAML file. Every key but `stages` has a default; `its check FILE` prints the file
with all of them, `its schema` the JSON Schema for editors. `--set key.path=value` changes one key,
list items by number. All faults are told at once, each with its path and line.

```yaml
model:  {name: qwen2.5-7b-instruct, base_url: http://localhost:8000/v1, concurrency: 64}
difficulty: {method: ask}
budget: {per_difficulty: 10, max: 100}
stages:
  - {strategy: attempts, from_budget: 10, n: 5}
  - {strategy: deep_reasoning, from_budget: 30, rounds: 1}
stop:   {rule: adaptive_consistency, threshold: 0.95}
select: {method: weighted_vote, reward: self_evaluation}
```

This page is written from the schema.
"""
SECTIONS: tuple[tuple[str, str, type[BaseModel]], ...] = (
    ("The pipeline", "", config.Pipeline),
    ("model, judge, models.NAME", "model.", settings.ModelSettings),
    ("price", "model.price.", settings.PriceSettings),
    ("timeout", "model.timeout.", settings.TimeoutSettings),
    ("retries", "model.retries.", settings.RetrySettings),
    ("reasoning", "model.reasoning.", settings.ReasoningSettings),
    ("budget", "budget.", config.BudgetSettings),
    ("Any stage", "stages.N.", config.StageBase),
    ("Any selection", "select.", config.SelectBase),
    ("Any stopping rule", "stop.", config.StopBase),
    ("verify", "verify.", config.VerifySettings),
    ("cascade", "cascade.", config.CascadeSettings),
    ("answers", "answers.", config.AnswerSettings),
    ("grade", "grade.", config.GradeSettings),
    ("prompts", "prompts.", config.PromptSettings),
    ("input", "input.", config.InputSettings),
)
REGISTRIES = (
    ("Difficulty", "difficulty: {method: NAME}", DIFFICULTIES, "docs/allocation.md"),
    ("Strategies", "stages: [{strategy: NAME}]", STRATEGIES, "docs/strategies.md"),
    ("Stopping rules", "stop: {rule: NAME}", STOP_RULES, "docs/allocation.md"),
    (
        "Cutting rules",
        "cut: NAME, or {rule: NAME}",
        CUTTING_RULES,
        "docs/allocation.md",
    ),
    ("Selection", "select: {method: NAME}", SELECTORS, "docs/selection.md"),
    ("Rewards", "reward: NAME, or {method: NAME}", REWARDS, "docs/rewards.md"),
)


def reference() -> str:
    """The whole page."""
    parts = [HEAD]
    for title, prefix, model in SECTIONS:
        parts.append(f"## {title}\n\n{_paragraph(model)}{_table(prefix, model)}")
    for title, form, registry, page in REGISTRIES:
        parts.append(
            f"## {title}\n\n`{form}`; more in [{page}]({Path(page).name}).\n\n{_parts(registry)}"
        )
    return "\n".join(parts)


def _paragraph(model: type[BaseModel]) -> str:
    return f"{' '.join(model.__doc__.split())}\n\n" if model.__doc__ else ""


def _table(prefix: str, model: type[BaseModel]) -> str:
    rows = ["| key | default | meaning |", "|---|---|---|"]
    for name, field in model.model_fields.items():
        meaning = (field.description or "").replace("|", "\\|")
        rows.append(f"| `{prefix}{name}` | {_default(field)} | {meaning} |")
    return "\n".join(rows) + "\n"


def _default(field: Any) -> str:
    if field.default_factory is not None:
        made = field.default_factory()
        return "its own" if isinstance(made, BaseModel) else f"`{made}`"
    if field.default is PydanticUndefined:
        return "needed"
    return "none" if field.default is None else f"`{field.default}`"


def _parts(registry: Mapping[str, type[Part]]) -> str:
    rows = ["| name | settings and defaults | needs | what it does |", "|---|---|---|---|"]
    for name, part in registry.items():
        settings = ", ".join(_setting(field) for field in dataclasses.fields(part) if field.init)
        needs = ", ".join(sorted(part.needs)) or "–"
        what = part.summary().replace("|", "\\|")
        rows.append(f"| `{name}` | {settings or 'none'} | {needs} | {what} |")
    return "\n".join(rows) + "\n"


def _setting(field: dataclasses.Field[Any]) -> str:
    if field.default is not dataclasses.MISSING:
        return f"`{setting_key(field)}: {field.default}`"
    if field.default_factory is not dataclasses.MISSING:
        return f"`{setting_key(field)}: {field.default_factory()}`"
    return f"`{setting_key(field)}` (needed)"


if __name__ == "__main__":
    PAGE.write_text(reference())
