"""The options of `its solve` that say where problems are solved."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING, Annotated

import typer

from its.errors import ConfigurationError

if TYPE_CHECKING:
    from its.pipeline.config import Pipeline
    from its.ray.engine import RaySettings
    from its.session import Workers
    from its.views.messages import Messages

RayAddress = Annotated[
    str | None,
    typer.Option(
        "--ray",
        metavar="auto|local|HOST:PORT",
        help="Solve on Ray: the cluster of this node, this machine alone, or another cluster.",
    ),
]
Number = Annotated[
    int | None,
    typer.Option(
        "--workers",
        metavar="N",
        min=1,
        help="Processes that solve problems; without --ray on this machine. Needs its[ray].",
    ),
]
Cpus = Annotated[
    float, typer.Option("--worker-cpus", metavar="N", min=0.0, help="CPUs of each worker.")
]
Gpus = Annotated[
    float, typer.Option("--worker-gpus", metavar="N", min=0.0, help="GPUs of each worker.")
]
ByWorker = Annotated[
    bool, typer.Option("--by-worker", help="Progress of every worker, not only of all together.")
]


def placed(
    address: str | None, number: int | None, cpus: float, gpus: float, pipeline: Pipeline
) -> RaySettings | None:
    """Where and with what workers run; None without any. Raises UsageError for what cannot be."""
    if address is None and number is None:
        return None
    if importlib.util.find_spec("ray") is None:
        raise ConfigurationError(
            "--ray and --workers need Ray: install it with pip install 'its[ray]'"
        )
    from its.ray.engine import LOCAL, RaySettings
    from its.ray.workers import check

    check(pipeline)
    return RaySettings(address or LOCAL, number, cpus, gpus)


def joined(settings: RaySettings | None, messages: Messages) -> Workers | None:
    """The workers for a session."""
    if settings is None:
        return None
    from its.ray.engine import connected
    from its.ray.workers import RayWorkers

    return RayWorkers(connected(settings), messages.say)
