"""`its check`: is the configuration valid, and what can the endpoint do?"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from its.cli import options

if TYPE_CHECKING:
    from its.pipeline.channels import Cast
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
    from its.pipeline.channels import open_cast

    pipeline = options.resolve_pipeline(config, model, base_url, settings=settings)
    cast = open_cast(pipeline)
    asyncio.run(_check(pipeline, cast))


async def _check(pipeline: Pipeline, cast: Cast) -> None:
    """The pipeline comes first, so that it is seen whatever the endpoints say."""
    from its.pipeline.channels import model_roles, public_address
    from its.views.checking import endpoint_lines, pipeline_lines, prompt_lines
    from its.views.messages import open_console

    console = open_console(stderr=False)

    def say(text: str, style: str | None = None) -> None:
        console.print(text if console.is_terminal else f"# {text}".rstrip(), style=style)

    for line in pipeline_lines(pipeline):
        console.print(line.drawn(), soft_wrap=True)
    try:
        say("")
        say("Prompts", "bold")
        for told in prompt_lines(pipeline, cast.prompts):
            say(f"  {told}")
        settings = model_roles(pipeline)
        for role, channel in cast.channels.items():
            address = public_address(settings[role])
            say("")
            say(f"{role}: {channel.name}" + (f" at {address}" if address else ""), "bold")
            for told in endpoint_lines(*await channel.model.probe()):
                say(f"  {told}")
    finally:
        await cast.close()
