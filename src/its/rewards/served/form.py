"""How a reward model wants its texts and what its numbers mean: plain data, with known models."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cache
from importlib.resources import files
from typing import Any, Literal

ScoreMapping = Literal["identity", "logistic"]
Steps = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Form:
    """`scores`: one number a step or one a reply. `template` holds a whole conversation with
    `{question}` and `{reply}`; where it is empty, messages are sent (`system` first) and the server
    uses its own chat template. Every step of a reply is followed by `step_end`, and
    `step_separator` stands between two. `positive` is the place of the good class in a row of
    several. `mapping` leads from the server's number to (0, 1): itself, or
    1 / (1 + exp(-(x - offset) / scale)). `good` and `bad` are the tokens of a model that writes its
    verdict. `truncate` asks the server to cut what is too long; `batch` texts share a call."""

    scores: Literal["outcome", "steps"] = "outcome"
    api: str = ""
    system: str = ""
    template: str = ""
    step_separator: str = "\n\n"
    step_end: str = ""
    positive: int = -1
    mapping: ScoreMapping | None = None
    scale: float = 1.0
    offset: float = 0.0
    good: str = "+"
    bad: str = "-"
    truncate: bool = False
    batch: int = 16

    def with_(self, **given: Any) -> Form:
        """This form with what is given; None changes nothing."""
        return replace(self, **{key: value for key, value in given.items() if value is not None})

    def messages(self, question: str, steps: Steps) -> list[dict[str, str]]:
        """The conversation that the server's own chat template puts together."""
        system = [{"role": "system", "content": self.system}] if self.system else []
        return [
            *system,
            {"role": "user", "content": self._clean(question)},
            {"role": "assistant", "content": self.reply(steps)},
        ]

    def text(self, question: str, steps: Steps) -> str:
        """The conversation as one text."""
        values = {
            "system": self.system,
            "question": self._clean(question),
            "reply": self.reply(steps),
        }
        template = self.template or "{question}\n\n{reply}"
        return _PLACE.sub(lambda found: values[found[1]], template)

    def reply(self, steps: Steps) -> str:
        return self.step_separator.join(self._clean(step) + self.step_end for step in steps)

    def _clean(self, text: str) -> str:
        """A text without the mark of a step's end: each one would be scored as a step."""
        mark = self.step_end.strip()
        return text.replace(mark, "") if mark else text


_PLACE = re.compile(r"\{(system|question|reply)\}")


def on_unit(value: float, form: Form) -> float | None:
    """The server's number in (0, 1); None where it is no probability and is taken as one."""
    if form.mapping == "logistic":
        return _logistic((value - form.offset) / form.scale)
    return value if 0 <= value <= 1 else None


def _logistic(x: float) -> float:
    """Without overflow, and strictly within (0, 1) as far as doubles go."""
    if x >= 0:
        return 1 / (1 + math.exp(-x))
    power = math.exp(max(x, -700.0))
    return power / (1 + power)


@dataclass(frozen=True, slots=True)
class KnownReward:
    """What a model card says of a reward model: a form for every model whose name matches."""

    pattern: str
    form: Form
    source: str
    as_of: str
    matches: re.Pattern[str] = field(repr=False)


def known_form(name: str) -> Form | None:
    """The form of a well-known model by its name, with or without its organisation."""
    bare = name.rsplit("/", 1)[-1]
    return next((known.form for known in known_rewards() if known.matches.fullmatch(bare)), None)


@cache
def known_rewards() -> Sequence[KnownReward]:
    """The table in `known_rewards.yaml`."""
    import yaml

    text = files("its.rewards.served").joinpath("known_rewards.yaml").read_text("utf-8")
    table: list[Mapping[str, Any]] = yaml.safe_load(text)
    settings = {each.name for each in fields(Form)}
    return [
        KnownReward(
            entry["model"],
            Form(**{key: value for key, value in entry.items() if key in settings}),
            entry["source"],
            str(entry["as_of"]),
            re.compile(entry["model"], re.IGNORECASE),
        )
        for entry in table
    ]
