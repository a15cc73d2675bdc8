"""A first pipeline for a file of problems and a model: commented YAML for its owner to change."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import yaml

LINE = 96
THINKING_TOKENS = 8192
TOKENS = 1024


@dataclass(frozen=True, slots=True)
class Subject:
    """What the pipeline is for: the input by its name and how it was read; the kinds of its
    problems by their share (`code`, `text`, `choice`, ...); whether they have references; and what
    has to be said to read it so."""

    name: str
    reading: str
    kinds: tuple[str, ...]
    graded: bool
    fields: tuple[tuple[str, str], ...] = ()
    template: str | None = None

    @property
    def kind(self) -> str:
        """What most of the problems ask for."""
        return self.kinds[0] if self.kinds else "auto"


@dataclass(frozen=True, slots=True)
class Asked:
    """The model as it was named or found; `context` and `thinks` as its endpoint says, `more` what
    else was set of it."""

    name: str
    base_url: str | None = None
    context: int | None = None
    thinks: bool = False
    api_key_env: str = "OPENAI_API_KEY"
    more: tuple[tuple[str, object], ...] = ()


def draft(subject: Subject, asked: Asked, *, sandbox: bool) -> str:
    """The YAML of a pipeline that runs as it is. `sandbox`: programs can be run here."""
    return "\n".join(
        [
            f"# A pipeline for {_plain(subject.name)}, begun by `its init`: change what you like.",
            "# `its check -c` with this file shows every key and what the model can do.",
            *_wrapped(subject.reading),
            "",
            *_model(asked),
            "",
            *_stages(subject, sandbox),
            "",
            *_budget(subject),
            *_input(subject),
            "",
        ]
    )


def _model(asked: Asked) -> Iterator[str]:
    yield "model:"
    yield f"  name: {_value(asked.name)}"
    if asked.name.startswith("embedded"):
        return
    if asked.base_url is not None:
        yield f"  base_url: {_value(asked.base_url)}"
        yield f"  api_key_env: {asked.api_key_env}  # the variable that holds the key, if any"
    for key, value in asked.more:
        yield f"  {key}: {_value(value)}"
    tokens = THINKING_TOKENS if asked.thinks else TOKENS
    if asked.context is not None:
        tokens = min(tokens, max(asked.context // 2, 1))
        yield f"  # The model's context holds {asked.context:,} tokens, the question included."
    why = "thinking included" if asked.thinks else "raise it where answers are cut off"
    yield f"  max_tokens: {tokens}  # most tokens of one reply: {why}"
    if asked.base_url is not None:
        yield "  concurrency: 32  # most calls at once; as many as the server answers together"
        yield "  # price: {input: 0.15, output: 0.60}  # USD per million tokens, if it costs money"


def _stages(subject: Subject, sandbox: bool) -> Iterator[str]:
    yield "# Every problem gets up to so many independent samples."
    if subject.kind == "code" and sandbox:
        yield "stages: [{strategy: best_of_n, n: 8}]"
        yield "# Programs run in a sandbox against tests that the model writes; the one that passes"
        yield "# most of them answers. The tests of the file only grade."
        yield "select: {method: best_of_n, reward: code_tests}"
    elif subject.kind in ("code", "text"):
        yield "stages: [{strategy: best_of_n, n: 4}]"
        yield "# Texts cannot be counted as votes: one more call picks the one that agrees best"
        yield "# with the others. Another way: {method: best_of_n, reward: generalist}."
        yield "select: {method: universal}"
    else:
        yield "stages: [{strategy: self_consistency, n: 16}]"
        yield "# Sampling ends early where the samples agree: easy problems stay cheap."
        yield "stop: {rule: adaptive_consistency, threshold: 0.95}"
        yield "# The answer that most samples give. `weighted_vote` with a reward weighs them."
        yield "select: {method: vote}"


def _budget(subject: Subject) -> Iterator[str]:
    yield "# The most that one problem may spend, in completions of any kind."
    yield "budget: {max: 40}"
    yield "# budget: {max: 40, batch: 2Mtok}  # one budget for all of them, where it gains most"
    if subject.kind in ("number", "expression", "choice", "exact", "literal"):
        yield f"# Every problem says what it wants ({subject.kind}), so no kind is set."
    elif subject.kind == "auto":
        yield "# `number` where all answers are numbers, `exact` for codes and names."
        yield "answers: {kind: auto}"
    if not subject.graded:
        yield "# No problem has a reference: the run says how sure it is, not how often right."


def _input(subject: Subject) -> Iterator[str]:
    if subject.fields or subject.template:
        yield ""
        yield "# How the file is read, as `--map` and `--template` said."
        yield "input:"
    if subject.fields:
        yield f"  map: {_value(dict(subject.fields))}"
    if subject.template:
        yield f"  template: {_value(subject.template)}"


def _wrapped(text: str) -> Iterator[str]:
    line = "#"
    for word in _plain(text).split():
        if len(line) + len(word) + 1 > LINE:
            yield line
            line = "#"
        line += f" {word}"
    yield line


def _plain(text: str) -> str:
    """Fit to stand in a comment: on one line, and nothing that YAML refuses."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _value(value: object) -> str:
    """A value as YAML on one line."""
    written: str = yaml.safe_dump(
        value, default_flow_style=True, allow_unicode=True, width=10_000, sort_keys=False
    )
    return written.removesuffix("\n").removesuffix("\n...")
