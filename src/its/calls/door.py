"""The one door to a model. Every call passes it in one order: reserve budget, look in the
journal, then per attempt limits, transport and journal, then charge the ledger, then trace."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from itertools import groupby
from typing import Any

import orjson

from its.calls.account import Account
from its.calls.budget import Amount, Budget
from its.calls.client import ModelClient
from its.calls.content import Content
from its.calls.context import Call, CallContext
from its.calls.damage import damaged
from its.calls.journal_rows import RecordedCall
from its.calls.replies import completion_data, completion_of, share
from its.calls.sending import amount_of, send
from its.errors import BudgetExhausted, CallError, PermanentCallError, TransientCallError
from its.models.protocol import Capabilities, Completion, Reply, Request
from its.models.watching import Watches
from its.problems.problem import Message

_TOO_FEW = "the endpoint returned fewer completions than were asked for"


@dataclass(frozen=True, slots=True)
class StageDoor:
    """A door for one stage of one problem to one model (see `calls.protocol.Door`)."""

    context: CallContext
    account: Account
    client: ModelClient
    stage: str
    strategy: str
    budget: Budget

    @property
    def capabilities(self) -> Capabilities:
        return self.client.capabilities

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
        scored: str = "",
    ) -> Request:
        sampling, known = self.client.sampling, self.client.capabilities
        limit = sampling.max_tokens if max_tokens is None else min(max_tokens, sampling.max_tokens)
        if known.thinks and not continues and not scored:
            limit = sampling.max_tokens  # thinking comes first, and counts
        return Request(
            tuple(messages),
            max(limit, known.least_tokens),
            sampling.temperature if temperature is None else temperature,
            sampling.top_p if top_p is None else top_p,
            tuple(stop),
            None,
            logprobs,
            continues,
            json_schema,
            scored=scored,
        )

    def note(self, event: str, **fields: Any) -> None:
        self.account.note(event, stage=self.stage, **fields)

    def to(self, model: str, strategy: str | None = None) -> StageDoor:
        client = self.context.clients[model]
        return replace(self, client=client, strategy=strategy or self.strategy)

    async def complete(self, request: Request, label: str) -> Completion:
        (result,) = await self._ask(Content.of(request, self.client), (label,))
        if isinstance(result, CallError):
            raise result
        return result

    async def complete_many(
        self, request: Request, labels: Sequence[str], watches: Watches | None = None
    ) -> list[Completion | CallError]:
        content = Content.of(request, self.client)
        groups = self._groups(content, labels, watches)
        if len(groups) == 1:
            return await self._ask(content, groups[0], watches)
        tasks = [asyncio.create_task(self._ask(content, group, watches)) for group in groups]
        try:
            parts = await asyncio.gather(*tasks)
        except BaseException:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            raise
        return [result for part in parts for result in part]

    def _groups(
        self, content: Content, labels: Sequence[str], watches: Watches | None
    ) -> list[tuple[str, ...]]:
        """Labels that share a call: neighbours that no journal holds, where `n` is honoured."""
        capabilities = self.capabilities
        shared = capabilities.n and (watches is None or capabilities.cuts_each)
        if not (shared and capabilities.usage == "summed"):
            return [(label,) for label in labels]
        groups: list[tuple[str, ...]] = []
        for held, run in groupby(labels, lambda label: self._recorded(label, content) is not None):
            together = tuple(run)
            groups.extend([(label,) for label in together] if held else [together])
        return groups

    # --- one call -----------------------------------------------------------------------------

    async def _ask(
        self, content: Content, labels: tuple[str, ...], watches: Watches | None = None
    ) -> list[Completion | CallError]:
        event = self._note_call(content, labels)
        call = self._call(content, labels, watches)
        held = self._recorded(labels[0], content) if len(labels) == 1 else None
        try:
            await self._check_deadline(labels, held is not None)
            await self.budget.reserve(call.bound)
        except BudgetExhausted as refusal:
            event.update(state="refused", error=str(refusal))
            return [refusal] * len(labels)
        actual = Amount(completions=len(labels) * content.request.answers)
        delivered: tuple[Completion, ...] = ()
        try:
            reply = (
                self._replay(call, *held)
                if held is not None
                else await send(self.context, call, event)
            )
            actual = amount_of(reply.usage)
        except (CallError, TimeoutError) as error:
            actual = Amount()
            failure = error if isinstance(error, CallError) else await self._out_of_time(labels)
            event.update(state="failed", error=str(failure))
            if not isinstance(failure, PermanentCallError) or len(labels) == 1:
                return [failure] * len(labels)
        else:
            event.update(
                state="done",
                completions=[completion_data(completion) for completion in reply.completions],
                usage=reply.usage.as_dict(),
                from_journal=held is not None,
            )
            delivered = reply.completions
            if len(delivered) == len(labels):
                return list(delivered)
            if len(labels) == 1:
                return [TransientCallError(_TOO_FEW)]
        finally:
            self.budget.settle(call.bound, actual)
        return [*delivered, *await self._ask_singly(content, labels, len(delivered), watches)]

    async def _ask_singly(
        self, content: Content, labels: tuple[str, ...], delivered: int, watches: Watches | None
    ) -> list[Completion | CallError]:
        """Ask one by one for what was refused together, or delivered in part: some endpoints take
        n only up to a limit of their own. From then on nothing shares a call."""
        found = self.client.capabilities
        if found.n:
            note = f"of {len(labels)} answers asked for in one call {delivered} came: a call each"
            self.client.capabilities = replace(found, n=False, notes=(*found.notes, note))
        return await self.complete_many(content.request, labels[delivered:], watches)

    def _call(self, content: Content, labels: tuple[str, ...], watches: Watches | None) -> Call:
        request, seeded = content.request, content.encoded
        if request.seed is None:
            draw = self.account.number_draw(self.stage, labels[0])
            seed = self._seed(labels[0])
            request, seeded = request.numbered(seed, draw), content.with_seed(seed, draw)
        return Call(
            self.account,
            self.budget,
            self.client,
            self.stage,
            self.strategy,
            labels,
            request,
            seeded,
            content.identity,
            self.client.bound(
                content.prompt_bound, request.max_tokens, len(labels) * request.answers
            ),
            content.prompt_estimate,
            () if watches is None else tuple(watches[label] for label in labels),
        )

    # --- the journal ----------------------------------------------------------------------------

    def _seed(self, label: str) -> int:
        name = f"{self.context.seed}/{self.account.problem.hex()}/{self.stage}/{label}"
        return int.from_bytes(blake2b(name.encode(), digest_size=4).digest(), "big") >> 1

    def _recorded(self, label: str, content: Content) -> tuple[RecordedCall, int] | None:
        """The recorded call that holds this label's completion, and its place there."""
        found = self.account.recorded(self.stage, label, content.identity)
        if found is None or (found[1] and found[1] >= len(orjson.loads(found[0].reply or b"[]"))):
            return None  # the call did not deliver all that it was asked for
        return found

    def _replay(self, call: Call, recorded: RecordedCall, position: int) -> Reply:
        """A completion that an earlier session paid for; its problem's bill holds it already. What
        cut it decided then; what it watched learns how long it was."""
        try:
            completions = [completion_of(data) for data in orjson.loads(recorded.reply or b"[]")]
            completion = completions[position]
        except (ValueError, TypeError, KeyError, IndexError):
            raise damaged(self.context.journal.directory, "a recorded reply is broken") from None
        if call.watches and not completion.cut and completion.finish != "filtered":
            call.watches[0]().ended(completion.tokens)
        usage = recorded.usage if len(completions) == 1 else share(recorded.usage, len(completions))
        self.context.ledger.replay(usage)
        return Reply((completion,), usage)

    # --- the clock ------------------------------------------------------------------------------

    async def _check_deadline(self, labels: tuple[str, ...], recorded: bool) -> None:
        """Refuse what comes too late; what was refused once is refused again, and what is
        recorded is served, whatever the clock says."""
        account = self.account
        if account.decisions and self._deadline_name(labels) in account.decisions:
            raise BudgetExhausted("the time for this problem is over")
        late = account.deadline is not None and time.monotonic() >= account.deadline
        if late and not recorded:
            raise await self._out_of_time(labels)

    async def _out_of_time(self, labels: tuple[str, ...]) -> BudgetExhausted:
        await self.context.journal.decide(self.account.problem, self._deadline_name(labels), "over")
        return BudgetExhausted("the time for this problem is over")

    def _deadline_name(self, labels: tuple[str, ...]) -> str:
        return f"deadline/{self.stage}/{labels[0]}"

    # --- the trace ------------------------------------------------------------------------------

    def _note_call(self, content: Content, labels: tuple[str, ...]) -> dict[str, Any]:
        prompt = self.account.note_prompt(content.prompt, content.fields["messages"])
        return self.account.note(
            "call",
            stage=self.stage,
            labels=list(labels),
            model=self.client.name,
            prompt=prompt,
            request=content.settings,
        )
