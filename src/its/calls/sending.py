"""Sending one call until it is answered or given up: per attempt limits, journal, transport,
journal again, and the charge."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import Any

import orjson

from its.calls.budget import Amount
from its.calls.client import ModelClient
from its.calls.context import Call, CallContext
from its.calls.journal_rows import Intent, State
from its.calls.replies import completion_data
from its.calls.retries import is_unavailable
from its.errors import BudgetExhausted, CallError, TransientCallError
from its.models.protocol import Received, Reply
from its.models.watching import look_at_whole
from its.usage import Usage

_OVERLOADED = (429, 503)
_FIRST_ERROR_STATUS = 400


async def send(context: CallContext, call: Call, event: dict[str, Any]) -> Reply:
    """The reply, already in the journal and charged. `event` is called on retries.

    Raises CallError once it is given up, TimeoutError at the problem's own deadline, and
    EndpointError when the run has to stop.
    """
    client = call.client
    policy, circuit = client.retries, client.circuit
    give_up = time.monotonic() + policy.deadline
    failures = attempts = 0
    down_since: float | None = None
    while True:
        try:
            reply = await _attempt_in_time(context, call, failures)
        except TransientCallError as error:
            failures += 1
            event["retries"] = failures
            circuit.failed(error, id(call))
            if not is_unavailable(error) or policy.attempts == 1:
                attempts += 1
            elif error.status != _OVERLOADED[0]:
                down_since = down_since or time.monotonic()
                give_up = min(give_up, down_since + circuit.patience + 1)
            wait = policy.wait(failures, error, client.random)
            if attempts >= policy.attempts or time.monotonic() + wait > give_up:
                raise
            _check_budget(call, error)
            with context.waiting.for_(f"retry after {error.status or 'a broken connection'}"):
                await asyncio.sleep(wait)
            _check_budget(call, error)  # others may have used it up meanwhile
            context.ledger.retries += 1
        except CallError as error:
            circuit.failed(error, id(call))
            raise
        else:
            circuit.succeeded()
            return reply
        finally:
            circuit.left(id(call))


def _check_budget(call: Call, error: CallError) -> None:
    if not call.budget.holds():
        raise BudgetExhausted("failed attempts used up the budget") from error


def amount_of(usage: Usage) -> Amount:
    """What a usage takes from a budget."""
    return Amount(usage.completions, usage.tokens or 0, usage.usd or 0.0)


async def _attempt_in_time(context: CallContext, call: Call, retry: int) -> Reply:
    """One attempt, cut off at the problem's own deadline."""
    deadline = call.account.deadline
    if deadline is None:
        return await _attempt(context, call, retry)
    async with asyncio.timeout(deadline - time.monotonic()):
        return await _attempt(context, call, retry)


async def _attempt(context: CallContext, call: Call, retry: int) -> Reply:
    """One attempt in a slot of the client; what it cost is journaled and charged, however it
    ends."""
    client, journal, ledger = call.client, context.journal, context.ledger
    await _enter(context, call)
    received = Received(watches=[begin() for begin in call.watches])
    number = journal.number_call()
    started = time.monotonic()
    ledger.started()
    try:
        await journal.intend(number, _intent(call, retry))
        reply = await client.model.complete(call.request, len(call.labels), received=received)
    except asyncio.CancelledError:
        usage = _seen(client, call.prompt_estimate, received, time.monotonic() - started)
        _charge(context, call, usage, "cancelled")
        await journal.settle(number, "cancelled", usage, None)
        raise
    except CallError as error:
        if isinstance(error, TransientCallError) and error.status in _OVERLOADED:
            client.slots.overloaded()
        seconds = time.monotonic() - started
        usage = cost_of_failure(client, call.prompt_estimate, error, received, seconds)
        _charge(context, call, usage, "failed")
        call.budget.charge(amount_of(usage))
        await journal.settle(number, "failed", usage, None, str(error))
        raise
    finally:
        ledger.ended()
        client.slots.release()
    if received.watches and not received.watched:
        reply = look_at_whole(reply, received.watches)
    state: State = "cancelled" if received.stopped else "done"
    completions = max(reply.usage.completions, len(reply.completions))
    usage = reply.usage.paid(completions, client.price.of(reply.usage))
    client.slots.succeeded(usage.seconds)
    client.tokens_per_minute.give_back(call.bound.tokens - (usage.tokens or 0))
    _charge(context, call, usage, state)
    content = orjson.dumps([completion_data(completion) for completion in reply.completions])
    await journal.settle(number, state, usage, content)
    return Reply(reply.completions, usage)


async def _enter(context: CallContext, call: Call) -> None:
    """Take a slot, and wait in it for the rate limit and the open admission."""
    client, waiting = call.client, context.waiting
    if not client.slots.take():
        with waiting.for_("a free slot"):
            await client.slots.acquire(call.account.priority)
    try:
        if client.rated:
            with waiting.for_("the rate limit"):
                await client.requests_per_minute.take(1)
                await client.tokens_per_minute.take(call.bound.tokens)
        if client.circuit.paused:
            with waiting.for_("the endpoint to recover"):
                await client.circuit.passing(id(call))
        client.circuit.check()
        await context.admission.passing()
    except BaseException:
        client.slots.release()
        raise


def _intent(call: Call, retry: int) -> Intent:
    prompt, price = call.prompt_estimate, call.client.price
    return Intent(
        call.account.problem,
        call.stage,
        call.strategy,
        call.client.name,
        call.labels,
        call.identity,
        retry,
        call.content,
        prompt,
        price.of(Usage(prompt_tokens=prompt)) if price.known else None,
    )


def _charge(context: CallContext, call: Call, usage: Usage, state: State) -> None:
    context.ledger.charge(usage, state)
    call.account.charge(usage, call.stage)


def cost_of_failure(
    client: ModelClient, prompt_estimate: int, error: CallError, received: Received, seconds: float
) -> Usage:
    """Nothing where the endpoint refused before working; else what it reported, or an estimate of
    what it did."""
    status = getattr(error, "status", None)
    if status is not None and status >= _FIRST_ERROR_STATUS:
        return Usage(calls=1, seconds=seconds)
    if received.usage is not None:
        usage = replace(received.usage, calls=1, seconds=seconds)
        return replace(usage, usd=client.price.of(usage))
    return _seen(client, prompt_estimate, received, seconds)


def _seen(client: ModelClient, prompt_estimate: int, received: Received, seconds: float) -> Usage:
    """An estimate, from what was seen, of a call whose end was not reported."""
    if not received.sent:
        return Usage(seconds=seconds)
    prompt = received.prompt_tokens
    if prompt is None:
        prompt = prompt_estimate
    completion = received.tokens or client.model.count_tokens(received.text)
    usage = Usage(
        calls=1,
        prompt_tokens=prompt,
        completion_tokens=completion,
        flops=None,
        seconds=seconds,
        estimated_tokens=prompt + completion,
    )
    return replace(usage, usd=client.price.of(usage))
