"""The files of a provider's batch: what is written, and what results are read as."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from its.errors import ConfigurationError, InputError, PermanentCallError
from its.models.batch.requests import Collector, name_of
from its.models.batch.results import BatchModel, Results, read_results
from its.models.known import batch_price_of
from its.models.protocol import Received, Request
from its.models.settings import ModelSettings, PriceSettings
from its.pipeline.batching import for_batch
from its.pipeline.load import load_pipeline
from its.problems.problem import Message

REQUEST = Request((Message("system", "Be brief."), Message("user", "2 + 2?")), 64, 1.4, draw=0)


def settings(name: str = "gpt-4o-mini") -> ModelSettings:
    return ModelSettings(name=name)


def reply(text: str = "4", **usage: int) -> dict[str, Any]:
    return {
        "choices": [{"index": 0, "message": {"content": text}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 9, "completion_tokens": 2, **usage},
    }


def answered(name: str, body: dict[str, Any]) -> bytes:
    return orjson.dumps(
        {"custom_id": name, "response": {"status_code": 200, "body": body}, "error": None}
    )


async def line_of(form: Any, name: str = "gpt-4o-mini") -> dict[str, Any]:
    collector = Collector(settings(name), form)
    await collector.complete(REQUEST, received=Received())
    (line,) = collector.lines.values()
    written: dict[str, Any] = orjson.loads(line)
    return written


async def test_a_line_of_openai_holds_the_very_request() -> None:
    line = await line_of("openai")
    assert line["url"] == "/v1/chat/completions"
    assert line["method"] == "POST"
    assert line["custom_id"] == name_of("gpt-4o-mini", REQUEST)
    assert line["body"]["model"] == "gpt-4o-mini"
    assert line["body"]["max_tokens"] == 64
    assert line["body"]["messages"][1] == {"role": "user", "content": "2 + 2?"}


async def test_a_reasoning_model_is_asked_on_its_own_terms() -> None:
    body = (await line_of("openai", "gpt-5-mini"))["body"]
    assert body["max_completion_tokens"] == 64
    assert "temperature" not in body


async def test_a_line_of_anthropic_keeps_the_system_turn_apart() -> None:
    params = (await line_of("anthropic", "claude-sonnet-4-5"))["params"]
    assert params["system"] == "Be brief."
    assert params["messages"] == [{"role": "user", "content": "2 + 2?"}]
    assert params["temperature"] == 1.0
    assert "seed" not in params


async def test_results_of_both_forms_are_replies_with_their_tokens() -> None:
    name = name_of("gpt-4o-mini", REQUEST)
    message = {
        "content": [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "4"}],
        "stop_reason": "end_turn",
        "usage": {"input_tokens": 5, "cache_read_input_tokens": 4, "output_tokens": 2},
    }
    other = {"custom_id": name, "result": {"type": "succeeded", "message": message}}
    for line in (answered(name, reply()), orjson.dumps(other)):
        results = Results()
        results.add(line)
        got = await BatchModel(settings(), results).complete(REQUEST, received=Received())
        assert got.completions[0].text == "4"
        assert (got.usage.prompt_tokens, got.usage.completion_tokens) == (9, 2)
        assert got.usage.estimated_tokens == 0


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (
            {"response": None, "error": {"code": "batch_expired", "message": "Too late."}},
            "Too late",
        ),
        ({"response": {"status_code": 400, "body": {"error": {"message": "Bad."}}}}, "Bad"),
        ({"response": {"status_code": 200, "body": {"error": {"message": "Odd."}}}}, "Odd"),
        ({"result": {"type": "expired"}}, "expired"),
        ({"result": {"type": "errored", "error": {"error": {"message": "Busy."}}}}, "Busy"),
        ({}, "no reply in its line"),
    ],
)
async def test_a_request_without_a_reply_fails_with_its_cause(
    line: dict[str, Any], why: str
) -> None:
    results = Results()
    results.add(orjson.dumps({"custom_id": name_of("gpt-4o-mini", REQUEST)} | line))
    model = BatchModel(settings(), results)
    received = Received()
    with pytest.raises(PermanentCallError, match=why):
        await model.complete(REQUEST, received=received)
    assert not received.sent  # and so it costs nothing
    assert len(model.failed) == 1


async def test_order_repetition_and_damage_do_not_matter(tmp_path: Path) -> None:
    name = name_of("gpt-4o-mini", REQUEST)
    late, expired = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    expired.write_bytes(orjson.dumps({"custom_id": name, "error": {"message": "expired"}}) + b"\n")
    late.write_bytes(b"\n".join([b"{half", answered(name, reply()), answered(name, reply("5"))]))
    results = read_results([expired, late])
    assert (len(results.replies), results.repeated, results.damaged) == (1, 1, 1)
    assert not results.failures
    got = await BatchModel(settings(), results).complete(REQUEST, received=Received())
    assert got.completions[0].text == "4"


def test_files_without_a_result_are_refused(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("hello\n")
    with pytest.raises(InputError, match="no result"):
        read_results([tmp_path / "x"])
    with pytest.raises(InputError, match="cannot read"):
        read_results([tmp_path / "absent"])


def test_a_batch_costs_its_share_of_a_known_price_and_nothing_is_made_up() -> None:
    assert batch_price_of(settings()) == PriceSettings(
        input=0.075, cached_input=0.0375, output=0.30
    )
    assert batch_price_of(settings("unheard-of")).input is None
    own = ModelSettings(name="gpt-4o-mini", price=PriceSettings(input=1, output=2))
    assert batch_price_of(own).input == 1


@pytest.mark.parametrize(
    ("preset", "change", "fix"),
    [
        ("thorough", (), "difficulty"),
        ("deep_reasoning", (), "difficulty to fixed|another strategy"),
        ("self_consistency", (("stop.rule", "unanimous_window"),), "stop.rule=none"),
        ("best_of_n", (), "select.method=vote"),
        ("cascade", (), "leave judge, models and cascade out"),
    ],
)
def test_what_depends_on_replies_is_refused_with_the_fix(
    preset: str, change: tuple[tuple[str, Any], ...], fix: str
) -> None:
    with pytest.raises(ConfigurationError, match=fix):
        for_batch(load_pipeline(preset, list(change), model="gpt-4o-mini"))
