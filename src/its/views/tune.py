"""What `its tune` says."""

from __future__ import annotations

from its.curves.policies import LEVELS, Policy
from its.curves.tuning import Tuned


def tune_lines(tuned: Tuned) -> list[str]:
    """The policy, its held-out gain, and whether it is worth anything."""
    held, vote = tuned.held_out, tuned.vote
    lines = [
        *policy_in_words(tuned.policy),
        f"On the problems it was chosen on: {tuned.expected.accuracy:.3f} at "
        f"{tuned.expected.cost:.2f} completions per problem.",
        f"Held out (two folds): {held.accuracy:.3f} at {held.cost:.2f}; plain voting at the same "
        f"cost {vote.accuracy:.3f}.",
        f"Gain: {tuned.gain:+.3f}, 95 % interval {tuned.low:+.3f} to {tuned.high:+.3f}.",
        f"The confidence is off by {tuned.error_before:.3f} (expected calibration error); by "
        f"{tuned.error_after:.3f} with a calibration from the other half. The preset holds one.",
    ]
    if not tuned.beats_voting:
        lines.append(
            "Nothing here beats plain voting beyond chance: the interval holds zero. "
            "Take the preset only if you like it for another reason."
        )
    return lines


def policy_in_words(policy: Policy) -> list[str]:
    rule = "" if policy.rule == "none" else f", ended early by {policy.rule}"
    if not policy.probe:
        return [f"Every problem draws up to {policy.samples(10)} samples{rule}."]
    words = [f"{policy.probe} samples probe every problem; their agreement is its difficulty."]
    bounds = [
        level for level in LEVELS if level == 1 or policy.samples(level) > policy.samples(level - 1)
    ]
    for first, following in zip(bounds, [*bounds[1:], 11], strict=True):
        most = policy.samples(first)
        limit = rule if most > policy.probe else ""
        levels = f"{first}" if following == first + 1 else f"{first} to {following - 1}"
        words.append(f"Difficulty {levels}: {most} samples in all{limit}.")
    return words
