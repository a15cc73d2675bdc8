"""Calls whose completions are watched: what is charged, recorded and replayed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from its.calls.account import Account
from its.calls.budget import Cap
from its.calls.client import ModelClient, Price, Sampling
from its.calls.context import CallContext
from its.calls.door import StageDoor
from its.calls.journal import Journal
from its.calls.limits import PerMinute, Slots
from its.calls.retries import Circuit, RetryPolicy
from its.errors import CallError, TransientCallError
from its.models.protocol import Capabilities, Completion, Received, Reply, Request
from its.models.watching import Cut, Watches, stopped
from its.problems.problem import Message
from its.testing import FakeModel, Script, failing

PROBLEM = b"p" * 16
ASK = (Message("user", "Count."),)


class Growing(FakeModel):
    """Writes word by word before the eyes of the watches, each completion alone."""

    async def complete(self, request: Request, n: int = 1, *, received: Received) -> Reply:
        reply = await super().complete(request, n, received=received)
        received.watched = bool(received.watches)
        pairs = zip(reply.completions, received.watches, strict=True)
        written = [_watched(*pair) for pair in pairs]
        if not written:
            return reply
        received.stopped = all(completion.cut for completion in written)
        tokens = sum(completion.tokens or 0 for completion in written)
        return Reply(tuple(written), replace(reply.usage, completion_tokens=tokens))


def _watched(completion: Completion, watch: object) -> Completion:
    assert isinstance(watch, AfterWords)
    words = completion.text.split()
    for number, word in enumerate(words, 1):
        if cut := watch.look(f"{word} ", 1, ()):
            so_far = replace(completion, text=" ".join(words[:number]), tokens=number)
            return stopped(so_far, cut)
    return replace(completion, least_confidence=watch.ended(completion.tokens))


class AfterWords:
    """Cuts after so many words; `told` holds how long the others were."""

    def __init__(self, words: int, told: list[int | None]) -> None:
        self.words, self.told, self.seen = words, told, 0

    def look(self, text: str, tokens: int, tops: Sequence[Sequence[float]]) -> Cut | None:
        self.seen += tokens
        return Cut("cut", "enough") if self.seen >= self.words else None

    def ended(self, tokens: int | None) -> float | None:
        self.told.append(tokens)
        return 2.5


class Work:
    """A door to a model over the journal of a folder."""

    def __init__(self, folder: Path, model: FakeModel) -> None:
        self.model = model
        client = ModelClient(
            *(model, Sampling(max_tokens=20), Price(1.0, 0.1, 2.0), Slots(8)),
            *(PerMinute(None), PerMinute(None), RetryPolicy(attempts=3, first=0.001), Circuit()),
            model.capabilities,
        )
        self.journal = Journal(folder)
        recorded = self.journal.calls_of(PROBLEM), self.journal.decisions_of(PROBLEM)
        self.account = Account(PROBLEM, 0, *recorded)
        self.account.open_budget(Cap(completions=9), None)
        self.context = CallContext(self.journal, seed=0)
        budget = self.account.budget
        self.door = StageDoor(self.context, self.account, client, "stage", "strategy", budget)

    async def ask(self, watches: Watches) -> list[Completion]:
        request = self.door.request(ASK)
        found = await self.door.complete_many(request, list(watches), watches)
        assert not any(isinstance(each, CallError) for each in found)
        return [each for each in found if isinstance(each, Completion)]


def words(request: Request, number: int) -> str:
    return " ".join(f"w{n}" for n in range(10))


def watching(told: list[int | None], **after: int) -> Watches:
    return {label.removeprefix("n"): partial(AfterWords, n, told) for label, n in after.items()}


def model(script: Script = words, *, each: bool = False) -> Growing:
    return Growing(script, capabilities=Capabilities(n=True, cuts_each=each))


async def test_what_was_cut_is_charged_as_cancelled_for_what_had_come(tmp_path: Path) -> None:
    told: list[int | None] = []
    work = Work(tmp_path, model())
    cut, whole = await work.ask(watching(told, n0=4, n1=99))
    assert (cut.finish, cut.text, cut.cut) == ("cut", "w0 w1 w2 w3", "enough")
    assert (whole.finish, whole.least_confidence) == ("end", 2.5)
    assert len(work.model.requests) == 2, "each in a call of its own"
    assert work.context.ledger.cancelled == 1
    assert work.account.usage.completion_tokens == 14
    assert work.account.budget.spent.completions == 2
    assert told == [10]
    work.journal.close()


async def test_a_resumed_run_repeats_the_cut_and_tells_the_watches_what_ended(
    tmp_path: Path,
) -> None:
    first = Work(tmp_path, model())
    before = await first.ask(watching([], n0=4, n1=99))
    spent = first.account.budget.spent
    first.journal.close()
    told: list[int | None] = []
    again = Work(tmp_path, model())
    assert await again.ask(watching(told, n0=1, n1=1)) == before
    assert again.model.requests == []
    assert told == [10], "the one that ended is known, the cut one is not"
    assert again.account.budget.spent == spent
    assert again.account.usage.completion_tokens == 14
    again.journal.close()


async def test_where_each_can_be_stopped_alone_they_share_a_call(tmp_path: Path) -> None:
    work = Work(tmp_path, model(each=True))
    completions = await work.ask(watching([], n0=4, n1=99, n2=2))
    assert [completion.finish for completion in completions] == ["cut", "end", "cut"]
    assert len(work.model.requests) == 1
    assert work.context.ledger.cancelled == 0, "the call went on for the one that was not cut"
    assert work.account.usage.completion_tokens == 16
    work.journal.close()
    again = Work(tmp_path, model(each=True))
    assert await again.ask(watching([], n0=4, n1=99, n2=2)) == completions
    assert again.model.requests == []
    again.journal.close()


async def test_a_model_that_shows_nothing_has_its_reply_looked_at_whole(tmp_path: Path) -> None:
    plain = FakeModel(words, capabilities=Capabilities())
    work = Work(tmp_path, plain)
    cut, whole = await work.ask(watching([], n0=4, n1=99))
    assert (cut.finish, whole.finish) == ("cut", "end")
    assert work.context.ledger.cancelled == 0
    assert work.account.usage.completion_tokens == 20
    work.journal.close()


async def test_every_attempt_is_looked_at_anew(tmp_path: Path) -> None:
    told: list[int | None] = []
    script = failing(TransientCallError("busy", status=503), 2, words)
    work = Work(tmp_path, model(script))
    (completion,) = await work.ask(watching(told, n0=11))
    assert completion.finish == "end"
    assert told == [10]
    work.journal.close()
