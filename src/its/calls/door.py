"""The one door to a model. Every call passes it in one order: reserve budget, look in the
journal, then per attempt limits, transport and journal, then charge the ledger, then trace."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from itertools import groupby
from typing import Any

import orjson

from its.calls.account import Account
from its.calls.budget import Amount, Budget
from its.calls.channel import Channel
from its.calls.journal import Intent, Journal, RecordedCall, State
from its.calls.ledger import Ledger
from its.calls.limits import Gate, Waiting
from its.calls.replies import completion_data, completion_of, share
from its.errors import BudgetExhausted, CallError, TransientCallError
from its.models.protocol import (
    Capabilities,
    Completion,
    Received,
    Reply,
    Request,
)
from its.problems.problem import Message
from its.usage import Usage

_OVERLOADED = (429, 503)
_FIRST_ERROR_STATUS = 400


@dataclass(frozen=True, slots=True)
class Exchange:
    """What all doors of a run share."""

    journal: Journal
    seed: int
    ledger: Ledger = field(default_factory=Ledger)
    waiting: Waiting = field(default_factory=Waiting)
    gate: Gate = field(default_factory=Gate)


@dataclass(frozen=True, slots=True)
class StageDoor:
    """A door for one stage of one problem to one model (see `calls.protocol.Door`)."""

    exchange: Exchange
    account: Account
    channel: Channel
    stage: str
    strategy: str
    budget: Budget

    @property
    def capabilities(self) -> Capabilities:
        return self.channel.capabilities

    @property
    def remaining(self) -> int | None:
        return self.budget.remaining_completions

    def request(
        self,
        messages: Sequence[Message],
        *,
        temperature: float | None = None,
        top_p: float | None = None,
        max_tokens: int | None = None,
        stop: Sequence[str] = (),
        logprobs: int | None = None,
        continues: str = "",
        json_schema: Mapping[str, Any] | None = None,
    ) -> Request:
        sampling = self.channel.sampling
        return Request(
            tuple(messages),
            sampling.max_tokens if max_tokens is None else min(max_tokens, sampling.max_tokens),
            sampling.temperature if temperature is None else temperature,
            sampling.top_p if top_p is None else top_p,
            tuple(stop),
            None,
            logprobs,
            continues,
            json_schema,
        )

    def note(self, event: str, **fields: Any) -> None:
        self.account.note(event, stage=self.stage, **fields)

    async def complete(self, request: Request, label: str) -> Completion:
        (result,) = await self._ask(request, (label,))
        if isinstance(result, CallError):
            raise result
        return result

    async def complete_many(
        self, request: Request, labels: Sequence[str]
    ) -> list[Completion | CallError]:
        groups = self._groups(request, labels)
        if len(groups) == 1:
            return await self._ask(request, groups[0])
        tasks = [asyncio.ensure_future(self._ask(request, group)) for group in groups]
        try:
            parts = await asyncio.gather(*tasks)
        except BaseException:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            raise
        return [result for part in parts for result in part]

    def _groups(self, request: Request, labels: Sequence[str]) -> list[tuple[str, ...]]:
        """Labels that share a call: neighbours that no journal holds, where `n` is honoured."""
        capabilities = self.capabilities
        if not (capabilities.n and capabilities.usage == "summed"):
            return [(label,) for label in labels]
        identity = self._identity(request)
        groups: list[tuple[str, ...]] = []
        for held, run in groupby(labels, lambda label: self._recorded(label, identity) is not None):
            together = tuple(run)
            groups.extend([(label,) for label in together] if held else [together])
        return groups

    # --- one call -----------------------------------------------------------------------------

    async def _ask(self, request: Request, labels: tuple[str, ...]) -> list[Completion | CallError]:
        identity = self._identity(request)
        if request.seed is None:
            request = replace(request, seed=self._seed(labels[0]))
        event = self._note_call(request, labels)
        bound = self.channel.bound(request, len(labels))
        try:
            await self._check_deadline(labels, identity)
            await self.budget.reserve(bound)
        except BudgetExhausted as refusal:
            event.update(state="refused", error=str(refusal))
            return [refusal] * len(labels)
        actual = Amount(completions=len(labels))
        try:
            held = self._recorded(labels[0], identity) if len(labels) == 1 else None
            reply = (
                self._replay(held[0], held[1])
                if held is not None
                else await self._attempts(request, labels, identity, event)
            )
            actual = _amount(reply.usage)
        except CallError as error:
            actual = Amount()
            event.update(state=event.get("state", "failed"), error=str(error))
            return [error] * len(labels)
        finally:
            self.budget.settle(bound, actual)
        event.update(
            state="done",
            completions=[completion_data(completion) for completion in reply.completions],
            usage=reply.usage.as_dict(),
            from_journal=held is not None,
        )
        return list(reply.completions)

    async def _attempts(
        self, request: Request, labels: tuple[str, ...], identity: bytes, event: dict[str, Any]
    ) -> Reply:
        channel = self.channel
        give_up = time.monotonic() + channel.retries.deadline
        failures = 0
        while True:
            channel.circuit.check()
            try:
                reply = await self._attempt_in_time(request, labels, identity, failures)
            except TransientCallError as error:
                failures += 1
                event["retries"] = failures
                channel.circuit.failed(error)
                wait = channel.retries.wait(failures, error, channel.random)
                if failures >= channel.retries.attempts or time.monotonic() + wait > give_up:
                    raise
                if not self.budget.holds():
                    raise BudgetExhausted("failed attempts used up the budget") from error
                self.exchange.ledger.retries += 1
                reason = f"retry after {error.status or 'a broken connection'}"
                with self.exchange.waiting.for_(reason):
                    await asyncio.sleep(wait)
            except CallError as error:
                channel.circuit.failed(error)
                raise
            else:
                channel.circuit.succeeded()
                return reply

    async def _attempt_in_time(
        self, request: Request, labels: tuple[str, ...], identity: bytes, retry: int
    ) -> Reply:
        """One attempt, cut off at the problem's own deadline."""
        if self.account.deadline is None:
            return await self._attempt(request, labels, identity, retry)
        try:
            async with asyncio.timeout(self.account.deadline - time.monotonic()):
                return await self._attempt(request, labels, identity, retry)
        except TimeoutError:
            raise await self._out_of_time(labels) from None

    async def _attempt(
        self, request: Request, labels: tuple[str, ...], identity: bytes, retry: int
    ) -> Reply:
        channel, exchange = self.channel, self.exchange
        bound = channel.bound(request, len(labels))
        with exchange.waiting.for_("a free slot"):
            await channel.slots.acquire(self.account.priority)
        try:
            with exchange.waiting.for_("the rate limit"):
                await channel.requests_per_minute.take(1)
                await channel.tokens_per_minute.take(bound.tokens)
            await exchange.gate.passing()
            reply, usage = await self._send(request, labels, identity, retry)
        finally:
            channel.slots.release()
        channel.slots.succeeded(usage.seconds)
        channel.tokens_per_minute.give_back(bound.tokens - (usage.tokens or 0))
        return reply

    async def _send(
        self, request: Request, labels: tuple[str, ...], identity: bytes, retry: int
    ) -> tuple[Reply, Usage]:
        channel, journal, ledger = self.channel, self.exchange.journal, self.exchange.ledger
        received = Received()
        number = journal.number_call()
        started = time.monotonic()
        ledger.started()
        try:
            await journal.intend(
                number,
                Intent(
                    self.account.problem,
                    self.stage,
                    self.strategy,
                    channel.name,
                    labels,
                    identity,
                    retry,
                    orjson.dumps(request.as_dict()),
                    channel.model.prompt_bound(request),
                ),
            )
            reply = await channel.model.complete(request, len(labels), received=received)
        except asyncio.CancelledError:
            usage = self._seen(request, received, time.monotonic() - started)
            self._charge(usage, "cancelled")
            await journal.settle(number, "cancelled", usage, None)
            raise
        except CallError as error:
            status = getattr(error, "status", None)
            if isinstance(error, TransientCallError) and error.status in _OVERLOADED:
                channel.slots.overloaded()
            if status is not None and status >= _FIRST_ERROR_STATUS:
                usage = Usage(calls=1, seconds=time.monotonic() - started)
            else:
                usage = self._seen(request, received, time.monotonic() - started)
            self._charge(usage, "failed")
            self.budget.charge(_amount(usage))
            await journal.settle(number, "failed", usage, None, str(error))
            raise
        finally:
            ledger.ended()
        usage = replace(reply.usage, calls=1, completions=len(reply.completions))
        usage = replace(usage, usd=channel.price.of(usage))
        self._charge(usage, "done")
        reply = Reply(reply.completions, usage)
        await journal.settle(
            number, "done", usage, orjson.dumps([completion_data(c) for c in reply.completions])
        )
        return reply, usage

    # --- what it cost ---------------------------------------------------------------------------

    def _charge(self, usage: Usage, state: State) -> None:
        self.exchange.ledger.charge(usage, state)
        self.account.charge(usage)

    def _seen(self, request: Request, received: Received, seconds: float) -> Usage:
        """An estimate, from what was seen, of a call whose end nobody reported."""
        if not received.sent:
            return Usage(seconds=seconds)
        model = self.channel.model
        prompt = received.prompt_tokens
        if prompt is None:
            prompt = sum(model.count_tokens(message.content) for message in request.messages)
        completion = received.tokens or model.count_tokens(received.text)
        usage = Usage(
            calls=1,
            prompt_tokens=prompt,
            completion_tokens=completion,
            flops=None,
            seconds=seconds,
            estimated_tokens=prompt + completion,
        )
        return replace(usage, usd=self.channel.price.of(usage))

    # --- the journal ----------------------------------------------------------------------------

    def _identity(self, request: Request) -> bytes:
        content = orjson.dumps([self.channel.name, request.as_dict() | {"seed": None}])
        return blake2b(content, digest_size=16).digest()

    def _seed(self, label: str) -> int:
        name = f"{self.exchange.seed}/{self.account.problem.hex()}/{self.stage}/{label}"
        return int.from_bytes(blake2b(name.encode(), digest_size=4).digest(), "big") >> 1

    def _recorded(self, label: str, identity: bytes) -> tuple[RecordedCall, int] | None:
        return self.account.recorded(self.stage, label, identity)

    def _replay(self, call: RecordedCall, position: int) -> Reply:
        """A completion that an earlier session paid for; its problem's bill holds it already."""
        completions = [completion_of(data) for data in orjson.loads(call.reply or b"[]")]
        usage = call.usage if len(completions) == 1 else share(call.usage, len(completions))
        self.exchange.ledger.replay(usage)
        return Reply((completions[position],), usage)

    # --- the clock ------------------------------------------------------------------------------

    async def _check_deadline(self, labels: tuple[str, ...], identity: bytes) -> None:
        """Refuse what comes too late; what was refused once is refused again, and what is
        recorded is served, whatever the clock says."""
        account = self.account
        if self._deadline_name(labels) in account.decisions:
            raise BudgetExhausted("the time for this problem was over")
        if account.deadline is None or self._recorded(labels[0], identity) is not None:
            return
        if time.monotonic() >= account.deadline:
            raise await self._out_of_time(labels)

    async def _out_of_time(self, labels: tuple[str, ...]) -> BudgetExhausted:
        await self.exchange.journal.decide(
            self.account.problem, self._deadline_name(labels), "over"
        )
        return BudgetExhausted("the time for this problem is over")

    def _deadline_name(self, labels: tuple[str, ...]) -> str:
        return f"deadline/{self.stage}/{labels[0]}"

    # --- the trace ------------------------------------------------------------------------------

    def _note_call(self, request: Request, labels: tuple[str, ...]) -> dict[str, Any]:
        content = request.as_dict()
        messages = content.pop("messages")
        digest = blake2b(orjson.dumps(messages), digest_size=16).digest()
        prompt = self.account.note_prompt(digest, messages)
        settings = {name: value for name, value in content.items() if value not in (None, "", ())}
        return self.account.note(
            "call",
            stage=self.stage,
            labels=list(labels),
            model=self.channel.name,
            prompt=prompt,
            request=settings,
        )


def _amount(usage: Usage) -> Amount:
    return Amount(usage.completions, usage.tokens or 0, usage.usd or 0.0)
