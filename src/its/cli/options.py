"""Options that several commands share, and the pipeline they add up to."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from its.pipeline.config import Pipeline

PRESETS = (
    "adaptive",
    "best_of_n",
    "cascade",
    "deep_reasoning",
    "embedded",
    "greedy",
    "local",
    "programs",
    "search",
    "self_consistency",
    "thorough",
)
"""The shipped presets, named here so that the help need not look for them; where none is named the
first is taken, `embedded` with the embedded models, and `local` with those from a file."""

Config = Annotated[
    str | None,
    typer.Option(
        "-c",
        "--config",
        metavar="FILE|NAME",
        autocompletion=lambda incomplete: [p for p in PRESETS if p.startswith(incomplete)],
        help=f"Pipeline: a YAML file or a preset: {', '.join(PRESETS)}.",
    ),
]
ModelName = Annotated[
    str | None,
    typer.Option(
        "-m",
        "--model",
        metavar="NAME",
        help="Model at the endpoint, or an alias of yours; if not set, the embedded one.",
    ),
]
BaseUrl = Annotated[
    str | None,
    typer.Option(
        "--base-url", metavar="URL", help="OpenAI-compatible endpoint ($OPENAI_BASE_URL)."
    ),
]
Budget = Annotated[
    str | None,
    typer.Option(
        "--budget",
        metavar="AMOUNT",
        help="Most that one problem may spend: 40 (completions), 50ktok, 2usd, 30s.",
    ),
]
Concurrency = Annotated[
    int | None, typer.Option("--concurrency", metavar="N", min=1, help="Most calls in flight.")
]
Seed = Annotated[
    int | None,
    typer.Option(
        "--seed", metavar="N", min=-(2**63), max=2**63 - 1, help="Makes a run reproducible."
    ),
]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY.PATH=VALUE",
        help="Change one key of the pipeline: stages.0.n=8. May be repeated.",
    ),
]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="No progress and no summary.")]


Map = Annotated[
    list[str] | None,
    typer.Option(
        "--map",
        metavar="PART=FIELD",
        help="Which field is what: question=body.text. Also context, choices, reference, id.",
    ),
]
Template = Annotated[
    str | None,
    typer.Option(
        "--template",
        metavar="TEXT",
        help='The question from several fields: "{text}\\n\\n{ask}".',
    ),
]


def with_input(
    pipeline: Pipeline,
    assignments: list[str] | None,
    template: str | None,
    question_field: str | None = None,
    answer_field: str | None = None,
) -> Pipeline:
    """The pipeline with its `input` as the options change it. Raises UsageError."""
    from its.pipeline.config import InputSettings
    from its.problems.field_names import FieldNames
    from its.problems.template import typed_template

    named = parse_map(assignments)
    named |= {"question": question_field} if question_field else {}
    named |= {"reference": answer_field} if answer_field else {}
    own = pipeline.input
    chosen = own.template if "question" not in named else None
    if template is not None:
        chosen = typed_template(template)
    fields = {**own.map, **named}
    FieldNames.given(None, None, fields, chosen)
    changed = InputSettings.model_construct(map=fields, template=chosen)
    return pipeline.model_copy(update={"input": changed})


def parse_map(assignments: list[str] | None) -> dict[str, str]:
    """`--map question=body.text`; raises UsageError."""
    from its.errors import UsageError

    fields: dict[str, str] = {}
    for assignment in assignments or ():
        part, equals, path = assignment.partition("=")
        if not equals or not path.strip():
            raise UsageError(f"--map {assignment!r} needs a part and a field: --map question=FIELD")
        fields[part.strip()] = path.strip()
    return fields


def resolve_pipeline(
    config: str | None,
    model: str | None,
    base_url: str | None,
    budget: str | None = None,
    concurrency: int | None = None,
    seed: int | None = None,
    settings: list[str] | None = None,
) -> Pipeline:
    """The pipeline that a preset or file, the options and the environment add up to.

    Raises ConfigurationError with every fault at once.
    """
    from its.cli.user_settings import user_settings
    from its.pipeline.catalogue import problems
    from its.pipeline.load import load_pipeline, parse_override

    for sentence in problems():
        print(f"its: {sentence}", file=sys.stderr)
    own = user_settings()
    config = config or own.config
    changes = [parse_override(assignment) for assignment in settings or ()]
    if model is None and not _names_model(config, changes):
        model = own.model
    given = {"model.base_url": base_url, "model.concurrency": concurrency}
    named = [each for each in own.keys_of(model) if given.get(each[0]) is None]
    return load_pipeline(
        config,
        [*named, *changes],
        model=dict(named).get("model.name"),
        base_url=base_url,
        budget=budget,
        concurrency=concurrency,
        seed=seed,
        defaults=own.defaults,
    )


def _names_model(config: str | None, changes: list[tuple[str, Any]]) -> bool:
    """Whether the pipeline itself says which model runs it."""
    from its.pipeline.load import read_document

    said = read_document(config).data.get("model") if config else None
    here = said if isinstance(said, dict) else {}
    changed = {path for path, _ in changes}
    return bool({"name", "file"} & here.keys() or {"model", "model.name", "model.file"} & changed)
