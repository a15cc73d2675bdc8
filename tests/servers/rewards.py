"""A loopback server of reward models: every server's own formats, a true toy reward behind them.

The toy model reads the sums in a text: a step's logit is RIGHT where every "a + b = c" in it holds
and WRONG where one does not; a reply's is that of its worst step. It counts what it was asked.
"""

from __future__ import annotations

import asyncio
import json
import math
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

RIGHT, WRONG = 2.0, -1.5
STEP_END = "<extra_0>"
_SUM = re.compile(r"(\d+) \+ (\d+) = (\d+)")
_REASONS = {200: "OK", 400: "Bad Request", 404: "Not Found", 422: "Unprocessable", 503: "Busy"}


def logit(text: str) -> float:
    """The true reward of a step or a whole reply."""
    return WRONG if any(int(a) + int(b) != int(c) for a, b, c in _SUM.findall(text)) else RIGHT


def chance(text: str) -> float:
    return 1 / (1 + math.exp(-logit(text)))


def tokens_of(text: str) -> int:
    return len(text.split())


class Refused(Exception):
    """An error answer: its status and body."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        super().__init__(status)
        self.status, self.body = status, body


@dataclass
class RewardServer:
    """`blips` are statuses that the next requests get; a text with NAN has no finite score (null,
    or with `bare_nan` the NaN that Python writes); with `drops` the last step, or the last reply,
    of each call gets none. `longest` in words; `pause` in seconds before an answer."""

    url: str = ""
    model: str = "toy-reward"
    longest: int = 1000
    bare_nan: bool = False
    pause: float = 0.0
    blips: list[int] = field(default_factory=list)
    drops: bool = False
    calls: int = 0
    refused: int = 0
    texts: int = 0
    tokens: int = 0
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def answer(self, path: str, body: dict[str, Any]) -> tuple[int, Any]:
        self.calls += 1
        self.asked.append((path, body))
        try:
            if self.blips:
                raise Refused(self.blips.pop(0), {"error": {"message": "try again later"}})
            return 200, self._route(path, body)
        except Refused as refusal:
            self.refused += 1
            return refusal.status, refusal.body

    def _route(self, path: str, body: dict[str, Any]) -> Any:
        routes: dict[str, Callable[[dict[str, Any]], Any]] = {
            "/pooling": self._pooling,
            "/classify": self._sglang if "text" in body else self._classify,
            "/v1/classify": self._classify,
            "/score": self._score,
            "/predict": self._predict,
            "/rerank": self._tei_rerank if "texts" in body else self._rerank,
            "/v1/rerank": self._rerank,
            "/embeddings": self._embeddings,
            "/v1/chat/completions": self._chat,
        }
        if path not in routes:
            raise Refused(404, {"detail": "Not Found"})
        return routes[path](body)

    # --- what is asked --------------------------------------------------------------------------

    def _take(self, texts: list[str], too_long: Refused) -> None:
        if any(tokens_of(text) > self.longest for text in texts):
            raise too_long
        self.texts += len(texts)
        self.tokens += sum(map(tokens_of, texts))

    def _openai(self, body: dict[str, Any], texts: list[str]) -> dict[str, int]:
        """The checks and the usage of a server with the OpenAI API's manners."""
        if body.get("model") != self.model:
            said = f"The model `{body.get('model')}` does not exist."
            raise Refused(404, {"error": {"message": said, "type": "NotFoundError", "code": 404}})
        said = f"This model's maximum context length is {self.longest} tokens."
        error = {"message": said, "type": "BadRequestError", "param": "input_tokens", "code": 400}
        before = self.tokens
        self._take(texts, Refused(400, {"error": error}))
        counted = self.tokens - before
        return {"prompt_tokens": counted, "total_tokens": counted, "completion_tokens": 0}

    @staticmethod
    def _conversations(body: dict[str, Any]) -> list[str]:
        if "messages" in body:
            return ["\n".join(turn["content"] for turn in body["messages"])]
        given = body["input"]
        return [given] if isinstance(given, str) else given

    def _kept(self, values: list[Any]) -> list[Any]:
        return values[:-1] if self.drops else values

    # --- vLLM -----------------------------------------------------------------------------------

    def _pooling(self, body: dict[str, Any]) -> Any:
        texts = self._conversations(body)
        usage = self._openai(body, texts)
        raw = body.get("use_activation") is False
        data = []
        for index, text in enumerate(texts):
            if body["task"] == "token_classify":
                steps = text.split(STEP_END)[:-1]
                rows = [[1 - chance(step), _nan_or(step, chance)] for step in steps]
                pooled: Any = self._kept(rows)
            else:
                pooled = [_nan_or(text, logit if raw else chance)]
            data.append({"index": index, "object": "pooling", "data": pooled})
        return {"object": "list", "model": self.model, "data": data, "usage": usage}

    def _classify(self, body: dict[str, Any]) -> Any:
        texts = self._conversations(body)
        usage = self._openai(body, texts)
        of = logit if body.get("use_activation") is False else chance
        data = [
            {"index": index, "label": "LABEL_0", "probs": [_nan_or(text, of)], "num_classes": 1}
            for index, text in enumerate(texts)
        ]
        return {"object": "list", "data": self._kept(data), "usage": usage}

    def _score(self, body: dict[str, Any]) -> Any:
        pairs = [f"{body['text_1']} {second}" for second in body["text_2"]]
        usage = self._openai(body, pairs)
        data = [
            {"index": index, "object": "score", "score": _nan_or(text, chance)}
            for index, text in enumerate(body["text_2"])
        ]
        return {"object": "list", "data": self._kept(data), "usage": usage}

    # --- SGLang ---------------------------------------------------------------------------------

    def _sglang(self, body: dict[str, Any]) -> Any:
        texts: list[str] = body["text"]
        said = f"The input is longer than the model's context length ({self.longest} tokens)."
        self._take(texts, Refused(400, {"error": {"message": said}}))
        told = [({"prompt_tokens": tokens_of(text)}, _nan_or(text, logit)) for text in texts]
        return self._kept([{"embedding": [value], "meta_info": meta} for meta, value in told])

    # --- text-embeddings-inference --------------------------------------------------------------

    def _tei(self, texts: list[str]) -> None:
        said = f"`inputs` must have less than {self.longest} tokens."
        self._take(texts, Refused(422, {"error": said, "error_type": "Validation"}))

    def _predict(self, body: dict[str, Any]) -> Any:
        texts = [text for (text,) in body["inputs"]]
        self._tei(texts)
        of = logit if body["raw_scores"] else chance
        rows = []
        for text in texts:
            scores = {"LABEL_1": _nan_or(text, of), "LABEL_0": _nan_or(text, lambda t: -logit(t))}
            best_first = sorted(scores.items(), key=lambda each: -(each[1] or 0.0))
            rows.append([{"score": score, "label": label} for label, score in best_first])
        return self._kept(rows)

    def _tei_rerank(self, body: dict[str, Any]) -> Any:
        self._tei([f"{body['query']} {text}" for text in body["texts"]])
        of = logit if body["raw_scores"] else chance
        ranks = [{"index": i, "score": _nan_or(t, of)} for i, t in enumerate(body["texts"])]
        return sorted(self._kept(ranks), key=lambda rank: -(rank["score"] or 0.0))

    # --- llama.cpp ------------------------------------------------------------------------------

    def _rerank(self, body: dict[str, Any]) -> Any:
        texts = [f"{body['query']} {document}" for document in body["documents"]]
        said = {"message": "the request exceeds the available context size", "code": 400}
        self._take(texts, Refused(400, {"error": said | {"type": "exceed_context_size_error"}}))
        ranks = [
            {"index": index, "relevance_score": _nan_or(document, logit)}
            for index, document in enumerate(body["documents"])
        ]
        results = sorted(self._kept(ranks), key=lambda rank: -(rank["relevance_score"] or 0.0))
        counted = sum(map(tokens_of, texts))
        usage = {"prompt_tokens": counted, "total_tokens": counted}
        return {"model": body["model"], "object": "list", "usage": usage, "results": results}

    def _embeddings(self, body: dict[str, Any]) -> Any:
        said = {"message": "input is too large to process", "code": 400, "type": "server_error"}
        self._take(body["content"], Refused(400, {"error": said}))
        raw = body.get("embd_normalize") == -1  # else a pooled row is brought to length 1
        of = logit if raw else lambda text: math.copysign(1.0, logit(text))
        return self._kept(
            [
                {"index": index, "embedding": [[_nan_or(text, of)]]}
                for index, text in enumerate(body["content"])
            ]
        )

    # --- verdicts as tokens ---------------------------------------------------------------------

    def _chat(self, body: dict[str, Any]) -> Any:
        turns = [turn["content"] for turn in body["messages"]]
        usage = self._openai(body, ["\n".join(turns)])
        good = chance(turns[-1])
        told = [("+", good), ("-", 1 - good), (" +", 1e-9)]
        top = [{"token": token, "logprob": math.log(p), "bytes": None} for token, p in told]
        if "NAN" in turns[-1]:
            top = [{"token": "The", "logprob": -0.1, "bytes": None}]
        content = [{"token": top[0]["token"], "logprob": top[0]["logprob"], "top_logprobs": top}]
        choice = {
            "index": 0,
            "message": {"role": "assistant", "content": "+"},
            "logprobs": {"content": content},
            "finish_reason": "length",
        }
        return {"choices": [choice], "usage": usage | {"completion_tokens": 1}}


def _nan_or(text: str, of: Callable[[str], float]) -> float | None:
    return None if "NAN" in text else of(text)


@asynccontextmanager
async def reward_server(
    server: RewardServer | None = None, **settings: Any
) -> AsyncIterator[RewardServer]:
    """Serve on a free port of this machine: this server, or a toy with these settings."""
    server = server or RewardServer(**settings)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                path = head.split(b" ", 2)[1].decode()
                length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
                content = await reader.readexactly(int(length[1]) if length else 0)
                status, value = server.answer(path, json.loads(content or b"{}"))
                await asyncio.sleep(server.pause)
                body = json.dumps(value).encode()
                if server.bare_nan:
                    body = body.replace(b"null", b"NaN")
                line = f"HTTP/1.1 {status} {_REASONS.get(status, 'Other')}\r\n"
                writer.write(f"{line}Content-Type: application/json\r\n".encode())
                writer.write(f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    listening = await asyncio.start_server(talk, "127.0.0.1", 0)
    try:
        server.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
        yield server
    finally:
        listening.close()
