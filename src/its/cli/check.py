"""`its check`: is the configuration valid, and what can the endpoints do?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from its.cli import options
from its.errors import EndpointError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from its.calls.client import ModelClient
    from its.models.protocol import Capabilities
    from its.models.settings import ModelSettings
    from its.pipeline.clients import OpenModels
    from its.pipeline.config import Pipeline


def check(
    pipeline: Annotated[
        str | None, typer.Argument(metavar="CONFIG", help="Pipeline: a YAML file or a preset.")
    ] = None,
    config: options.Config = None,
    model: options.ModelName = None,
    base_url: options.BaseUrl = None,
    settings: options.Settings = None,
) -> None:
    """Validate the configuration, ask every endpoint anew what it can do, and print both.

    What is wrong is said at the end, all of it at once.
    """
    import asyncio

    from its.models.capability_cache import forget
    from its.pipeline.clients import open_models

    if pipeline is not None and config is not None:
        raise UsageError(f"give the pipeline once: {pipeline} or --config {config}")
    resolved = options.resolve_pipeline(pipeline or config, model, base_url, settings=settings)
    models = open_models(resolved)
    forget()  # what is shown is true now, and what later runs go by
    asyncio.run(_check(resolved, models))


async def _check(pipeline: Pipeline, models: OpenModels) -> None:
    """The pipeline comes first, so that it is seen whatever the endpoints say."""
    from its.pipeline.clients import endpoint_roles
    from its.pipeline.preflight import require
    from its.views.checking import pipeline_lines, prompt_lines
    from its.views.messages import open_console

    console = open_console(stderr=False)

    def say(text: str, style: str | None = None) -> None:
        shown = text if console.is_terminal else f"# {text}".rstrip()
        console.print(shown, style=style, soft_wrap=True)

    for line in pipeline_lines(pipeline):
        console.print(line.drawn(), soft_wrap=True)
    for text in _sources():
        say(text)
    try:
        say("")
        say("Prompts", "bold")
        for text in prompt_lines(pipeline, models.prompts):
            say(f"  {text}")
        settings = endpoint_roles(pipeline)
        found, faults = {}, []
        for role, client in models.clients.items():
            try:
                found[role] = await _check_model(role, client, settings[role], say)
            except EndpointError as error:
                say("  cannot be used: see below")
                faults.append(f"{role}: {error}" if len(settings) > 1 else str(error))
        if faults:
            raise EndpointError("\n".join(faults))
        require(pipeline, found)
    finally:
        await models.close()


async def _check_model(
    role: str, client: ModelClient, settings: ModelSettings, say: Callable[..., None]
) -> Capabilities:
    from its.models.known import remark_on_price
    from its.pipeline.clients import public_address
    from its.rewards.endpoint import BILLED_AS
    from its.views.checking import LABEL, endpoint_lines

    address = public_address(settings)
    say("")
    say(f"{role}: {client.name}" + (f" at {address}" if address else ""), "bold")
    found, usage = await client.model.probe()
    scores_only = role.startswith(f"{BILLED_AS}:")
    for text in endpoint_lines(found, usage, writes=not scores_only):
        say(f"  {text}")
    remark = remark_on_price(settings)
    if remark is not None:
        say(f"  {'price':<{LABEL}}{remark}")
    return found


def _sources() -> Iterator[str]:
    """Where else the settings came from: the user's own file, and the names in `.env`."""
    from its.cli.environment import FILE, names_from_file
    from its.cli.user_settings import user_settings

    own = user_settings()
    says = [f"{key} {value}" for key, value in (("config", own.config), ("model", own.model))
            if value]  # fmt: skip
    says += [f"models {', '.join(own.models)}"] if own.models else []
    says += [f"defaults for {', '.join(own.defaults)}"] if own.defaults else []
    names = names_from_file()
    if says or names:
        yield ""
    if says:
        yield f"From {own.path}: {'; '.join(says)}"
    if names:
        yield f"From {FILE}: {', '.join(names)}"
