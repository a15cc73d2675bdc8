"""A recorded pool answers in place of an endpoint."""

import asyncio
import gzip
from pathlib import Path
from typing import Any

import orjson
import pytest

from its.errors import InputError, Unsupported
from its.models.protocol import Received, Request
from its.models.recorded import RecordedModel, load_pool
from its.problems.problem import Message

ROWS: list[dict[str, Any]] = [
    {
        "id": "sum",
        "question": "What is 2 + 3?",
        "reference": "5",
        "samples": [
            {"text": f"Well...\n\nAnswer: {n}", "answer": str(n), "completion_tokens": 10 + n}
            for n in range(6)
        ],
    },
    {
        "id": "longer",
        "question": "What is 2 + 3? And what is 2 + 4?",
        "samples": [{"answer": "\\frac{1}{2}", "correct": False}, {"answer": None}],
    },
]


@pytest.fixture
def pool_file(tmp_path: Path) -> Path:
    path = tmp_path / "pool.jsonl.gz"
    path.write_bytes(gzip.compress(b"\n".join(orjson.dumps(row) for row in ROWS)))
    return path


def asking(question: str, draw: int | None = 0, **settings: Any) -> Request:
    message = Message("user", f"{question}\n\nThink step by step.")
    return Request((message,), max_tokens=100, draw=draw, **settings)


async def said(model: RecordedModel, question: str, draw: int) -> str:
    reply = await model.complete(asking(question, draw), received=Received())
    return reply.completions[0].text


async def test_every_sample_is_served_once_in_an_order_set_by_the_seed(pool_file: Path) -> None:
    async def order(seed: int) -> list[str]:
        model = RecordedModel(load_pool(pool_file), seed)
        return [await said(model, "What is 2 + 3?", draw) for draw in range(6)]

    assert sorted(await order(0)) == sorted(s["text"] for s in ROWS[0]["samples"])
    assert await order(1) == await order(1)
    assert await order(1) != await order(2)


async def test_a_draw_is_the_same_sample_whatever_arrives_first(pool_file: Path) -> None:
    forward, backward = (RecordedModel(load_pool(pool_file), seed=3) for _ in range(2))
    draws = range(6)
    ahead = await asyncio.gather(*(said(forward, "What is 2 + 3?", d) for d in draws))
    behind = await asyncio.gather(*(said(backward, "What is 2 + 3?", d) for d in reversed(draws)))
    assert ahead == behind[::-1]


async def test_an_answer_without_text_stands_for_itself_and_a_missing_one_abstains(
    pool_file: Path,
) -> None:
    model = RecordedModel(load_pool(pool_file))
    texts = {await said(model, "What is 2 + 3? And what is 2 + 4?", draw) for draw in (0, 1)}
    assert texts == {"Answer: \\frac{1}{2}", ""}


async def test_tokens_are_counted_where_known_and_null_where_not(pool_file: Path) -> None:
    model = RecordedModel(load_pool(pool_file))
    known = await model.complete(asking("What is 2 + 3?"), n=6, received=Received())
    unknown = await model.complete(asking("What is 2 + 3? And what is 2 + 4?"), received=Received())
    assert known.usage.completions == 6
    assert known.usage.completion_tokens == sum(range(10, 16))
    assert known.usage.prompt_tokens is None
    assert unknown.usage.completion_tokens is None
    assert unknown.usage.flops is None


@pytest.mark.parametrize(
    ("request_", "complaint"),
    [
        (asking("What is 2 + 3?", draw=None), "refining, searching, judging"),
        (asking("What is 2 + 3?", draw=6), "holds 6 samples"),
        (asking("What is 9 + 9?"), "no problem whose question"),
        (asking("What is 2 + 3?", continues="First,"), "continuing"),
        (asking("What is 2 + 3?", json_schema={}), "constrained"),
        (asking("What is 2 + 3?", logprobs=0), "log-probabilities"),
    ],
)
async def test_what_was_not_recorded_is_refused_in_plain_words(
    pool_file: Path, request_: Request, complaint: str
) -> None:
    with pytest.raises(Unsupported, match=complaint):
        await RecordedModel(load_pool(pool_file)).complete(request_, received=Received())


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "empty"),
        (b"{not json", "line 1: not JSON"),
        (b"[1]", "line 1: a row must be"),
        (b'{"question": "q"}', "line 1: `samples`"),
        (b'{"samples": []}', "line 1: `question`"),
        (b"\x1f\x8bbroken", "cannot read"),
    ],
)
def test_a_broken_pool_is_named_with_line_and_field(
    tmp_path: Path, content: bytes, complaint: str
) -> None:
    path = tmp_path / "broken.jsonl"
    path.write_bytes(content)
    with pytest.raises(InputError, match=complaint):
        load_pool(path)


def test_a_missing_pool_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot read"):
        load_pool(tmp_path / "absent.jsonl")
