"""An embedded model as callers see it: replies, usage, refusals, cancellation."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from its.errors import ConfigurationError, PermanentCallError, PromptTooLong, Unsupported
from its.models.embedded import EMBEDDED_MODELS, open_embedded
from its.models.embedded.model import EmbeddedModel
from its.models.embedded.tokenizer import chat_tokens
from its.models.embedded.weights import read_weights
from its.models.protocol import Completion, Model, Received, Reply, Request
from its.problems.problem import Message
from tests.embedded.random_weights import SMALL, random_weights, write_weights

ASKED = (Message("user", "41*3+5*24-37"),)


@pytest_asyncio.fixture
async def model() -> AsyncIterator[EmbeddedModel]:
    """The shipped small solver."""
    opened = open_embedded("embedded:small-solver")
    yield opened
    await opened.close()


async def ask(model: Model, request: Request, n: int = 1) -> Reply:
    return await model.complete(request, n, received=Received())


async def test_it_solves_and_says_what_it_cost(model: EmbeddedModel) -> None:
    reply = await ask(model, Request(ASKED, 200, temperature=0))

    (completion,) = reply.completions
    assert completion.text.endswith("Answer: 206")
    assert completion.finish == "end"
    assert completion.tokens == len(completion.text) + 1  # the end marker
    prompt = len(chat_tokens(ASKED))
    usage = reply.usage
    assert (usage.calls, usage.completions) == (1, 1)
    assert (usage.prompt_tokens, usage.completion_tokens) == (prompt, completion.tokens)
    assert usage.flops == SMALL.flops(0, prompt + completion.tokens)


async def test_several_completions_share_one_prompt_and_each_is_its_own(
    model: EmbeddedModel,
) -> None:
    request = Request(ASKED, 200, temperature=1.5, seed=4)

    four, eight = await ask(model, request, 4), await ask(model, request, 8)

    assert eight.completions[:4] == four.completions
    assert len({completion.text for completion in eight.completions}) > 1
    tokens = [completion.tokens or 0 for completion in eight.completions]
    prompt = len(chat_tokens(ASKED))
    assert eight.usage.prompt_tokens == prompt
    assert eight.usage.completion_tokens == sum(tokens)
    assert eight.usage.flops == SMALL.flops(0, prompt) + sum(
        SMALL.flops(prompt, count) for count in tokens
    )


async def test_without_a_seed_replies_differ(model: EmbeddedModel) -> None:
    request = Request(ASKED, 100, temperature=1.5)

    replies = await asyncio.gather(*(ask(model, request) for _ in range(8)))

    assert len({reply.completions[0].text for reply in replies}) > 1


async def test_a_stop_string_ends_it_and_is_cut_off(model: EmbeddedModel) -> None:
    whole = (await ask(model, Request(ASKED, 200, temperature=0))).completions[0]
    request = Request(ASKED, 200, temperature=0, stop=("never this", "\n"), logprobs=0)

    line = (await ask(model, request)).completions[0]

    assert line.text == whole.text.split("\n")[0]
    assert line.finish == "stop_string"
    assert line.tokens == len(line.text) + 1
    assert line.logprobs is not None
    assert "".join(token.token for token in line.logprobs) == line.text + "\n"


async def test_of_two_stops_that_end_together_the_longer_cuts(model: EmbeddedModel) -> None:
    request = Request(ASKED, 200, temperature=0, stop=(": ", "Answer: "))

    completion = (await ask(model, request)).completions[0]

    assert completion.text.endswith("\n")


async def test_a_token_limit_ends_it(model: EmbeddedModel) -> None:
    completion = (await ask(model, Request(ASKED, 5))).completions[0]

    assert (completion.finish, completion.tokens, len(completion.text)) == ("length", 5, 5)


async def test_a_partial_answer_is_carried_on_and_not_repeated(model: EmbeddedModel) -> None:
    whole = (await ask(model, Request(ASKED, 200, seed=5))).completions[0].text
    start = whole.index("\n") + 3

    rest = await ask(model, Request(ASKED, 200, seed=5, continues=whole[:start]))

    assert rest.completions[0].text == whole[start:]
    assert rest.usage.prompt_tokens == len(chat_tokens(ASKED)) + start


async def test_log_probabilities_are_of_the_tokens_and_their_best_alternatives(
    model: EmbeddedModel,
) -> None:
    request = Request(ASKED, 200, seed=2, logprobs=4)

    completion = (await ask(model, request)).completions[0]

    assert completion.logprobs is not None
    assert len(completion.logprobs) == completion.tokens
    assert "".join(token.token for token in completion.logprobs) == completion.text
    for token in completion.logprobs:
        values = [logprob for _, logprob in token.top]
        assert len(values) == 4
        assert values == sorted(values, reverse=True)
        assert token.logprob <= values[0] <= 0


async def test_a_given_text_scores_as_when_it_was_written(model: EmbeddedModel) -> None:
    request = Request(ASKED, 200, seed=2, logprobs=0)
    completion = (await ask(model, request)).completions[0]

    scored, usage = await model.score_text(ASKED, completion.text, top=2)

    assert completion.logprobs is not None
    assert [token.token for token in scored] == list(completion.text)
    for token, written in zip(scored, completion.logprobs, strict=False):
        assert token.logprob == pytest.approx(written.logprob, abs=1e-3)
        assert len(token.top) == 2
    assert usage.prompt_tokens == len(chat_tokens(ASKED)) + len(completion.text)
    assert usage.completions == 0


async def test_a_request_may_ask_for_the_score_of_a_text_alone(model: EmbeddedModel) -> None:
    expected, _ = await model.score_text(ASKED, "41*3=123")
    request = Request(ASKED, 1, logprobs=0, scored="41*3=123")
    reply = await ask(model, request)
    assert reply.completions == (Completion("", "end", 0, expected),)
    assert reply.usage.prompt_tokens == model.prompt_bound(request)
    assert (reply.usage.completions, reply.usage.completion_tokens) == (1, 0)


async def test_it_writes_to_the_end_of_its_context_and_no_further(tmp_path: Path) -> None:
    path = write_weights(tmp_path / "random", random_weights())
    model = EmbeddedModel("random", read_weights(path))
    fits = Request((Message("user", "1" * 1019),), 50, seed=1)
    assert model.prompt_bound(fits) == 1021

    completion = (await ask(model, fits)).completions[0]
    assert (completion.tokens, completion.finish) == (3, "length")

    with pytest.raises(PromptTooLong, match="1024 tokens in all, and this prompt has 1024"):
        await ask(model, Request((Message("user", "1" * 1022),), 1))
    with pytest.raises(PromptTooLong):
        await model.score_text(fits.messages, "12345")
    await model.close()


async def test_what_it_cannot_do_is_refused(model: EmbeddedModel) -> None:
    with pytest.raises(Unsupported):
        await ask(model, Request(ASKED, 5, json_schema={"type": "object"}))
    with pytest.raises(PermanentCallError):
        await ask(model, Request((), 5))


async def test_a_cancelled_call_says_what_had_been_written(model: EmbeddedModel) -> None:
    request = Request(ASKED, 1000, seed=1, temperature=5.0)
    received = Received()
    call = asyncio.create_task(model.complete(request, 2000, received=received))
    await asyncio.sleep(0.1)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call

    assert received.sent
    assert received.prompt_tokens == len(chat_tokens(ASKED))
    assert received.tokens > 0
    whole = (await ask(model, request)).completions[0]
    assert whole.text.startswith(received.text)


async def test_a_call_cancelled_in_the_queue_cost_nothing(model: EmbeddedModel) -> None:
    busy = Request(ASKED, 1000, seed=1, temperature=5.0)
    first = asyncio.create_task(model.complete(busy, 500, received=Received()))
    received = Received()
    second = asyncio.create_task(model.complete(busy, 1, received=received))
    await asyncio.sleep(0.05)
    for call in (second, first):
        call.cancel()
    results = await asyncio.gather(first, second, return_exceptions=True)

    assert all(isinstance(result, asyncio.CancelledError) for result in results)
    assert (received.sent, received.tokens, received.prompt_tokens) == (False, 0, 0)


async def test_the_event_loop_runs_on_while_it_writes(model: EmbeddedModel) -> None:
    call = asyncio.create_task(ask(model, Request(ASKED, 1000, seed=1, temperature=5.0), 200))
    turns = 0
    while not call.done():
        await asyncio.sleep(0)
        turns += 1

    assert turns > 100


async def test_many_more_calls_than_rows_are_all_answered_alike(model: EmbeddedModel) -> None:
    requests = [Request((Message("user", f"{n}+{n}*2"),), 60, seed=n) for n in range(150)]

    together = await asyncio.gather(*(ask(model, request, 3) for request in requests))
    alone = await ask(model, requests[77], 3)

    assert together[77].completions == alone.completions


async def test_calls_in_flight_fail_when_it_is_closed() -> None:
    model, received = open_embedded(), Received()
    request = Request(ASKED, 1000, temperature=5.0)
    call = asyncio.create_task(model.complete(request, 50, received=received))
    await asyncio.sleep(0)
    assert received.sent
    await model.close()

    with pytest.raises(RuntimeError, match="closed"):
        await call
    with pytest.raises(RuntimeError, match="closed"):
        await ask(model, Request(ASKED, 1))


async def test_its_probe_costs_nothing_and_promises_what_it_keeps(model: EmbeddedModel) -> None:
    capabilities, usage = await model.probe()

    assert usage.calls == 0
    assert capabilities.n
    assert capabilities.logprobs
    assert capabilities.names_stop
    assert capabilities.trims_stop
    assert capabilities.continues == "trailing"
    assert not capabilities.json_schema
    assert capabilities.context == 2048


def test_names() -> None:
    assert open_embedded("embedded").name == "embedded:small-solver"
    for name in EMBEDDED_MODELS:
        assert open_embedded(f"embedded:{name}").name == f"embedded:{name}"
    with pytest.raises(ConfigurationError, match="embedded:large-solver"):
        open_embedded("embedded:huge")


def test_a_broken_weights_file_is_refused_in_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "broken"
    for content in (b"", b"\x02\0\0\0\0\0\0\0{}", b"\xff" * 50):
        path.write_bytes(content)
        with pytest.raises(ConfigurationError, match="not an embedded model's weights"):
            read_weights(path)
    with pytest.raises(ConfigurationError, match="no weights file"):
        read_weights(tmp_path / "absent")


def test_numpy_is_only_imported_when_a_model_is_opened() -> None:
    program = (
        "import sys; import its.models.embedded as e; assert 'numpy' not in sys.modules;"
        "e.open_embedded(); assert 'numpy' in sys.modules;"
        "import os; assert 'OPENBLAS_NUM_THREADS' not in os.environ"
    )
    environment = {"PYTHONPATH": ":".join(sys.path)}

    subprocess.run([sys.executable, "-c", program], check=True, env=environment)


def test_an_openblas_that_was_already_loaded_is_set_to_one_thread() -> None:
    program = """
import ctypes, glob, os
os.environ["OPENBLAS_NUM_THREADS"] = "3"
import numpy
libraries = glob.glob(os.path.dirname(numpy.__file__) + ".libs/*openblas*")
count = ctypes.CDLL(libraries[0]).scipy_openblas_get_num_threads64_ if libraries else None
before = count() if count else 0
from its.models.embedded.blas import pin_to_one_thread
pin_to_one_thread()
print(before, count() if count else 0)
"""
    environment = {"PYTHONPATH": ":".join(sys.path)}

    run = subprocess.run(
        [sys.executable, "-c", program], check=True, env=environment, capture_output=True, text=True
    )

    before, after = map(int, run.stdout.split())
    if before < 2:
        pytest.skip("this numpy brings no OpenBLAS of several threads")
    assert after == 1
