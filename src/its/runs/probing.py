"""Asking every endpoint of a run once what it can do, each call in the journal like any other."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import orjson

from its.calls.client import ModelClient
from its.calls.journal import Journal
from its.calls.journal_rows import Intent
from its.calls.sending import cost_of_failure
from its.errors import CallError
from its.models.protocol import Capabilities, Heard, Received, RemoteModel, Request
from its.pipeline.clients import GRADING, OpenModels, endpoint_roles, public_address
from its.runs.accounting import PROBE
from its.runs.directory import RunDirectory
from its.usage import Usage

if TYPE_CHECKING:
    from its.pipeline.config import Pipeline

PROBLEM_OF_PROBE = b"\0" * 16


async def probe_all(
    pipeline: Pipeline, models: OpenModels, journal: Journal, directory: RunDirectory
) -> None:
    """Ask every model what it can do, unless an earlier session of this run asked it there; what
    is found is written into the run model by model.

    Raises EndpointError where one cannot be used at all.
    """
    known: dict[str, Any] = dict(directory.description.get("endpoints") or {})
    settings = endpoint_roles(pipeline)
    for role, client in models.clients.items():
        address = public_address(settings[role])
        if role in known and known[role]["address"] == address:
            know(client, Capabilities.of(known[role]["capabilities"]))
            continue
        client.capabilities = await _probe(role, client, journal)
        known[role] = {
            "model": client.name,
            "address": address,
            "capabilities": client.capabilities.as_dict(),
        }
        directory.describe(endpoints=known)


def know(client: ModelClient, capabilities: Capabilities) -> None:
    """Take an earlier probe's findings."""
    client.capabilities = capabilities
    if isinstance(client.model, RemoteModel):
        client.model.know(capabilities)


def endpoints_by_now(models: OpenModels, directory: RunDirectory) -> dict[str, Any]:
    """What the run knows of its endpoints, with all that they have taught since the probe by
    refusing calls: the next session asks on the right terms at once."""
    known: dict[str, Any] = dict(directory.description.get("endpoints") or {})
    for role, client in models.clients.items():
        if role in known and isinstance(client.model, RemoteModel) and client.model.capabilities:
            known[role] = {**known[role], "capabilities": client.model.capabilities.as_dict()}
    return known


def notes_since_probe(models: OpenModels) -> list[str]:
    """What endpoints have shown of themselves in this session that nobody asked for."""
    return [
        note
        for client in models.clients.values()
        if isinstance(client.model, RemoteModel) and client.model.capabilities
        for note in client.model.capabilities.notes
        if note not in client.capabilities.notes
    ]


async def _probe(role: str, client: ModelClient, journal: Journal) -> Capabilities:
    if isinstance(client.model, RemoteModel):
        found, _ = await client.model.probe_by(_Recorder(role, client, journal))
    else:
        found, _ = await client.model.probe()
    return found


@dataclass(slots=True)
class _Recorder:
    """Journals each call of a probe, and answers from the journal what an earlier session paid."""

    role: str
    client: ModelClient
    journal: Journal
    heard: dict[bytes, bytes] = field(init=False)
    _tries: dict[bytes, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        recorded = self.journal.calls_of(PROBLEM_OF_PROBE)
        self.heard = {
            call.identity: call.reply for call in recorded if call.state == "done" and call.reply
        }

    async def __call__(
        self, key: str, request: Request, ask: Callable[[Received], Awaitable[Heard]]
    ) -> Heard:
        client, journal = self.client, self.journal
        label = f"{self.role}/{key}"
        content = orjson.dumps(request.as_dict())
        identity = blake2b(orjson.dumps([client.name, label]) + content, digest_size=16).digest()
        if identity in self.heard:
            return Heard.of(orjson.loads(self.heard[identity]))
        retry = self._tries.get(identity, 0)
        self._tries[identity] = retry + 1
        estimate = sum(client.model.count_tokens(turn.content) for turn in request.messages)
        usd = client.price.of(Usage(prompt_tokens=estimate))
        number = journal.number_call()
        stage = GRADING if self.role == GRADING else PROBE  # a grading model has its own bill
        intent = Intent(
            *(PROBLEM_OF_PROBE, stage, stage, client.name, (label,), identity),
            *(retry, content, estimate, usd),
        )
        await journal.intend(number, intent)
        received, started = Received(), time.monotonic()
        try:
            heard = await ask(received)
        except CallError as error:
            seconds = time.monotonic() - started
            usage = cost_of_failure(client, estimate, error, received, seconds)
            await journal.settle(number, "failed", usage, None, str(error))
            raise
        usage = heard.usage
        priced = replace(usage, usd=client.price.of(usage) if usage.calls else 0.0)
        await journal.settle(number, "done", priced, orjson.dumps(heard.as_dict()))
        return heard
