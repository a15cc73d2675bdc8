"""`its check`: is the configuration valid, and what can the endpoint do?"""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from its.cli import options


def check(
    config: Annotated[
        str | None, typer.Argument(metavar="[CONFIG]", help="Pipeline: a YAML file or a preset.")
    ] = None,
    model: options.ModelName = None,
    base_url: options.BaseUrl = None,
    settings: options.Settings = None,
) -> None:
    """Validate the configuration, ask the endpoint what it can do, and print both."""
    from its.views.checking import print_check

    pipeline = options.resolve_pipeline(config, model, base_url, settings=settings)
    asyncio.run(print_check(pipeline))
