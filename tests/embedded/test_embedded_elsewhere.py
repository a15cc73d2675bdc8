"""The same weights in other engines: a real llama.cpp server, and transformers where installed."""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import Request as HTTPRequest
from urllib.request import urlopen

import orjson
import pytest

from its.models.embedded import EMBEDDED_MODELS, open_embedded
from its.models.embedded.tokenizer import chat_tokens
from its.models.protocol import Completion, Received, Request
from its.problems.problem import Message
from tests.servers.llama_cpp import LlamaCpp, llama_cpp, shipped_weights

STYLES = ("", "Solve: ", "Step by step: ", "Backwards: ", "Difficulty: ")
TYPED = "a<|end|>b\tc é\n<|user|> <|assistant|>d🎉"


def questions(count: int) -> list[str]:
    rng = random.Random(5)
    return [
        rng.choice(STYLES)
        + "+".join(f"{rng.randint(2, 9)}*{rng.randint(2, 60)}" for _ in range(rng.randint(1, 3)))
        + f"-{rng.randint(1, 99)}"
        for _ in range(count)
    ]


@pytest.fixture(scope="module")
def server() -> Iterator[LlamaCpp]:
    with llama_cpp(shipped_weights(), slots=4, exact=True) as running:
        yield running


def post(server: LlamaCpp, path: str, **body: Any) -> Any:
    request = HTTPRequest(
        server.base_url.removesuffix("/v1") + path,
        orjson.dumps(body),
        {"Content-Type": "application/json"},
    )
    with urlopen(request, timeout=60) as reply:
        return orjson.loads(reply.read())


def greedy(name: str, asked: list[str]) -> list[Completion]:
    """Our own greedy completions with log-probabilities, all asked at once."""

    async def ask_all() -> list[Completion]:
        model = open_embedded(name)
        replies = await asyncio.gather(
            *(
                model.complete(
                    Request((Message("user", question),), 300, temperature=0, logprobs=0),
                    received=Received(),
                )
                for question in asked
            )
        )
        await model.close()
        return [reply.completions[0] for reply in replies]

    return asyncio.run(ask_all())


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=() if "small" in name else pytest.mark.slow)
        for name in EMBEDDED_MODELS
    ],
)
def test_llama_cpp_writes_the_same_texts_with_the_same_log_probabilities(name: str) -> None:
    asked = questions(100)
    ours = greedy(f"embedded:{name}", asked)
    with llama_cpp(shipped_weights(name), slots=1, exact=True) as server:
        replies = [
            post(
                server,
                "/v1/chat/completions",
                messages=[{"role": "user", "content": question}],
                max_tokens=300,
                temperature=0,
                logprobs=True,
            )
            for question in asked
        ]
    choices = [reply["choices"][0] for reply in replies]
    equal = [
        (mine, choice)
        for mine, choice in zip(ours, choices, strict=True)
        if mine.text == choice["message"]["content"]
    ]
    differences = [
        abs(token.logprob - other["logprob"])
        for mine, choice in equal
        for token, other in zip(mine.logprobs or (), choice["logprobs"]["content"], strict=True)
    ]

    assert len(equal) >= 98
    assert max(differences) < 1e-2
    for mine, reply in zip(ours, replies, strict=True):
        if mine.text == reply["choices"][0]["message"]["content"]:
            assert reply["usage"]["completion_tokens"] == mine.tokens


@pytest.mark.parametrize(
    "conversation",
    [
        [("user", TYPED)],
        [("system", "Be brief."), ("user", "1+1")],
        [("user", "1+1"), ("assistant", "2 <|end|>"), ("system", "S"), ("user", " 2+2\n")],
        [("system", "alone")],
    ],
)
def test_llama_cpp_reads_a_conversation_as_the_same_tokens(
    server: LlamaCpp, conversation: list[tuple[Any, str]]
) -> None:
    messages = [{"role": role, "content": content} for role, content in conversation]

    prompt = post(server, "/apply-template", messages=messages)["prompt"]
    tokens = post(server, "/tokenize", content=prompt, parse_special=True)["tokens"]

    assert bytes(tokens) == chat_tokens([Message(*turn) for turn in conversation])


def test_llama_cpp_carries_on_a_partial_answer_alike(server: LlamaCpp) -> None:
    asked = (Message("user", "41*3+5*24-37"),)

    async def ours() -> str:
        model = open_embedded()
        request = Request(asked, 200, temperature=0, continues="41*3=")
        reply = await model.complete(request, received=Received())
        await model.close()
        return reply.completions[0].text

    reply = post(
        server,
        "/v1/chat/completions",
        messages=[
            {"role": "user", "content": asked[0].content},
            {"role": "assistant", "content": "41*3="},
        ],
        max_tokens=200,
        temperature=0,
    )

    assert reply["choices"][0]["message"]["content"] == "41*3=" + asyncio.run(ours())


def test_the_server_counts_what_it_did(server: LlamaCpp) -> None:
    before = server.counters()
    body = {
        "messages": [{"role": "user", "content": "12*12+1"}],
        "max_tokens": 7,
        "n": 3,
        "temperature": 1,
    }

    reply = post(server, "/v1/chat/completions", **body)

    after = server.counters()
    assert len(reply["choices"]) == 3
    assert after.completions - before.completions == 3
    assert after.completion_tokens - before.completion_tokens == 21
    assert after.prompt_tokens - before.prompt_tokens >= reply["usage"]["prompt_tokens"]


def test_the_export_command_writes_both_formats(tmp_path: Path) -> None:
    environment = {"PYTHONPATH": ":".join(sys.path)}
    for kind, output in (("gguf", "model.gguf"), ("hf", "model")):
        command = [sys.executable, "-m", "its.models.export", "--model", "small-solver"]
        command += ["--format", kind, "-o", str(tmp_path / output)]
        subprocess.run(command, check=True, env=environment, capture_output=True)

    assert (tmp_path / "model.gguf").read_bytes()[:4] == b"GGUF"
    config = orjson.loads((tmp_path / "model" / "config.json").read_bytes())
    assert config["architectures"] == ["LlamaForCausalLM"]
    assert config["head_dim"] == 32


@pytest.mark.slow
def test_transformers_writes_the_same_texts(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch", reason="transformers needs torch")
    transformers = pytest.importorskip("transformers", reason="transformers is not installed")
    from its.models.export.huggingface import write_huggingface

    torch.set_num_threads(1)
    write_huggingface(shipped_weights(), tmp_path)
    tokenizer = transformers.AutoTokenizer.from_pretrained(tmp_path)
    model = transformers.AutoModelForCausalLM.from_pretrained(tmp_path, dtype=torch.float32)
    asked = questions(12)
    for question in [*asked, TYPED]:
        read = tokenizer.apply_chat_template(
            [{"role": "user", "content": question}], add_generation_prompt=True, return_dict=True
        )["input_ids"]
        assert bytes(read) == chat_tokens((Message("user", question),))
    for question, mine in zip(asked, greedy("embedded:small-solver", asked), strict=True):
        prompt = chat_tokens((Message("user", question),))
        inputs = torch.tensor([list(prompt)])
        written = model.generate(inputs, do_sample=False, max_new_tokens=300)[0, len(prompt) :]
        assert tokenizer.decode(written, skip_special_tokens=True) == mine.text
