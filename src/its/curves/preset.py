"""A tuned policy as a pipeline that `its solve -c` runs."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import yaml

from its.curves.policies import RULES
from its.curves.tuning import Tuned


def preset(tuned: Tuned, source: str) -> str:
    """The YAML, with what was measured above it."""
    policy = tuned.policy
    most = policy.samples(10)
    stages: list[dict[str, Any]] = [
        {"strategy": "self_consistency", "name": f"from-{level}", "n": n}
        | ({"from_budget": most * level} if level > 1 else {})
        for level, n in policy.stages
    ] or [{"strategy": "self_consistency", "n": 1, "from_budget": most * 10 + 1}]
    pipeline: dict[str, Any] = {
        "difficulty": {"method": "probe", "samples": policy.probe}
        if policy.probe
        else {"method": "fixed", "value": 1},
        "budget": {"per_difficulty": most, "max": most * 10},
        "stages": stages,
        "stop": _rule(policy.rule, most),
        "select": {
            "method": "vote",
            "calibration": [round(tuned.calibration.offset, 4), round(tuned.calibration.slope, 4)],
        },
    }
    return "\n".join(f"# {line}" for line in _measured(tuned, source)) + "\n" + _dump(pipeline)


def _rule(name: str, most: int) -> dict[str, Any]:
    if name == "none":
        return {"rule": "none"}
    rule = RULES[name]
    return {"rule": rule.name, **asdict(rule), "maximum": most}


def _measured(tuned: Tuned, source: str) -> list[str]:
    held = tuned.held_out
    return [
        f"Tuned on {source} for a mean of {tuned.budget:g} completions per problem.",
        f"Held out: {held.accuracy:.3f} at {held.cost:.2f} completions; self-consistency at the",
        f"same cost {tuned.vote.accuracy:.3f}: {tuned.gain:+.3f} "
        f"[{tuned.low:+.3f}, {tuned.high:+.3f}].",
        f"Calibration error of the confidence, held out: {tuned.error_before:.3f} as it is, "
        f"{tuned.error_after:.3f} calibrated.",
    ]


def _dump(pipeline: dict[str, Any]) -> str:
    return yaml.safe_dump(pipeline, sort_keys=False, default_flow_style=None, width=100)
