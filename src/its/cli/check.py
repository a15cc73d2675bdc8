"""`its check`: is the configuration valid, and what can the endpoint do?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from its.cli import options

if TYPE_CHECKING:
    from its.pipeline.clients import OpenModels
    from its.pipeline.config import Pipeline


def check(
    config: Annotated[
        str | None, typer.Argument(metavar="CONFIG", help="Pipeline: a YAML file or a preset.")
    ] = None,
    model: options.ModelName = None,
    base_url: options.BaseUrl = None,
    settings: options.Settings = None,
) -> None:
    """Validate the configuration, ask the endpoint what it can do, and print both."""
    import asyncio

    from its.pipeline.clients import open_models

    pipeline = options.resolve_pipeline(config, model, base_url, settings=settings)
    models = open_models(pipeline)
    asyncio.run(_check(pipeline, models))


async def _check(pipeline: Pipeline, models: OpenModels) -> None:
    """The pipeline comes first, so that it is seen whatever the endpoints say."""
    from its.models.known import remark_on_price
    from its.pipeline.clients import model_roles, public_address
    from its.pipeline.preflight import require
    from its.views.checking import LABEL, endpoint_lines, pipeline_lines, prompt_lines
    from its.views.messages import open_console

    console = open_console(stderr=False)

    def say(text: str, style: str | None = None) -> None:
        console.print(text if console.is_terminal else f"# {text}".rstrip(), style=style)

    for line in pipeline_lines(pipeline):
        console.print(line.drawn(), soft_wrap=True)
    try:
        say("")
        say("Prompts", "bold")
        for text in prompt_lines(pipeline, models.prompts):
            say(f"  {text}")
        settings = model_roles(pipeline)
        found = {}
        for role, client in models.clients.items():
            address = public_address(settings[role])
            say("")
            say(f"{role}: {client.name}" + (f" at {address}" if address else ""), "bold")
            found[role], usage = await client.model.probe()
            for text in endpoint_lines(found[role], usage):
                say(f"  {text}")
            remark = remark_on_price(settings[role])
            if remark is not None:
                say(f"  {'price':<{LABEL}}{remark}")
        require(pipeline, found)
    finally:
        await models.close()
