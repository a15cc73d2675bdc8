"""`its init`: a commented pipeline for a file of problems and a model."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from its.cli import options
from its.errors import UsageError

if TYPE_CHECKING:
    from its.pipeline.config import Pipeline
    from its.pipeline.drafting import Asked, Subject

NAMED = 20
WRITTEN = frozenset({"name", "base_url", "api_key_env", "max_tokens", "concurrency"})
"""Keys of the model that every draft writes."""

LOOKED_AT = 1_000
"""Problems that are read to see what the file holds."""

Source = Annotated[
    list[str], typer.Argument(metavar="PROBLEMS...", help="Files of problems.", show_default=False)
]


def init(
    problems: Source,
    model: options.ModelName = None,
    base_url: options.BaseUrl = None,
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="FILE.yaml", help="Where to write.")
    ] = Path("pipeline.yaml"),
    map_: options.Map = None,
    template: options.Template = None,
) -> None:
    """Write a commented pipeline that suits the problems and the model.

    An endpoint is asked what it can do; a file that is there is not overwritten.
    """
    import asyncio

    from its.pipeline.drafting import draft
    from its.pipeline.load import load_pipeline
    from its.views.messages import Messages

    if output.exists():  # before an endpoint is asked; writing makes sure
        raise UsageError(f"{output} is there already; name another file with --output")
    if model is None and (base_url or os.environ.get("OPENAI_BASE_URL")):
        model = asyncio.run(_only_model(base_url))
    pipeline = options.resolve_pipeline("greedy", model, base_url)
    subject = _subject(problems, options.with_input(pipeline, map_, template))
    asked = asyncio.run(_asked(pipeline))
    _write(output, draft(subject, asked, sandbox=_has_sandbox()))
    load_pipeline(str(output))
    messages = Messages()
    messages.say(subject.reading)
    messages.say(f"Written: its solve {' '.join(problems)} -c {output}")


def _subject(sources: list[str], pipeline: Pipeline) -> Subject:
    """What the first problems of the input are."""
    from collections import Counter

    from its.pipeline.drafting import Subject
    from its.problems.problem import Problem
    from its.problems.reading import open_problems
    from its.problems.sources import is_stream
    from its.views.opening import reading_line

    if any(map(is_stream, sources)):
        raise UsageError("a stream can be read once only; give `its init` a file")
    own = pipeline.input
    with open_problems(sources, fields=own.map, template=own.template, limit=LOOKED_AT) as reader:
        found = [row for row in reader if isinstance(row, Problem)]
    kinds = Counter(row.question.kind for row in found)
    return Subject(
        ", ".join(sources),
        reading_line(reader.findings),
        tuple(kind for kind, _ in kinds.most_common()),
        any(row.reference is not None or row.verifier is not None for row in found),
        tuple(own.map.items()),
        own.template,
    )


async def _asked(pipeline: Pipeline) -> Asked:
    """The model, and what its endpoint says of it. Raises EndpointError."""
    from its.pipeline.clients import open_models
    from its.pipeline.drafting import Asked
    from its.redaction import public_address, redact

    settings = pipeline.model
    models = open_models(pipeline)
    try:
        found, _ = await models.clients["model"].model.probe()
    finally:
        await models.close()
    if settings.base_url is None:
        return Asked(settings.name, None, found.context, found.thinks)
    given = redact(settings.model_dump(mode="json", exclude_unset=True))
    more = tuple((key, value) for key, value in given.items() if key not in WRITTEN)
    address = public_address(settings.base_url)
    return Asked(settings.name, address, found.context, found.thinks, settings.api_key_env, more)


async def _only_model(base_url: str | None) -> str:
    """The one model that an endpoint lists. Raises EndpointError where there are others."""
    from its.models.openai.backend import EndpointBackend
    from its.models.settings import ModelSettings

    settings = ModelSettings(name="?", base_url=base_url)
    model = EndpointBackend().open(settings, seed=0, streamed=False)
    try:
        names = await model.listed_names()
    finally:
        await model.close()
    if len(names) == 1:
        return names[0]
    there = f"it lists {', '.join(names[:NAMED])}" if names else "it lists none"
    raise UsageError(f"name the endpoint's model with --model NAME: {there}")


def _has_sandbox() -> bool:
    from its.errors import SandboxUnavailable
    from its.verifiers.sandbox import available_interpreter

    try:
        available_interpreter()
    except SandboxUnavailable:
        return False
    return True


def _write(path: Path, text: str) -> None:
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise UsageError(f"{path} is there already; name another file with --output") from None
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror or error}") from None
